#include "expect.h"

#include <stdio.h>
#include <string.h>

#include "../../common/parse.h"
#include "../../common/str.h"

#define NUMBER_MAX 1000000
#define NUMBER_SIZE 16

struct reader {
    const struct policy *policy;
    struct arena *arena;
    struct yaml_errors *errors;
};

/* ---- reading --------------------------------------------------------------------------- */

/* The value in normal form, or NULL with an error added. */
typedef const char *read_fn(const struct reader *reader, const struct yaml_node *node);

static const char *keep(const struct reader *reader, const struct yaml_node *node, const char *text)
{
    text = arena_text(reader->arena, text, strlen(text));
    if (!text)
        yaml_error(reader->errors, node, "out of memory");
    return text;
}

static const char *read_choice(const struct reader *reader, const struct yaml_node *node,
    const char *const *words, size_t count)
{
    int choice = yaml_choice(node, words, count, reader->errors);

    return choice < 0 ? NULL : words[choice];
}

static const char *read_decision(const struct reader *reader, const struct yaml_node *node)
{
    static const char *const words[] = {"allow", "deny", "escalate"};

    return read_choice(reader, node, words, ARRAY_SIZE(words));
}

static const char *read_would(const struct reader *reader, const struct yaml_node *node)
{
    static const char *const words[] = {EXPECT_NONE, "allow", "deny", "escalate"};

    return read_choice(reader, node, words, ARRAY_SIZE(words));
}

static const char *read_possible(const struct reader *reader, const struct yaml_node *node)
{
    static const char *const words[] = {"allow", "deny"};

    return read_choice(reader, node, words, ARRAY_SIZE(words));
}

static const char *read_lapse(const struct reader *reader, const struct yaml_node *node)
{
    static const char *const words[] = {EXPECT_NONE, "never", "date"};

    return read_choice(reader, node, words, ARRAY_SIZE(words));
}

static const char *read_strength(const struct reader *reader, const struct yaml_node *node)
{
    static const char *const words[] = {"local", "signed", "hardware"};

    return read_choice(reader, node, words, ARRAY_SIZE(words));
}

static const char *read_text(const struct reader *reader, const struct yaml_node *node)
{
    return yaml_text(node, reader->errors);
}

static const char *read_flag(const struct reader *reader, const struct yaml_node *node)
{
    const char *text = yaml_text(node, reader->errors);
    bool flag;

    if (!text)
        return NULL;
    if (parse_bool(text, &flag) == 0)
        return flag ? "yes" : "no";
    yaml_error(reader->errors, node, "'%s' is neither yes nor no", text);
    return NULL;
}

static const char *read_number(const struct reader *reader, const struct yaml_node *node)
{
    const char *text = yaml_text(node, reader->errors);
    char number[NUMBER_SIZE];
    uint64_t value;

    if (!text)
        return NULL;
    if (parse_u64(text, NUMBER_MAX, &value) < 0) {
        yaml_error(reader->errors, node, "'%s' is not a number from 0 to %d", text, NUMBER_MAX);
        return NULL;
    }
    snprintf(number, sizeof(number), "%u", (unsigned)value);
    return keep(reader, node, number);
}

static const char *read_duration(const struct reader *reader, const struct yaml_node *node)
{
    const char *text = yaml_text(node, reader->errors);
    char duration[PARSE_DURATION_SIZE];
    uint64_t us;

    if (!text)
        return NULL;
    if (parse_duration(text, &us) < 0) {
        yaml_error(reader->errors, node, "'%s' is not a duration such as 90s, 15m or 1h30m", text);
        return NULL;
    }
    format_duration(us, duration);
    return keep(reader, node, duration);
}

/* Names by index, for suggestions. */
typedef const char *name_fn(const struct policy *policy, size_t index);

static const char *rule_name(const struct policy *policy, size_t index)
{
    struct rule_info info;

    policy_rule(policy, index, &info);
    return info.id;
}

static const char *entitlement_name(const struct policy *policy, size_t index)
{
    struct entitlement_info info;

    policy_entitlement(policy, index, &info);
    return info.name;
}

static const char *identity_name(const struct policy *policy, size_t index)
{
    struct identity_info info;

    policy_identity(policy, index, &info);
    return info.name;
}

struct names_of {
    const char *what;
    name_fn *name;
    size_t count;
};

