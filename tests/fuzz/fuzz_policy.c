/* Fuzzes the policy language: the input is compiled as one file, or as two split at the first
 * line "---8<---"; a policy that loads gets ids out of the input's own hash and decides on facts
 * made of its own names. The index must not change a verdict. Then its tests are read and run,
 * whose results the index must not change either. Built by `make fuzz`; every input in
 * corpus/policy is replayed by the tests. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../agent/policy/policy.h"
#include "../../agent/study/suite.h"
#include "../../agent/yaml/yaml.h"
#include "../../common/macro.h"

#define FACTS 24
#define CUT "---8<---\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t state;

static uint32_t draw(uint32_t below)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(state >> 33) % below;
}

static void seed_from(const uint8_t *data, size_t size)
{
    state = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < size; i++)
        state = (state ^ data[i]) * UINT64_C(1099511628211);
}

static void resolve(struct policy *policy)
{
    for (size_t i = 0; i < policy_user_count(policy); i++)
        policy_resolve_user(policy, i, draw(4) != 0, draw(8));
    for (size_t i = 0; i < policy_group_count(policy); i++)
        policy_resolve_group(policy, i, draw(4) != 0, draw(8));
}

struct drawn {
    struct facts facts;
    gid_t groups[4];
    struct zone_time zones[POLICY_ZONES_MAX];
    const char *argv[4];
};

static const char *draw_text(void)
{
    static const char *const texts[] = {"sshd", "sudo", "su", "db1", "/bin/cat", "/usr/bin/id",
        "/var/log/../x", "-l", "", "a", "web1.example.org", "\xff", NULL};

    return texts[draw(ARRAY_SIZE(texts))];
}

static void draw_facts(struct drawn *drawn, const struct policy *policy)
{
    struct facts *facts = &drawn->facts;

    *drawn = (struct drawn){0};
    facts->uid = draw(8);
    facts->kind = (enum subject_kind)draw(3);
    facts->tty = (enum tty_kind)draw(4);
    facts->groups_known = draw(3) != 0;
    facts->groups = drawn->groups;
    facts->group_count = draw(5);
    for (size_t i = 0; i < ARRAY_SIZE(drawn->groups); i++)
        drawn->groups[i] = draw(8);
    facts->service = draw_text();
    facts->host = draw_text();
    facts->command_is_none = draw(4) == 0;
    facts->command = facts->command_is_none ? NULL : draw_text();
    facts->argv = draw(4) == 0 ? NULL : drawn->argv;
    facts->argc = facts->argv ? draw(5) : 0;
    for (size_t i = 0; i < ARRAY_SIZE(drawn->argv); i++)
        while (!drawn->argv[i])
            drawn->argv[i] = draw_text();
    facts->run_as_known = draw(2) != 0;
    facts->run_as = draw(8);
    facts->rhost_is_none = draw(3) == 0;
    facts->rhost_known = draw(2) != 0;
    facts->rhost.s6_addr[15] = (uint8_t)draw(256);
    facts->command_writable = draw(3) == 0;
    facts->environment_changed = draw(3) == 0;
    facts->zones = draw(3) == 0 ? NULL : drawn->zones;
    for (size_t i = 0; i < policy_zone_count(policy); i++)
        drawn->zones[i] = (struct zone_time){
            .known = draw(8) != 0, .weekday = (int)draw(7), .minute = (int)draw(1440)};
}

static void check(const struct policy *policy, struct drawn *drawn, struct verdict *verdicts)
{
    for (size_t i = 0; i < FACTS; i++) {
        struct verdict verdict;

        policy_decide(policy, &drawn[i].facts, &verdicts[2 * i]);
        policy_possible(policy, &drawn[i].facts, &verdicts[2 * i + 1]);
        if (!verdicts[2 * i].reason || !verdicts[2 * i + 1].reason)
            abort();
        if (policy_denies(policy, &drawn[i].facts, &verdict) &&
            verdicts[2 * i].decision != DECISION_DENY)
            abort();
        (void)policy_person_of(policy, drawn[i].facts.uid);
        (void)policy_needs_groups(policy, drawn[i].facts.service);
    }
}

static void use(struct policy *policy)
{
    static struct drawn drawn[FACTS];
    struct verdict plain[2 * FACTS], indexed[2 * FACTS];

    resolve(policy);
    for (size_t i = 0; i < FACTS; i++)
        draw_facts(&drawn[i], policy);
    check(policy, drawn, plain);
    policy_ready(policy);
    check(policy, drawn, indexed);
    for (size_t i = 0; i < 2 * FACTS; i++)
        if (plain[i].decision != indexed[i].decision || plain[i].rule != indexed[i].rule)
            abort();
}

/* How many things went otherwise than expected. */
static size_t run_tests(struct suite *suite, bool index)
{
    size_t differences = 0;

    for (size_t i = 0; i < suite_count(suite); i++) {
        struct suite_result result = {0};

        if (suite_run(suite, i, index, &result) < 0)
            abort();
        differences += result.count;
        suite_result_done(&result);
    }
    return differences;
}

static void try_tests(struct policy *policy, const struct policy_file *files, size_t count)
{
    struct yaml_errors errors = {0};
    struct suite *suite = suite_read(policy, files, count, &errors);

    if (!suite || run_tests(suite, false) != run_tests(suite, true))
        abort();
    suite_free(suite);
    yaml_errors_done(&errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data, *cut = memmem(text, size, CUT, strlen(CUT));
    size_t first = cut ? (size_t)(cut - text) : size, gap = cut ? strlen(CUT) : 0;
    struct policy_file files[] = {
        {.name = "a.yaml", .text = text, .length = first},
        {.name = "b.yaml", .text = text + first + gap, .length = size - first - gap},
    };
    struct yaml_errors errors = {0};
    struct policy *policy = policy_compile(files, cut ? 2 : 1, &errors);

    if ((policy == NULL) != (errors.count + errors.dropped > 0))
        abort();
    seed_from(data, size);
    if (policy) {
        use(policy);
        try_tests(policy, files, cut ? 2 : 1);
    }
    policy_free(policy);
    yaml_errors_done(&errors);
    return 0;
}
