/* A whole agent in a child process: its real ledger, sockets, policy and resolver in a
 * directory of its own. Only logind is replaced: whoever connects is in a login session of
 * their own account, unless the file "session" in the directory names another uid ("none": no
 * session; "5@": no more than the user manager of uid 5; "5&": a job of cron's; "5 10.0.0.1": from
 * that address). A test program that uses it begins main() with agent_fixture_main(). */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../../common/client.h"

/* Accounts that every Debian has, as people of the test. */
#define UID_DAEMON 1 /* asks */
#define UID_BIN 2    /* bin and sys are one person, "carol" */
#define UID_SYS 3
#define UID_GAMES 5 /* "dave" */
#define UID_MAN 6   /* nobody's colleague */

struct agent_fixture {
    char directory[64];
    char config[96];      /* not there unless the test writes it */
    const char *accounts; /* what assent-accounts would tell; NULL: nobody is locked */
    char policy[96], gate[96], public[96], ledger[96], spool[96];
    pid_t pid;
};

/* The resolver's child is this very program. Call first in main(). */
void agent_fixture_main(int argc, char **argv);

/* Makes the directory and writes the policy's rules below people carol and dave, group leads. */
void agent_fixture_init(struct agent_fixture *fixture, const char *rules);
void agent_fixture_policy(const struct agent_fixture *fixture, const char *rules);
void agent_fixture_session(const struct agent_fixture *fixture, const char *uid_or_none);

/* Starts it and waits until it serves. */
void agent_fixture_start(struct agent_fixture *fixture);

/* Starts it where it must not serve but end with a failure. */
void agent_fixture_refuse(struct agent_fixture *fixture);

/* A new day for the agent. It may be looked at a moment later. */
void agent_fixture_new_day(const struct agent_fixture *fixture);
void agent_fixture_kill(struct agent_fixture *fixture, int signal);

/* Ends it and removes the directory. */
void agent_fixture_done(struct agent_fixture *fixture);

/* For cmocka: a whole agent with these rules as *state, and its end. Return 0. */
int agent_fixture_begin(void **state, const char *rules);
int agent_fixture_end(void **state);

/* Calls a method as `uid` from a process of its own. Returns the parameters, or NULL with
 * `ret_error` (static storage) the error's name, or "closed" when there was no answer. */
json_t *agent_call(const struct agent_fixture *fixture, uid_t uid, const char *method,
    json_t *parameters, const char **ret_error);

/* The same for a method of io.assent by its short name; fails the test where there is an error. */
json_t *agent_call_good(
    const struct agent_fixture *fixture, uid_t uid, const char *method, json_t *parameters);

/* An ask of a login door and of the sudo plugin; texts static. */
struct gate_ask ask_login(uid_t uid, const char *rhost);
struct gate_ask ask_sudo(uid_t uid, const char *arguments, size_t length);

/* One question over a fresh connection, answered. Returns the kind of the first answer (0: none)
 * and copies texts. */
struct gate_result {
    uint64_t kind;
    char text[1024], request[16], grant[16], tie[160];
};
struct gate_result gate_once(const struct agent_fixture *fixture, const struct gate_ask *ask);

/* The number of audit records with that event, read from the ledger's file. */
unsigned audit_count(const struct agent_fixture *fixture, const char *event);

/* Runs a statement on the ledger's file: damage, and its repair. */
void ledger_execute(const struct agent_fixture *fixture, const char *sql);

/* The newest of those records, as JSON in fresh memory. */
char *audit_record(const struct agent_fixture *fixture, const char *event);

/* The first column of a query's first row, which must be there; `argument` is its ?1, or NULL. The
 * text is in fresh memory, NULL for NULL. */
unsigned ledger_number(const struct agent_fixture *fixture, const char *sql, const char *argument);
char *ledger_text(const struct agent_fixture *fixture, const char *sql, const char *argument);
