/* Decisions as a hostile agent might send them, put to a policy: an array of any JSON. What is
 * shown of it must be fit for a terminal, and every decision is accounted for. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../agent/yaml/yaml.h"
#include "../../cli/base/json.h"
#include "../../cli/policy/replay.h"
#include "../../cli/policy/view_replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* Kept from run to run. */
static const struct policy_dir *open_policy(void)
{
    static const char text[] =
        "people: { carol: { accounts: [bin] } }\n"
        "groups: { leads: [carol] }\n"
        "rules:\n"
        "  - { id: a, owner: leads, certified_until: 2099-12-31, decision: allow,\n"
        "      who: { user: [daemon, gone], not-group: staff },\n"
        "      what: { service: sudo, command: /usr/bin/id * }, evidence: { ticket: required } }\n"
        "  - { id: b, who: { group: dba }, what: { service: sshd }, decision: deny }\n"
        "  - { id: c, what: { service: su, command: any }, decision: escalate,\n"
        "      approval: { strength: local, stages: [{ from: leads, within: 5m }] } }\n";
    static struct policy_dir dir;
    static gid_t gids[] = {50};
    struct policy_file file = {.name = "fuzz.yaml", .text = text, .length = sizeof(text) - 1};
    CLEANUP(yaml_errors_done) struct yaml_errors errors = {0};

    if (dir.policy)
        return &dir;
    dir = (struct policy_dir){
        .path = "fuzz",
        .policy = policy_compile(&file, 1, &errors),
        .users = json_pack("{s:i, s:n}", "daemon", 1, "gone"),
        .unknown = json_pack("[s]", "gone"),
        .gids = gids,
        .gid_count = 1,
    };
    must(dir.policy && dir.users && dir.unknown);
    for (size_t i = 0; i < policy_user_count(dir.policy); i++)
        policy_resolve_user(dir.policy, i, i == 0, 1);
    for (size_t i = 0; i < policy_group_count(dir.policy); i++)
        policy_resolve_group(dir.policy, i, i == 0, 50);
    policy_ready(dir.policy);
    return &dir;
}

static void check_terminal(struct str_builder *out)
{
    AUTO_FREE char *text = str_builder_take(out);

    must(text && str_is_utf8(text, strlen(text)));
    for (const char *p = text; *p != '\0'; p++)
        must(((unsigned char)*p >= ' ' || *p == '\n') && *p != '\x7f');
}

static void show(const struct replay *replay)
{
    const struct cli_options options = {0};
    const struct view view = {.options = &options, .now_us = UINT64_C(1795168800000000)};
    AUTO_JSON json_t *json = view_replay_to_json(replay, 1);
    struct str_builder out = {0};

    must(json != NULL);
    view_show_replay(&out, &view, replay, 1, true);
    check_terminal(&out);
}

static void replay_all(const json_t *decisions)
{
    struct replay replay = {.policy = open_policy()};
    uint64_t listed = 0;

    for (size_t i = 0; i < json_array_size(decisions); i++)
        must(replay_add(&replay, json_array_get(decisions, i)) == 0);
    replay_end(&replay);
    for (size_t i = 0; i < replay.group_count; i++)
        listed += replay.groups[i]->count;
    must(listed == replay.changed + replay.of[REPLAY_OTHER_RULE]);
    must(replay.replayed <= replay.seen && listed <= replay.replayed);
    show(&replay);
    replay_done(&replay);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_JSON json_t *json =
        json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);

    replay_all(json);
    return 0;
}
