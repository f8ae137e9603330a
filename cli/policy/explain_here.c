/* Deciding without the agent. This is the person's own process, which may ask name services. */
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../agent/facts/facts_record.h"
#include "../../agent/facts/given.h"
#include "../../agent/facts/zones.h"
#include "../../agent/study/explanation.h"
#include "../../common/clock.h"
#include "../../common/str.h"
#include "../base/json.h"
#include "../base/text.h"
#include "explain.h"
#include "policy_dir.h"

#define GROUPS_MAX 65536

struct here {
    const struct cli_options *options;
    struct policy_dir policy;
    struct cast cast;
    struct zones *zones;
    struct arena arena;
    char host[HOST_NAME_MAX + 1];
};

static bool find_account(
    enum cast_kind kind, const char *name, uint32_t *ret_id, const void *userdata UNUSED)
{
    const struct passwd *user = kind == CAST_USER ? getpwnam(name) : NULL;
    const struct group *group = kind == CAST_GROUP ? getgrnam(name) : NULL;

    if (user)
        *ret_id = user->pw_uid;
    else if (group)
        *ret_id = group->gr_gid;
    return user || group;
}

static int fail(int error)
{
    cli_error("%s", error == -ENOMEM ? "out of memory" : strerror(-error));
    return CLI_FAILED;
}

static int open_here(struct here *here, const char *directory)
{
    static const struct cast_changes none;
    int r = policy_dir_load(&here->policy, directory);

    if (r != CLI_OK)
        return r;
    here->cast.find = find_account;
    here->zones = zones_new(here->policy.policy);
    if (!here->zones || cast_resolve(&here->cast, here->policy.policy, &none) < 0)
        return fail(-ENOMEM);
    policy_ready(here->policy.policy);
    return CLI_OK;
}

static void here_done(struct here *here)
{
    zones_free(here->zones);
    cast_done(&here->cast);
    arena_done(&here->arena);
    policy_dir_done(&here->policy);
}

/* The names that this host does not know: of the policy, and of the facts. */
static json_t *list_made_up(const struct cast *cast)
{
    json_t *array = json_array();

    for (size_t kind = 0; kind < CAST_KINDS; kind++)
        for (uint32_t i = 0; i < cast->made_up[kind].count; i++)
            (void)json_array_append_new(array, json_string(cast->made_up[kind].texts[i]));
    return array;
}

static int answer(const struct here *here, const struct facts *facts, const char *run_as,
    json_t **ret_explanation)
{
    const struct explanation_options options = {
        .run_as = run_as, .all = cli_value(here->options, "all") != NULL};
    json_t *explanation = explanation_new(here->policy.policy, facts, &options);

    if (!explanation)
        return fail(-ENOMEM);
    (void)json_object_set_new(explanation, "made_up", list_made_up(&here->cast));
    *ret_explanation = explanation;
    return CLI_OK;
}

/* ---- written facts ----------------------------------------------------------------------- */

static void add_user(struct given *given)
{
    const struct passwd *entry = given->has_user ? NULL : getpwuid(getuid());

    if (given->has_user)
        return;
    given->facts.uid = getuid();
    given->facts.user = entry ? entry->pw_name : "you";
}

/* The groups that the subject has on this host, where it is known here. */
static int add_groups(struct here *here, struct facts *facts)
{
    const struct passwd *entry = facts->groups_known ? NULL : getpwnam(facts->user);
    int count = GROUPS_MAX;
    AUTO_FREE gid_t *groups = entry ? calloc(GROUPS_MAX, sizeof(*groups)) : NULL;

    if (!entry)
        return 0;
    if (!groups)
        return -ENOMEM;
    if (getgrouplist(facts->user, entry->pw_gid, groups, &count) < 0)
        return -E2BIG;
    facts->groups = arena_copy(&here->arena, groups, (size_t)count, sizeof(*groups));
    facts->groups_known = facts->groups != NULL;
    facts->group_count = facts->groups ? (size_t)count : 0;
    return facts->groups ? 0 : -ENOMEM;
}

static int complete(struct here *here, struct given *given)
{
    struct facts *facts = &given->facts;

    add_user(given);
    if (!given->has_host && gethostname(here->host, sizeof(here->host)) == 0)
        facts->host = here->host;
    if (facts->now_us == 0) {
        facts->now_us = clock_realtime_us();
        if (!facts->zones)
            facts->zones = zones_at(here->zones, facts->now_us);
    }
    return add_groups(here, facts);
}

static int say_errors(const struct yaml_errors *errors)
{
    for (size_t i = 0; i < errors->count; i++) {
        AUTO_FREE char *file = text_escape(errors->items[i].file);

        if (file && *file == '\0')
            cli_error("%s", errors->items[i].message);
        else
            cli_error("%s:%u:%u: %s", file ? file : "?", errors->items[i].line,
                errors->items[i].column, errors->items[i].message);
    }
    return errors->count > 0 ? CLI_USAGE : fail(-ENOMEM);
}

/* A change of who exists is made after the names have been read. */
static int change(struct here *here, const struct given *given)
{
    if (given->changes.absent_count == 0 && given->changes.gone_count == 0)
        return 0;
    if (cast_resolve(&here->cast, here->policy.policy, &given->changes) < 0)
        return -ENOMEM;
    policy_ready(here->policy.policy);
    return 0;
}

static int explain_node(struct here *here, struct yaml_node *node, json_t **ret_explanation)
{
    CLEANUP(yaml_errors_done) struct yaml_errors errors = {0};
    const struct given_world world = {here->policy.policy, &here->cast, here->zones, &here->arena};
    const struct yaml_node *run_as =
        yaml_kind_of(node) == YAML_MAPPING ? yaml_take(node, "run_as") : NULL;
    struct given given;
    int r;

    given_read(&given, node, &world, &errors);
    if (yaml_errors_total(&errors) > 0)
        return say_errors(&errors);
    r = complete(here, &given);
    if (r == 0)
        r = change(here, &given);
    if (r < 0)
        return fail(r);
    return answer(here, &given.facts, run_as ? yaml_text(run_as, &errors) : NULL, ret_explanation);
}

int explain_facts_here(const struct cli_options *options, const char *directory,
    const struct explain_facts *facts, json_t **ret_explanation)
{
    CLEANUP(yaml_errors_done) struct yaml_errors errors = {0};
    CLEANUP(cleanup_yaml_document)
    struct yaml_document *document =
        yaml_parse(facts->name, facts->text, strlen(facts->text), &errors);
    CLEANUP(here_done) struct here here = {.options = options};
    int r;

    if (!document || yaml_errors_total(&errors) > 0)
        return say_errors(&errors);
    r = open_here(&here, directory);
    return r == CLI_OK ? explain_node(&here, yaml_root(document), ret_explanation) : r;
}

/* ---- recorded facts ---------------------------------------------------------------------- */

int explain_record_here(const struct cli_options *options, const char *directory,
    const json_t *record, json_t **ret_explanation)
{
    CLEANUP(facts_record_done) struct facts_record facts = {0};
    CLEANUP(here_done) struct here here = {.options = options};
    int r = facts_record_load(&facts, record);

    if (r < 0) {
        cli_error("the agent's facts cannot be read: it may be of another version");
        return CLI_FAILED;
    }
    r = open_here(&here, directory);
    if (r != CLI_OK)
        return r;
    facts.facts.zones = zones_at(here.zones, facts.facts.now_us);
    return answer(&here, &facts.facts, NULL, ret_explanation);
}
