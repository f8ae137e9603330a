/* Runs `assent policy replay` on a policy of its own against a scripted agent, which tells
 * decisions that the test makes up. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "../../common/str.h"
#include "cli_run.h"

struct CMUnitTest;

/* Below people carol (bin), group leads, and `rules:`. */
#define ALLOW "owner: leads, certified_until: 2026-11-30, decision: allow"
#define ASK                                                                      \
    "decision: escalate, approval: { strength: local, stages: [ { from: leads, " \
    "within: 5m } ] }"

/* A directory with one file of policy. */
struct replay_fixture {
    char directory[64], path[96];
};

/* For each test. Its main() is replay_main(). */
int replay_setup(void **state);
int replay_teardown(void **state);
int replay_main(int argc, char **argv, const struct CMUnitTest *tests, size_t count);

/* A policy for it: see its text. */
extern const char replay_candidate[];
void replay_policy(const struct replay_fixture *f, const char *rules);

/* What sudo asked for `user` on the 20th of November at that time. */
#define AT(time) "\"at\":\"2026-11-20T" time "Z\""
#define SUDO(uid, user, command, rest)                                                        \
    "{\"uid\":" uid ",\"user\":\"" user                                                       \
    "\",\"kind\":\"human\",\"groups\":[],\"service\":\"sudo\",\"host\":\"db1\",\"run_as\":0," \
    "\"rhost\":\"local\",\"command\":\"" command "\",\"argv\":[\"x\",\"-u\"]," rest "}"
#define DECIDED(decision, rule, facts)                                                           \
    "\"event\":\"decided\",\"decision\":\"" decision "\",\"rule\":" rule ",\"run_as\":\"root\"," \
    "\"facts\":" facts

#define END "{\"parameters\":{}}"
#define NO_CERTIFICATES "{\"parameters\":{\"rules\":[],\"next\":null}}"

/* Adds a reply with one decision. */
void replay_tell(struct str_builder *stream, const char *members);

/* Replays the stream against the policy with more words on the command line (up to two). */
void replay_run(struct run *run, const struct replay_fixture *f, struct str_builder *stream,
    const char *word, const char *more);

/* The answer with --json, which is a good one. */
json_t *replay_json(const struct replay_fixture *f, struct str_builder *stream);

int64_t replay_number(const json_t *json, const char *key);
const char *replay_text(const json_t *json, const char *key);
const json_t *replay_change(const json_t *json, size_t index);
void assert_change(const json_t *json, size_t index, const char *kind, const char *subject);

/* The one reason why `count` decisions were not replayed. */
void assert_left_out(const json_t *json, const char *why, int64_t count);
