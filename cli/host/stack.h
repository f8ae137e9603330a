/* PAM service files: pam.d(5). Reads one line, one file, or the whole stack of a service with
 * its includes resolved as libpam resolves them, so that setup and doctor can say what a
 * login really runs through. Reads only; stack_edit.h writes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "../../common/macro.h"

#define STACK_FILE_MAX ((size_t)256 * 1024)
#define STACK_DEPTH_MAX 16 /* libpam gives up at 32; nobody nests like that */
#define STACK_MODULE "pam_assent.so"

enum stack_type {
    STACK_AUTH = 1 << 0,
    STACK_ACCOUNT = 1 << 1,
    STACK_PASSWORD = 1 << 2,
    STACK_SESSION = 1 << 3,
    STACK_ALL = 15,
};

/* One rule. All strings owned. */
struct stack_rule {
    unsigned type;   /* STACK_ALL for an @include */
    bool include;    /* @include, or control `include` / `substack`: module names a service */
    bool silent;     /* "-auth": no complaint when the module is missing */
    char *control;   /* "required", "[success=1 default=ignore]", "@include" */
    char *module;    /* as written */
    char *arguments; /* "" if none */
    char *file;      /* service file it stands in, NULL for a rule from stack_parse_line */
    unsigned line;   /* of that file, from 1 */
};

/* A service's rules in the order libpam runs them, includes replaced by what they include. */
struct stack {
    struct stack_rule *rules;
    size_t count;
    char *missing; /* a service file that is included but cannot be read, or NULL */
};

/* Reads one logical line of `length` bytes (continuation lines included). Returns 1 with a
 * rule (stack_rule_done), 0 for a blank or comment, -EINVAL for a line libpam would refuse. */
MUST_USE int stack_parse_line(const char *text, size_t length, struct stack_rule *ret_rule);
void stack_rule_done(struct stack_rule *rule);

/* The length of the logical line at `text`: up to and with its newline, further than the next
 * newline where that is escaped by a backslash. 0 at the end. */
size_t stack_line_length(const char *text);

/* Reads service `service` out of the directory `confdir`. Returns 0, -ENOENT when the service
 * has no file there, -EINVAL, -ELOOP or -errno. */
MUST_USE int stack_load(const char *confdir, const char *service, struct stack *ret_stack);
void stack_done(struct stack *stack);

/* Whether the rule's module is pam_assent.so (by any directory). */
bool stack_rule_is_ours(const struct stack_rule *rule);

/* Whether `name`, or `name=...`, is one of the rule's arguments. `ret_value` (may be NULL)
 * gets what follows '=', owned by the caller, NULL without one. */
bool stack_rule_argument(const struct stack_rule *rule, const char *name, char **ret_value);

/* The first rule of `type` at or after `from` that is ours; count if there is none. */
size_t stack_find_ours(const struct stack *stack, unsigned type, size_t from);

/* Whether the rule can end its phase well or jump, so that the rule after it is not run:
 * `sufficient`, `done`, a number. pam_rootok is not counted: it lets root alone through. */
bool stack_rule_may_skip(const struct stack_rule *rule);

/* The first rule before `index` that can do that to the rule at `index`, or NULL. */
const struct stack_rule *stack_skips(const struct stack *stack, unsigned type, size_t index);
