/* Fuzzes the policy language: the input is compiled as one file, or as two split at the first
 * line "---8<---"; a policy that loads gets ids, certificates and people who are gone out of the
 * input's own hash and decides on facts made of its own names. The index must not change a verdict,
 * an explanation agrees with it, every question about it has an answer, and it differs in nothing
 * from itself. Then its tests are read and run, whose results the index must not change either.
 * Built by `make fuzz`; every input in corpus/policy and every file of tests/policy is replayed by
 * the tests. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../agent/policy/compare/compare.h"
#include "../../agent/policy/lint/lint.h"
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

#define NOW_US UINT64_C(1795132800000000) /* in November 2026 */
#define YEAR_US UINT64_C(31536000000000)

static uint64_t draw_time(void)
{
    return NOW_US - YEAR_US + draw(1000) * (2 * YEAR_US / 1000);
}

static void resolve(struct policy *policy)
{
    for (size_t i = 0; i < policy_user_count(policy); i++) {
        policy_resolve_user(policy, i, draw(4) != 0, draw(8));
        policy_note_account(policy, i, draw(8) == 0, draw(8) == 0 ? draw_time() : 0);
    }
    for (size_t i = 0; i < policy_group_count(policy); i++)
        policy_resolve_group(policy, i, draw(4) != 0, draw(8));
    for (size_t i = 0; i < policy_rule_count(policy); i++)
        if (draw(4) == 0)
            policy_certify(policy, i, draw_time());
}

struct drawn {
    struct facts facts;
    gid_t groups[4];
    struct zone_time zones[POLICY_ZONES_MAX];
    const char *argv[4];
    const char *labels[3];
};

static const char *draw_text(void)
{
    static const char *const texts[] = {"sshd", "sudo", "su", "db1", "/bin/cat", "/usr/bin/id",
        "/var/log/../x", "-l", "", "a", "web1.example.org", "web", "env=prod", "INC-4711",
        "replica is stuck", "recorded", "\xff", NULL};

    return texts[draw(ARRAY_SIZE(texts))];
}

/* A service that some entitlement opens, or any text. */
static const char *draw_service(const struct policy *policy)
{
    size_t count = policy_entitlement_count(policy);
    struct entitlement_info info;

    if (count == 0 || draw(2) == 0)
        return draw_text();
    policy_entitlement(policy, draw((uint32_t)count), &info);
    return info.service_count == 0 ? NULL : info.services[draw((uint32_t)info.service_count)];
}

/* What is asked for by name, mostly nothing. */
static void draw_entitlement(struct facts *facts, const struct policy *policy)
{
    size_t count = policy_entitlement_count(policy);
    struct entitlement_info info = {.name = "no-such"};

    if (draw(4) != 0)
        return;
    if (count > 0 && draw(8) != 0)
        policy_entitlement(policy, draw((uint32_t)count), &info);
    facts->entitlement = info.name;
    facts->whole = draw(2) == 0;
    if (!facts->whole)
        return;
    facts->service = facts->command = NULL;
    facts->run_as_known = facts->command_is_none = false;
}

static const char *draw_control(const struct policy *policy)
{
    size_t count = policy_entitlement_count(policy);
    struct entitlement_info info;

    if (count == 0 || draw(2) == 0)
        return draw_text();
    policy_entitlement(policy, draw((uint32_t)count), &info);
    return info.evidence->control_count == 0 ? NULL : info.evidence->controls[0];
}

static void draw_evidence(struct facts *facts, const struct policy *policy)
{
    size_t people = policy_person_count(policy);

    facts->reason = draw_text();
    facts->reason_seen = draw(5);
    facts->ticket = draw_text();
    facts->ticket_state = (enum ticket_state)draw(3);
    facts->peer = people > 0 && draw(3) != 0 ? policy_person(policy, draw((uint32_t)people))->name
                                             : draw_text();
    facts->control = draw_control(policy);
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
    facts->service = draw_service(policy);
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
    facts->now_us = draw(8) == 0 ? 0 : draw_time();
    facts->zones = draw(3) == 0 ? NULL : drawn->zones;
    for (size_t i = 0; i < policy_zone_count(policy); i++)
        drawn->zones[i] = (struct zone_time){
            .known = draw(8) != 0,
            .weekday = (int)draw(7),
            .minute = (int)draw(1440),
            .day = (int32_t)(facts->now_us / UINT64_C(86400000000)),
        };
    facts->labels = drawn->labels;
    for (const char *label; facts->label_count < draw(4) && (label = draw_text()) != NULL;)
        drawn->labels[facts->label_count++] = label;
    draw_entitlement(facts, policy);
    draw_evidence(facts, policy);
}

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* What one verdict must be, whatever the policy. */
static void check_verdict(const struct policy *policy, const struct verdict *verdict)
{
    must(verdict->reason != NULL);
    must(verdict->missing == 0 ||
         (verdict->evidence && (verdict->missing & ~verdict->evidence->required) == 0));
    must((verdict->decision == DECISION_ESCALATE) == (verdict->stage_count > 0));
    must(verdict->decision == DECISION_DENY || verdict->rule);
    must(!verdict->rule || policy_find_rule(policy, verdict->rule) >= 0);
    must(!verdict->entitlement || policy_find_entitlement(policy, verdict->entitlement) >= 0);
    must(verdict->lapse == LAPSE_NONE || verdict->decision == DECISION_ESCALATE);
    must(verdict->would != 0 || !verdict->would_rule);
    must(!verdict->identity || policy_find_identity(policy, verdict->identity) >= 0);
    must(verdict->identity_state == IDENTITY_ALIVE ||
         (verdict->identity && verdict->decision == DECISION_DENY));
}

