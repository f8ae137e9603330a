/* Recorded facts as they come back from the agent: any JSON. What is taken for facts says the same
 * when it is recorded again, and can be decided on. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../agent/facts/facts_record.h"
#include "../../agent/yaml/yaml.h"
#include "../../common/macro.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* Rules that look at everything there is. */
static const struct policy *load_policy(void)
{
    static const char text[] =
        "people: { carol: { accounts: [bin] } }\n"
        "groups: { leads: [carol] }\n"
        "rules:\n"
        "  - { id: a, owner: leads, certified_until: 2099-12-31, decision: allow,\n"
        "      who: { user: [u], group: [g], kind: human },\n"
        "      what: { service: sudo, run_as: root, command: /usr/bin/id * },\n"
        "      where: { host: 'db*', rhost: [10.0.0.0/8, local], tty: pty, label: [x] },\n"
        "      when: { days: mon-fri, hours: '08:00-18:00' },\n"
        "      evidence: { reason: required, ticket: '^INC-[0-9]+$', control: [watched] } }\n";
    static struct policy *policy;
    struct policy_file file = {.name = "fuzz.yaml", .text = text, .length = sizeof(text) - 1};
    CLEANUP(yaml_errors_done) struct yaml_errors errors = {0};

    if (!policy) {
        policy = policy_compile(&file, 1, &errors);
        must(policy != NULL);
        policy_ready(policy);
    }
    return policy;
}

static char *record_again(const struct facts *facts)
{
    json_t *record = json_object();
    char *text;

    must(facts_record_put(record, facts) == 0);
    text = json_dumps(record, JSON_COMPACT);
    must(text != NULL);
    json_decref(record);
    return text;
}

static void try_facts(const json_t *json)
{
    CLEANUP(facts_record_done) struct facts_record first = {0}, second = {0};
    AUTO_FREE char *text = NULL, *again = NULL;
    struct verdict verdict;
    json_t *record;

    if (facts_record_load(&first, json) != 0)
        return;
    policy_decide(load_policy(), &first.facts, &verdict);
    must(verdict.reason != NULL);
    text = record_again(&first.facts);
    record = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    must(record != NULL);
    if (json_object_get(record, "facts")) {
        must(facts_record_load(&second, json_object_get(record, "facts")) == 0);
        again = record_again(&second.facts);
        must(strcmp(text, again) == 0);
    }
    json_decref(record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *json = json_loadb(
        (const char *)data, size, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);

    if (json)
        try_facts(json);
    json_decref(json);
    return 0;
}
