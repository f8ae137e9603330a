/* A whole agent whose policy changes: reloaded, rolled back, restarted, asked for its versions. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "agent_fixture.h"

/* Policies that let in one account each, and nobody else. */
extern const char games_may[], man_may[], daemon_asks[];

/* For each test: an agent with games_may. Ends with agent_fixture_end. */
int versions_setup(void **state);

struct digest {
    char text[65];
};
struct digest versions_digest(const json_t *policy);
struct digest versions_in_force(struct agent_fixture *f);

/* The member "policy" of GetStatus. */
json_t *versions_policy(struct agent_fixture *f);

/* Puts the rules in force, which must work. */
struct digest versions_reload(struct agent_fixture *f, const char *rules);

/* As ListVersions has it; NULL: not there. */
json_t *versions_find(struct agent_fixture *f, const char *digest);

/* Whether its text is kept, which is written after the policy took force. */
bool versions_is_kept(struct agent_fixture *f, const char *digest);
void versions_wait_until_kept(struct agent_fixture *f, const char *digest);

/* NULL: done; else the error's name. `ret_policy` (or NULL): the reply's. */
const char *versions_roll_back(struct agent_fixture *f, const char *digest, json_t **ret_policy);

/* Whether the account may log in. */
bool versions_may(struct agent_fixture *f, uid_t uid);

/* Whether an administrator is told so. */
bool versions_has_problem(struct agent_fixture *f, const char *words);

void versions_break_files(const struct agent_fixture *f);
void versions_restart(struct agent_fixture *f, int signal);

/* Changes one row of the ledger's file while nobody serves; the digest is ?1. */
void versions_change_ledger(struct agent_fixture *f, const char *sql, const char *digest);