static void refuse_name(const struct reader *reader, const struct yaml_node *node, const char *text,
    const struct names_of *names)
{
    AUTO_FREE const char **all = calloc(names->count + 1, sizeof(*all));
    const char *nearest;

    for (size_t i = 0; all && i < names->count; i++)
        all[i] = names->name(reader->policy, i);
    nearest = all ? yaml_nearest(text, all, names->count) : NULL;
    yaml_error(reader->errors, node, "this policy has no %s '%s'%s%s%s", names->what, text,
        nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

static const char *read_rule(const struct reader *reader, const struct yaml_node *node)
{
    const struct names_of rules = {"rule", rule_name, policy_rule_count(reader->policy)};
    const char *text = yaml_text(node, reader->errors);

    if (!text || strcmp(text, EXPECT_NONE) == 0 || policy_find_rule(reader->policy, text) >= 0)
        return text;
    refuse_name(reader, node, text, &rules);
    return NULL;
}

static const char *read_entitlement(const struct reader *reader, const struct yaml_node *node)
{
    const struct names_of entitlements = {
        "entitlement", entitlement_name, policy_entitlement_count(reader->policy)};
    const char *text = yaml_text(node, reader->errors);

    if (!text || strcmp(text, EXPECT_NONE) == 0 ||
        policy_find_entitlement(reader->policy, text) >= 0)
        return text;
    refuse_name(reader, node, text, &entitlements);
    return NULL;
}

static const char *read_identity(const struct reader *reader, const struct yaml_node *node)
{
    const struct names_of identities = {
        "identity", identity_name, policy_identity_count(reader->policy)};
    const char *text = yaml_text(node, reader->errors);

    if (!text || strcmp(text, EXPECT_NONE) == 0 || policy_find_identity(reader->policy, text) >= 0)
        return text;
    refuse_name(reader, node, text, &identities);
    return NULL;
}

/* Kinds of evidence as "reason, ticket". */
static const char *list_evidence(unsigned kinds, char buffer[OUTCOME_TEXT_SIZE])
{
    char *end = buffer;

    *end = '\0';
    for (unsigned i = 0; i < EVIDENCE_COUNT; i++)
        if ((kinds >> i & 1) != 0) {
            if (end != buffer)
                end = stpcpy(end, ", ");
            end = stpcpy(end, evidence_to_string((enum evidence)(1U << i)));
        }
    return end == buffer ? EXPECT_NONE : buffer;
}

static const char *read_missing(const struct reader *reader, const struct yaml_node *node)
{
    static const char *const words[] = {"reason", "ticket", "peer", "control", EXPECT_NONE};
    char buffer[OUTCOME_TEXT_SIZE];
    unsigned kinds = 0;

    if (yaml_kind_of(node) == YAML_MAPPING && !yaml_expect(node, YAML_SEQUENCE, reader->errors))
        return NULL;
    for (size_t i = 0; i < yaml_count(node); i++) {
        int choice = yaml_choice(yaml_item(node, i), words, ARRAY_SIZE(words), reader->errors);

        if (choice < 0)
            return NULL;
        kinds |= choice < EVIDENCE_COUNT ? 1U << choice : 0;
    }
    return keep(reader, node, list_evidence(kinds, buffer));
}

/* ---- telling --------------------------------------------------------------------------- */

typedef const char *tell_fn(const struct outcome *outcome, char *buffer);

static const char *or_none(const char *text)
{
    return text ? text : EXPECT_NONE;
}

static const char *tell_decision(const struct outcome *outcome, char *buffer)
{
    (void)buffer;
    return decision_to_string(outcome->verdict.decision);
}

static const char *tell_rule(const struct outcome *outcome, char *buffer)
{
    (void)buffer;
    return or_none(outcome->verdict.rule);
}

static const char *tell_missing(const struct outcome *outcome, char *buffer)
{
    return list_evidence(outcome->verdict.missing, buffer);
}

static const char *tell_lapse(const struct outcome *outcome, char *buffer)
{
    (void)buffer;
    return outcome->verdict.lapse == LAPSE_NEVER  ? "never"
           : outcome->verdict.lapse == LAPSE_DATE ? "date"
                                                  : EXPECT_NONE;
}

static const char *tell_entitlement(const struct outcome *outcome, char *buffer)
{
    (void)buffer;
    return or_none(outcome->verdict.entitlement);
}

static const char *tell_identity(const struct outcome *outcome, char *buffer)
{
    (void)buffer;
    return or_none(outcome->verdict.identity);
}

static const char *tell_reason(const struct outcome *outcome, char *buffer)
{
    (void)buffer;
    return outcome->verdict.reason;
}

static const char *tell_advice(const struct outcome *outcome, char *buffer)
{
    (void)buffer;
    return or_none(outcome->verdict.advice);
}

static const char *tell_duration(const struct outcome *outcome, char *buffer)
{
    format_duration(outcome->verdict.duration_us, buffer);
    return buffer;
}

static const char *tell_number(unsigned number, char *buffer)
{
    snprintf(buffer, OUTCOME_TEXT_SIZE, "%u", number);
    return buffer;
}

static const char *tell_uses(const struct outcome *outcome, char *buffer)
{
    return tell_number(outcome->verdict.uses, buffer);
}

static const char *tell_need(const struct outcome *outcome, char *buffer)
{
    const struct verdict *verdict = &outcome->verdict;

    return tell_number(verdict->stage_count > 0 ? verdict->stages[0].need : 0, buffer);
}

static const char *tell_from(const struct outcome *outcome, char *buffer)
{
    const struct verdict *verdict = &outcome->verdict;

    (void)buffer;
    return verdict->stage_count > 0 ? verdict->stages[0].from_text : EXPECT_NONE;
}

static const char *tell_strength(const struct outcome *outcome, char *buffer)
{
    (void)buffer;
    return strength_to_string(outcome->verdict.strength);
}

static const char *tell_keep(const struct outcome *outcome, char *buffer)
{
    (void)buffer;
    return outcome->verdict.keep ? "yes" : "no";
}

static const char *tell_survives(const struct outcome *outcome, char *buffer)
{
    (void)buffer;
    return outcome->verdict.survives_reboot ? "yes" : "no";
}

static const char *tell_would(const struct outcome *outcome, char *buffer)
{
    (void)buffer;
    return outcome->verdict.would == 0 ? EXPECT_NONE : decision_to_string(outcome->verdict.would);
}

static const char *tell_would_rule(const struct outcome *outcome, char *buffer)
{
    (void)buffer;
    return or_none(outcome->verdict.would_rule);
}

static const char *tell_possible(const struct outcome *outcome, char *buffer)
{
    (void)buffer;
    return decision_to_string(outcome->possible);
}

static const char *tell_denied_by(const struct outcome *outcome, char *buffer)
{
    (void)buffer;
    return or_none(outcome->denied_by);
}

static const struct {
    const char *key;
    read_fn *read;
    tell_fn *tell;
} rows[EXPECTED_MAX_] = {
    [EXPECTED_DECISION] = {"decision", read_decision, tell_decision},
    [EXPECTED_RULE] = {"rule", read_rule, tell_rule},
    [EXPECTED_MISSING] = {"missing", read_missing, tell_missing},
    [EXPECTED_LAPSE] = {"lapse", read_lapse, tell_lapse},
    [EXPECTED_ENTITLEMENT] = {"entitlement", read_entitlement, tell_entitlement},
    [EXPECTED_IDENTITY] = {"identity", read_identity, tell_identity},
    [EXPECTED_REASON] = {"reason", read_text, tell_reason},
    [EXPECTED_INSTEAD] = {"instead", read_text, tell_advice},
    [EXPECTED_DURATION] = {"duration", read_duration, tell_duration},
    [EXPECTED_USES] = {"uses", read_number, tell_uses},
    [EXPECTED_NEED] = {"need", read_number, tell_need},
    [EXPECTED_FROM] = {"from", read_text, tell_from},
    [EXPECTED_STRENGTH] = {"strength", read_strength, tell_strength},
    [EXPECTED_KEEP] = {"keep", read_flag, tell_keep},
    [EXPECTED_SURVIVES_REBOOT] = {"survives_reboot", read_flag, tell_survives},
    [EXPECTED_WOULD] = {"would", read_would, tell_would},
    [EXPECTED_WOULD_RULE] = {"would_rule", read_rule, tell_would_rule},
    [EXPECTED_POSSIBLE] = {"possible", read_possible, tell_possible},
    [EXPECTED_DENIED_BY] = {"denied_by", read_rule, tell_denied_by},
};

const char *expected_to_string(enum expected key)
{
    return rows[key].key;
}

void expect_read(struct expect *expect, struct yaml_node *node, const struct policy *policy,
    struct arena *arena, struct yaml_errors *errors)
{
    const struct reader reader = {policy, arena, errors};

    *expect = (struct expect){0};
    if (!yaml_expect(node, YAML_MAPPING, errors))
        return;
    if (yaml_count(node) == 0)
        yaml_error(errors, node, "a test that expects nothing cannot fail; say what it expects");
    for (unsigned i = 0; i < EXPECTED_MAX_; i++) {
        const struct yaml_node *value = yaml_take(node, rows[i].key);

        if (value)
            expect->texts[i] = rows[i].read(&reader, value);
    }
    yaml_finish(node, errors);
}

void outcome_find(
    const struct policy *policy, const struct facts *facts, struct outcome *ret_outcome)
{
    struct verdict verdict;

    policy_decide(policy, facts, &ret_outcome->verdict);
    policy_possible(policy, facts, &verdict);
    ret_outcome->possible = verdict.decision;
    ret_outcome->denied_by = policy_denies(policy, facts, &verdict) ? verdict.rule : NULL;
}

const char *outcome_text(
    const struct outcome *outcome, enum expected key, char buffer[OUTCOME_TEXT_SIZE])
{
    return rows[key].tell(outcome, buffer);
}

bool expect_met(const struct expect *expect, enum expected key, const char *found)
{
    const char *expected = expect->texts[key];

    if (key == EXPECTED_MISSING && !expected &&
        str_equal(expect->texts[EXPECTED_DECISION], "allow"))
        expected = EXPECT_NONE;
    return !expected || strcmp(found, expected) == 0;
}