static void check(const struct policy *policy, struct drawn *drawn, struct verdict *verdicts)
{
    for (size_t i = 0; i < FACTS; i++) {
        struct verdict verdict;

        policy_decide(policy, &drawn[i].facts, &verdicts[2 * i]);
        check_verdict(policy, &verdicts[2 * i]);
        policy_possible(policy, &drawn[i].facts, &verdicts[2 * i + 1]);
        must(verdicts[2 * i + 1].reason != NULL);
        must(verdicts[2 * i + 1].identity == verdicts[2 * i].identity);
        must(!policy_denies(policy, &drawn[i].facts, &verdict) ||
             verdicts[2 * i].decision == DECISION_DENY);
        (void)policy_person_of(policy, drawn[i].facts.uid);
        (void)policy_needs_groups(policy, drawn[i].facts.service);
    }
}

static bool is_same(const struct verdict *a, const struct verdict *b)
{
    return a->decision == b->decision && a->rule == b->rule && a->reason == b->reason &&
           a->entitlement == b->entitlement && a->missing == b->missing && a->lapse == b->lapse &&
           a->duration_us == b->duration_us && a->stages == b->stages &&
           a->evidence == b->evidence && a->would == b->would && a->would_rule == b->would_rule &&
           a->advice == b->advice && a->identity == b->identity &&
           a->identity_state == b->identity_state;
}

/* The rule that decides, as it is explained. */
static void note_deciding(const struct rule_finding *finding, void *userdata)
{
    const char **deciding = userdata;

    (void)condition_to_string(finding->condition);
    (void)condition_to_string(finding->inside);
    must(finding->standing != STANDING_FAILS || finding->condition != CONDITION_NONE);
    if (finding->standing == STANDING_DECIDES)
        *deciding = finding->rule.id;
}

static void check_explained(
    const struct policy *policy, const struct facts *facts, const struct verdict *expected)
{
    const char *deciding = NULL;
    struct verdict verdict;

    policy_explain(policy, facts, &verdict, note_deciding, &deciding);
    must(is_same(&verdict, expected));
    must(deciding == expected->rule);
}

/* An entitlement: what is shown of it, and what it opens. */
static void check_entitlement(const struct policy *policy, size_t index, const struct drawn *drawn)
{
    struct entitlement_info info;

    policy_entitlement(policy, index, &info);
    for (size_t i = 0; i < info.command_count; i++) {
        AUTO_FREE char *command = policy_entitlement_command(policy, index, i);

        must(command && command[0] != '\0');
    }
    for (size_t i = 0; i < info.run_as_count; i++)
        must(policy_entitlement_run_as(policy, index, i) != NULL);
    for (size_t i = 0; i < FACTS; i++) {
        must(!policy_entitlement_opens(policy, index, &drawn[i].facts) ||
             policy_entitlement_may_open(policy, index, &drawn[i].facts));
        (void)policy_entitlement_is_for(policy, index, &drawn[i].facts);
    }
}

static void note_finding(const struct lint_finding *finding, void *userdata)
{
    (void)userdata;
    must(finding->lint && finding->message);
}

static void note_change(const struct compare_change *change, void *userdata)
{
    (void)change;
    (void)userdata;
    abort();
}

static void ask_about(const struct policy *policy, const struct drawn *drawn)
{
    const struct lint_options options = {.now_us = NOW_US, .host = true};
    char digest[POLICY_DIGEST_SIZE];

    for (size_t i = 0; i < policy_entitlement_count(policy); i++)
        check_entitlement(policy, i, drawn);
    for (size_t i = 0; i < policy_rule_count(policy) && i < FACTS; i++) {
        must(policy_rule_digest(policy, i, digest) == 0);
        (void)policy_rule_lapse(policy, i, NOW_US);
    }
    for (uint32_t i = 0; i < policy_person_count(policy); i++) {
        (void)policy_person_state(policy, i, NOW_US);
        (void)policy_person_ends(policy, i, NOW_US);
        must(policy_people_of(policy, policy_person(policy, i)->name).count > 0);
    }
    for (size_t i = 0; i < policy_identity_count(policy); i++) {
        enum identity_state alive = policy_identity_state(policy, i, NOW_US);
        struct identity_info info;

        policy_identity(policy, i, &info);
        must(policy_find_identity(policy, info.name) == (int64_t)i);
        must((policy_identity_reason(policy, i, alive) == NULL) == (alive == IDENTITY_ALIVE));
        must(!info.has_uid || policy_identity_of(policy, info.uid, NOW_US) >= 0);
    }
    must(policy_lint(policy, &options, note_finding, NULL) == 0);
    must(policy_compare(policy, policy, note_change, NULL) == 0);
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
        must(is_same(&plain[i], &indexed[i]));
    for (size_t i = 0; i < 2; i++)
        check_explained(policy, &drawn[i].facts, &indexed[2 * i]);
    ask_about(policy, drawn);
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
