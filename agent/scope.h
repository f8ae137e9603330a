/* What a request asks for and a grant opens: this service, as this account, this command
 * with these arguments in this directory and environment, or this login from this source. Nothing
 * wider is ever matched: two scopes are the same exactly if their ids are.
 *
 * The id is SHA-256 over the raw bytes; the texts beside it are escaped and for people. The digest
 * of the command's file is compared apart, since it is not always known. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../common/macro.h"
#include "digest.h"
#include "texts.h"

struct gate_ask;

struct scope {
    char id[DIGEST_HEX_SIZE];
    char *service;          /* as doors are counted: sudo-i is sudo, su-l is su */
    char *run_as;           /* NULL: not known */
    char *rhost;            /* logins: the source; NULL for local doors */
    char *command;          /* NULL: no single command ("elevate, command unknown") */
    struct texts arguments; /* with argv[0], escaped */
    char *cwd;
    struct texts environment;     /* escaped NAME=value */
    char digest[DIGEST_HEX_SIZE]; /* of the command's file; "" unknown */
};

#define SCOPE_FIELDS(type)                                                           \
    {"scope", OBJECT_CHARS, offsetof(struct type, scope.id), DIGEST_HEX_SIZE},       \
        {"service", OBJECT_TEXT, offsetof(struct type, scope.service), 0},           \
        {"run_as", OBJECT_TEXT, offsetof(struct type, scope.run_as), 0},             \
        {"rhost", OBJECT_TEXT, offsetof(struct type, scope.rhost), 0},               \
        {"command", OBJECT_TEXT, offsetof(struct type, scope.command), 0},           \
        {"arguments", OBJECT_TEXTS, offsetof(struct type, scope.arguments), 0},      \
        {"cwd", OBJECT_TEXT, offsetof(struct type, scope.cwd), 0},                   \
        {"environment", OBJECT_TEXTS, offsetof(struct type, scope.environment), 0},  \
    {                                                                                \
        "digest", OBJECT_CHARS, offsetof(struct type, scope.digest), DIGEST_HEX_SIZE \
    }

/* "sudo" for sudo and sudo-i, "su" for su and su-l, else the service itself. Borrowed. */
const char *scope_service(const char *service);

/* Doors that a running process goes through (sudo, su, doas), as opposed to logins. */
bool scope_is_setuid_door(const char *service);

/* The scope of what is asked. Returns 0 or -ENOMEM; free with scope_done. */
MUST_USE int scope_from_ask(const struct gate_ask *ask, struct scope *ret_scope);
MUST_USE int scope_copy(const struct scope *scope, struct scope *ret_copy);
void scope_done(struct scope *scope);

/* Whether a grant of `granted` covers `asked`: the same scope, and the same file where
 * the digest was known when it was approved. */
bool scope_covers(const struct scope *granted, const struct scope *asked);

/* One line for people: "run /usr/bin/id as root with sudo in /home/alice". Fresh memory or NULL.
 */
char *scope_describe(const struct scope *scope);

/* The command line for people, "" if none; fresh memory or NULL. */
char *scope_command_line(const struct scope *scope);
