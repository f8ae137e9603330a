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

#include "../../common/macro.h"
#include "../policy/policy.h"
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

    char *entitlement; /* asked for by name; NULL: at a door */
    bool whole;        /* all that the entitlement opens; then `service` lists its doors */
    char entitlement_digest[POLICY_DIGEST_SIZE]; /* of what it opened when it was asked for */
    struct texts opens;                          /* that, in lines for people */
};

#define SCOPE_FIELDS(type)                                                                    \
    {"scope", OBJECT_CHARS, offsetof(struct type, scope.id), DIGEST_HEX_SIZE},                \
        {"service", OBJECT_TEXT, offsetof(struct type, scope.service), 0},                    \
        {"run_as", OBJECT_TEXT, offsetof(struct type, scope.run_as), 0},                      \
        {"rhost", OBJECT_TEXT, offsetof(struct type, scope.rhost), 0},                        \
        {"command", OBJECT_TEXT, offsetof(struct type, scope.command), 0},                    \
        {"arguments", OBJECT_TEXTS, offsetof(struct type, scope.arguments), 0},               \
        {"cwd", OBJECT_TEXT, offsetof(struct type, scope.cwd), 0},                            \
        {"environment", OBJECT_TEXTS, offsetof(struct type, scope.environment), 0},           \
        {"digest", OBJECT_CHARS, offsetof(struct type, scope.digest), DIGEST_HEX_SIZE},       \
        {"entitlement", OBJECT_TEXT, offsetof(struct type, scope.entitlement), 0},            \
        {"whole", OBJECT_FLAG, offsetof(struct type, scope.whole), 0},                        \
        {"entitlement_digest", OBJECT_CHARS, offsetof(struct type, scope.entitlement_digest), \
            POLICY_DIGEST_SIZE},                                                              \
    {                                                                                         \
        "opens", OBJECT_TEXTS, offsetof(struct type, scope.opens), 0                          \
    }

/* "sudo" for sudo and sudo-i, "su" for su and su-l, else the service itself. Borrowed. */
const char *scope_service(const char *service);

/* Doors that a running process goes through (sudo, su, doas), as opposed to logins. */
bool scope_is_setuid_door(const char *service);

/* The scope of what is asked. Returns 0 or -ENOMEM; free with scope_done. */
MUST_USE int scope_from_ask(const struct gate_ask *ask, struct scope *ret_scope);

/* The door that stands for all those of an entitlement: sshd if it has that, since its logins are
 * bound to a source, else another for logins. Borrowed from the policy. */
const char *scope_first_door(const struct policy *policy, size_t entitlement);

/* Makes it the scope of all that the entitlement (an index for policy_entitlement()) opens. Returns
 * 0 or -ENOMEM. */
MUST_USE int scope_widen(struct scope *scope, const struct policy *policy, size_t entitlement);
MUST_USE int scope_copy(const struct scope *scope, struct scope *ret_copy);
void scope_done(struct scope *scope);

/* Whether both are about the same thing: the same scope, and the same file where the digest was
 * known when it was approved. */
bool scope_covers(const struct scope *granted, const struct scope *asked);

/* What stands at a door now. Borrowed. */
struct doorway {
    uint32_t uid;
    const struct scope *scope;
    const char *key;             /* NULL: not known (yet) */
    const struct policy *policy; /* in force */
    const struct facts *facts;
    uint64_t now_us; /* boot clock */
};

/* Whether what was granted opens it. To an identity that is not alive nothing does. An entitlement
 * opens what it lists, as long as it still lists exactly what it did; a command that others can
 * write, or whose environment the caller changed, is not what was approved. */
bool scope_opens(const struct scope *granted, const struct doorway *door);

/* The same where the command is not known yet. */
bool scope_may_open(const struct scope *granted, const struct doorway *door);

/* Whether the entitlement that it opens is another by now, so that it opens nothing. */
bool scope_is_outdated(const struct scope *granted, const struct policy *policy);

/* One line for people: "run /usr/bin/id as root with sudo in /home/alice". Fresh memory or NULL.
 */
char *scope_describe(const struct scope *scope);

/* The command line for people, "" if none; fresh memory or NULL. */
char *scope_command_line(const struct scope *scope);
