/* What people read at the door: one or two plain lines saying what happened, why, and what
 * to do next. All texts are fresh memory or NULL (out of memory); names and reasons in them are
 * escaped already. */
#pragma once

#include <stdint.h>

#include "../policy/policy.h"

struct request;
struct scope;
struct str_builder;
struct subject;

char *say_denied(const struct subject *subject, const struct scope *scope,
    const struct verdict *verdict, const char *host);

/* Appends ", because ...": why an allow rule asks people; nothing where a rule always does. */
void say_put_lapse(struct str_builder *builder, enum lapse lapse, const char *rule);

/* Before a reason is typed: who will be asked. */
char *say_prompt(const struct request *request);

/* A request that is open while the asker waits for it. */
char *say_waiting(const struct request *request);

/* A request that is open while the asker is sent away: a plain ssh login, sudo without a terminal.
 */
char *say_come_back(const struct request *request);

/* What became of a request that was not approved. */
char *say_ended(const struct request *request);

/* Nobody is left who could answer. */
char *say_nobody(const struct verdict *verdict);

/* What opens a request for this ahead of the door, `options` (" --reason \"...\"") in it. */
char *say_request_command(const struct scope *scope, const char *options);

/* A door that cannot ask: use the command line. */
char *say_ask_ahead(const struct verdict *verdict, const struct scope *scope);
