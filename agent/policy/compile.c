#include <string.h>

#include "canonical.h"
#include "entitlement.h"
#include "identity.h"
#include "people.h"
#include "rule.h"

/* One file while it is compiled: its parts are read in rounds, since a rule may name a group
 * out of a later file. */
struct source {
    struct yaml_document *document;
    struct yaml_node *people, *groups, *identities, *entitlements, *rules, *tests, *accept;
    /* or NULL */
};

static void take_parts(struct source *source, struct yaml_errors *errors)
{
    struct yaml_node *root = yaml_root(source->document);

    if (!yaml_expect(root, YAML_MAPPING, errors))
        return;
    source->people = yaml_take(root, "people");
    source->groups = yaml_take(root, "groups");
    source->identities = yaml_take(root, "identities");
    source->entitlements = yaml_take(root, "entitlements");
    source->rules = yaml_take(root, "rules");
    source->tests = yaml_take(root, "tests");
    source->accept = yaml_take(root, "accept");
    yaml_finish(root, errors);
}

static void parse_sources(
    struct reading *reading, const struct policy_file *files, size_t count, struct source *sources)
{
    for (size_t i = 0; i < count; i++) {
        if (files[i].text)
            sources[i].document =
                yaml_parse(files[i].name, files[i].text, files[i].length, reading->errors);
        if (sources[i].document)
            take_parts(&sources[i], reading->errors);
        else
            reading->incomplete = true;
    }
}

static void alloc_teams(struct reading *reading)
{
    struct policy *policy = reading->policy;
    uint32_t count = policy->team_names.count;

    policy->team_people = arena_alloc(&policy->arena, count * sizeof(*policy->team_people));
    policy->team_places = arena_alloc(&policy->arena, count * sizeof(*policy->team_places));
    reading->out_of_memory |= !policy->team_people || !policy->team_places;
    for (uint32_t i = 0; policy->team_places && i < count; i++)
        policy->team_places[i] = read_place(reading, policy->team_names.places[i]);
}

static void read_people(struct reading *reading, const struct source *sources, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (sources[i].people)
            people_read(reading, sources[i].people);
    people_check_names(reading);
    for (size_t i = 0; i < count; i++)
        if (sources[i].groups)
            people_read_team_names(reading, sources[i].groups);
    alloc_teams(reading);
    for (size_t i = 0; i < count; i++)
        if (sources[i].groups)
            people_read_teams(reading, sources[i].groups);
}

/* Rules are most of a policy: room for all of them at once, not by doubling. */
static bool make_room(struct reading *reading, const struct source *sources, size_t count)
{
    struct policy *policy = reading->policy;
    size_t rules = 0;

    for (size_t i = 0; i < count; i++)
        if (sources[i].rules)
            rules += yaml_count(sources[i].rules);
    policy->rules = arena_alloc(&policy->arena, rules * sizeof(*policy->rules));
    reading->out_of_memory |= !policy->rules || !names_reserve(&policy->rule_ids, rules);
    return policy->rules != NULL;
}

static void read_rules(struct reading *reading, const struct source *sources, size_t count)
{
    if (!make_room(reading, sources, count))
        return;
    for (size_t i = 0; i < count; i++) {
        const struct yaml_node *rules = sources[i].rules;

        if (!rules || !yaml_expect(rules, YAML_SEQUENCE, reading->errors))
            continue;
        for (size_t j = 0; j < yaml_count(rules); j++)
            rule_read(reading, yaml_item(rules, j));
    }
}

static void read_entitlements(struct reading *reading, const struct source *sources, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (sources[i].entitlements)
            entitlement_read_keys(reading, sources[i].entitlements);
    for (size_t i = 0; i < count; i++)
        if (sources[i].entitlements)
            entitlement_read_all(reading, sources[i].entitlements);
}

static void read_identities(struct reading *reading, const struct source *sources, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (sources[i].identities)
            identity_read_all(reading, sources[i].identities);
}

static bool has_groups(const struct who *who)
{
    return who->groups.count > 0 || who->not_groups.count > 0;
}

static void note_services(struct reading *reading, const struct text_list *services)
{
    struct policy *policy = reading->policy;

    policy->every_service_needs_groups |= services->count == 0;
    for (size_t i = 0; i < services->count; i++)
        reading->out_of_memory |= names_add(&policy->group_services, &policy->arena,
                                      services->items[i], NULL) == NAMES_NONE;
}

/* Which services have rules on groups: policy_needs_groups(). */
static void note_group_services(struct reading *reading)
{
    const struct policy *policy = reading->policy;

    for (size_t i = 0; i < policy->rule_count; i++)
        if (has_groups(&policy->rules[i].who))
            note_services(reading, &policy->rules[i].what.services);
    for (uint32_t i = 0; i < policy->entitlement_names.count; i++)
        if (has_groups(&policy->entitlements[i].who))
            note_services(reading, &policy->entitlements[i].what.services);
}

/* Gives back what only compiling needs. */
static void seal(struct policy *policy)
{
    names_seal(&policy->user_names);
    names_seal(&policy->group_names);
    names_seal(&policy->people_names);
    names_seal(&policy->zones);
    names_close(&policy->entitlement_names);
    names_close(&policy->identity_names);
    names_close(&policy->rule_ids);
    names_seal(&policy->team_names);
    names_seal(&policy->files);
}

static void read_sources(struct reading *reading, const struct source *sources, size_t count)
{
    read_people(reading, sources, count);
    read_identities(reading, sources, count);
    read_entitlements(reading, sources, count);
    read_rules(reading, sources, count);
    for (size_t i = 0; i < count; i++)
        if (sources[i].accept)
            read_accepts(reading, sources[i].accept, &reading->policy->accepts);
    note_group_services(reading);
}

static void reading_done(struct reading *reading)
{
    names_done(&reading->from_texts);
    free(reading->from_people);
}

static struct policy *policy_new(void)
{
    struct policy *policy = calloc(1, sizeof(*policy));

    if (policy && names_add(&policy->zones, &policy->arena, "", NULL) == 0)
        return policy;
    policy_free(policy);
    return NULL;
}

/* Reads all sources; false when the policy must not be used. */
static bool compile(
    struct reading *reading, const struct policy_file *files, size_t count, struct source *sources)
{
    struct yaml_errors *errors = reading->errors;
    size_t before = yaml_errors_total(errors);

    parse_sources(reading, files, count, sources);
    read_sources(reading, sources, count);
    if (!reading->out_of_memory && yaml_errors_total(errors) == before)
        reading->out_of_memory = canonical_digest(reading) < 0;
    if (reading->out_of_memory)
        yaml_errors_add(errors, count > 0 ? files[0].name : "", 0, 0, "out of memory");
    return yaml_errors_total(errors) == before;
}

struct policy *policy_compile(
    const struct policy_file *files, size_t count, struct yaml_errors *errors)
{
    CLEANUP(cleanup_policy) struct policy *policy = policy_new();
    AUTO_FREE struct source *sources = calloc(count + 1, sizeof(*sources));
    struct reading reading = {.policy = policy, .errors = errors};
    bool good;

    if (!policy || !sources) {
        yaml_errors_add(errors, "", 0, 0, "out of memory");
        return NULL;
    }
    good = compile(&reading, files, count, sources);
    for (size_t i = 0; i < count; i++)
        yaml_document_free(sources[i].document);
    reading_done(&reading);
    yaml_errors_sort(errors);
    if (!good)
        return NULL;
    seal(policy);
    return TAKE_PTR(policy);
}
