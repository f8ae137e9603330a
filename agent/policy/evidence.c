#include "evidence.h"

#include <locale.h>
#include <string.h>

#include "../../common/parse.h"
#include "../../common/str.h"
#include "model.h"
#include "people.h"
#include "ticket.h"

#define LENGTH_MAX 200
#define REPEATS_MAX 1000
#define PATTERN_MAX 256
#define CONTROL_MAX 64

/* An entitlement's own, where it says nothing: a sentence, and not the same one all week. */
#define ENTITLEMENT_REASON_LENGTH 8
#define ENTITLEMENT_REASON_REPEATS 3

unsigned evidence_of(enum sensitivity sensitivity)
{
    static const unsigned asked[] = {
        [SENSITIVITY_LOW] = 0,
        [SENSITIVITY_MEDIUM] = EVIDENCE_REASON,
        [SENSITIVITY_HIGH] = EVIDENCE_REASON | EVIDENCE_TICKET,
        [SENSITIVITY_CRITICAL] = EVIDENCE_REASON | EVIDENCE_TICKET | EVIDENCE_PEER,
    };

    return asked[sensitivity];
}

static void set(struct evidence_terms *terms, enum evidence kind, bool required)
{
    terms->required = required ? terms->required | kind : terms->required & ~(unsigned)kind;
}

/* ---- reading --------------------------------------------------------------------------- */

static void read_reason(
    struct reading *reading, struct yaml_node *node, struct evidence_terms *terms)
{
    static const char *const words[] = {"required", "optional"};
    const struct yaml_node *reason = yaml_take(node, "reason");
    const struct yaml_node *length = yaml_take(node, "reason_length");
    const struct yaml_node *repeats = yaml_take(node, "reason_repeats");
    int choice = -1;

    if (length)
        terms->reason_length = read_number(reading, length, LENGTH_MAX);
    if (repeats)
        terms->reason_repeats = read_number(reading, repeats, REPEATS_MAX);
    if (length || repeats)
        set(terms, EVIDENCE_REASON, true);
    if (reason)
        choice = read_choice(reading, reason, (struct words){words, ARRAY_SIZE(words)});
    if (choice >= 0)
        set(terms, EVIDENCE_REASON, choice == 0);
    if (choice > 0 && (length || repeats))
        yaml_error(reading->errors, reason,
            "an optional reason is not measured; take 'reason_length' and 'reason_repeats' out");
}

static void refuse_pattern(
    struct reading *reading, const struct yaml_node *node, const char *text, int error)
{
    char why[128];

    (void)regerror(error, NULL, why, sizeof(why));
    yaml_error(reading->errors, node, "'%s' is not an extended regular expression: %s", text, why);
}

static const struct ticket_pattern *find_pattern(const struct policy *policy, const char *text)
{
    for (const struct ticket_pattern *p = policy->ticket_patterns; p; p = p->next)
        if (strcmp(p->text, text) == 0)
            return p;
    return NULL;
}

/* Back-references make matching take for ever on the wrong text. */
static bool has_back_reference(const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\\' && p[1] >= '1' && p[1] <= '9')
            return true;
        if (*p == '\\' && p[1] != '\0')
            p++;
    }
    return false;
}

/* Byte by byte whatever the locale, so that the command line and the agent say the same of one
 * ticket. */
static int compile_regex(regex_t *regex, const char *text)
{
    locale_t bytes = newlocale(LC_ALL_MASK, "C", (locale_t)0), before;
    int error;

    if (bytes == (locale_t)0)
        return REG_ESPACE;
    before = uselocale(bytes);
    error = regcomp(regex, text, REG_EXTENDED | REG_NOSUB);
    (void)uselocale(before);
    freelocale(bytes);
    return error;
}

static const struct ticket_pattern *compile_pattern(
    struct reading *reading, const struct yaml_node *node, const char *text)
{
    struct policy *policy = reading->policy;
    struct ticket_pattern *pattern = arena_alloc(&policy->arena, sizeof(*pattern));
    int error;

    if (pattern)
        pattern->text = arena_text(&policy->arena, text, strlen(text));
    if (!pattern || !pattern->text) {
        reading->out_of_memory = true;
        return NULL;
    }
    error = compile_regex(&pattern->regex, text);
    if (error != 0) {
        refuse_pattern(reading, node, text, error);
        return NULL;
    }
    pattern->next = policy->ticket_patterns;
    policy->ticket_patterns = pattern;
    return pattern;
}

/* "ticket: no" would be a pattern that every ticket with "no" in it fits. */
static bool is_switch(const char *text)
{
    bool value;

    return text[0] == '\0' || parse_bool(text, &value) == 0;
}

static void set_pattern(
    struct reading *reading, const struct yaml_node *node, struct evidence_rule *evidence)
{
    const char *text = yaml_text(node, reading->errors);

    if (!text)
        return;
    if (is_switch(text)) {
        yaml_error(reading->errors, node,
            "a ticket is required, optional, or an extended regular expression, not '%s'", text);
        return;
    }
    if (strlen(text) > PATTERN_MAX || has_back_reference(text) || !ticket_pattern_is_small(text)) {
        yaml_error(reading->errors, node,
            "a ticket pattern has at most %d bytes, no back-references, no repeat of a repeat, and "
            "written out at most %d characters: others can take for ever",
            PATTERN_MAX, TICKET_COST_MAX);
        return;
    }
    evidence->ticket = find_pattern(reading->policy, text);
    if (!evidence->ticket)
        evidence->ticket = compile_pattern(reading, node, text);
    evidence->terms.ticket_pattern = evidence->ticket ? evidence->ticket->text : NULL;
}

static void read_ticket(
    struct reading *reading, struct yaml_node *node, struct evidence_rule *evidence)
{
    const struct yaml_node *ticket = yaml_take(node, "ticket");
    const char *text = ticket ? yaml_text(ticket, reading->errors) : NULL;

    if (!text)
        return;
    set(&evidence->terms, EVIDENCE_TICKET, strcmp(text, "optional") != 0);
    if (strcmp(text, "required") != 0 && strcmp(text, "optional") != 0)
        set_pattern(reading, ticket, evidence);
}

static void read_peer(struct reading *reading, struct yaml_node *node, struct evidence_terms *terms)
{
    struct yaml_node *peer = yaml_take(node, "peer");
    const char *text =
        peer && yaml_kind_of(peer) == YAML_SCALAR ? yaml_text(peer, reading->errors) : NULL;
    struct stage stage = {0};

    if (!peer)
        return;
    set(terms, EVIDENCE_PEER, !text || strcmp(text, "optional") != 0);
    if (text && (strcmp(text, "required") == 0 || strcmp(text, "optional") == 0))
        return;
    people_read_from(reading, peer, &stage);
    terms->peers_text = stage.from_text;
    terms->peers = stage.people;
    terms->peer_count = stage.people_count;
}

static bool is_control(const char *text)
{
    return text[0] != '\0' && strlen(text) <= CONTROL_MAX &&
           text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

static void read_control(
    struct reading *reading, struct yaml_node *node, struct evidence_terms *terms)
{
    const struct yaml_node *control = yaml_take(node, "control");
    size_t count = control ? yaml_count(control) : 0;
    const char **items;

    if (!control || !read_is_list(reading, control))
        return;
    if (count > EVIDENCE_CONTROLS_MAX) {
        yaml_error(reading->errors, control, "more than %d controls to choose from",
            EVIDENCE_CONTROLS_MAX);
        return;
    }
    items = arena_alloc(&reading->policy->arena, count * sizeof(*items));
    reading->out_of_memory |= !items;
    for (size_t i = 0; items && i < count; i++) {
        const struct yaml_node *item = yaml_item(control, i);
        const char *text = yaml_text(item, reading->errors);

        if (text && is_control(text))
            items[terms->control_count++] = arena_text(&reading->policy->arena, text, strlen(text));
        else if (text)
            yaml_error(reading->errors, item,
                "'%s' is not a control: lower-case letters, digits and -, at most %d", text,
                CONTROL_MAX);
    }
    terms->controls = items;
    set(terms, EVIDENCE_CONTROL, true);
}

const struct evidence_rule evidence_reason = {
    .terms = {.required = EVIDENCE_REASON,
        .unwritten = true,
        .reason_length = EVIDENCE_REASON_LENGTH},
};

static struct evidence_rule *new_evidence(struct reading *reading)
{
    struct evidence_rule *evidence = arena_alloc(&reading->policy->arena, sizeof(*evidence));

    reading->out_of_memory |= !evidence;
    if (evidence)
        evidence->terms.reason_length = EVIDENCE_REASON_LENGTH;
    return evidence;
}

static void read_terms(
    struct reading *reading, struct yaml_node *node, struct evidence_rule *evidence)
{
    if (!node || !yaml_expect(node, YAML_MAPPING, reading->errors))
        return;
    read_reason(reading, node, &evidence->terms);
    read_ticket(reading, node, evidence);
    read_peer(reading, node, &evidence->terms);
    read_control(reading, node, &evidence->terms);
    yaml_finish(node, reading->errors);
}

const struct evidence_rule *evidence_read(
    struct reading *reading, struct yaml_node *node, enum sensitivity sensitivity)
{
    struct evidence_rule *evidence = new_evidence(reading);

    if (!evidence)
        return NULL;
    evidence->terms.required = evidence_of(sensitivity);
    if (sensitivity != SENSITIVITY_LOW) {
        evidence->terms.reason_length = ENTITLEMENT_REASON_LENGTH;
        evidence->terms.reason_repeats = ENTITLEMENT_REASON_REPEATS;
    }
    read_terms(reading, node, evidence);
    return evidence;
}

const struct evidence_rule *evidence_read_rule(
    struct reading *reading, struct yaml_node *node, unsigned asked)
{
    struct evidence_rule *evidence = new_evidence(reading);

    if (!evidence)
        return NULL;
    evidence->terms.required = asked;
    read_terms(reading, node, evidence);
    return evidence;
}

void evidence_done(struct policy *policy)
{
    for (struct ticket_pattern *p = policy->ticket_patterns; p; p = p->next)
        regfree(&p->regex);
    policy->ticket_patterns = NULL;
}

/* ---- judging --------------------------------------------------------------------------- */

static size_t count_marks(const char *text)
{
    size_t count = 0;

    for (const char *p = text ? text : ""; *p != '\0'; p++)
        count += *p != ' ' && *p != '\t' && ((unsigned char)*p & 0xc0) != 0x80;
    return count;
}

static bool has_reason(const struct evidence_terms *terms, const struct facts *facts)
{
    return count_marks(facts->reason) >= terms->reason_length &&
           (terms->reason_repeats == 0 || facts->reason_seen < terms->reason_repeats);
}

static bool has_ticket(const struct evidence_rule *evidence, const struct facts *facts)
{
    if (str_empty(facts->ticket) || strlen(facts->ticket) > EVIDENCE_TICKET_MAX ||
        facts->ticket_state == TICKET_REJECTED)
        return false;
    return !evidence->ticket || regexec(&evidence->ticket->regex, facts->ticket, 0, NULL, 0) == 0;
}

static bool may_confirm(const struct evidence_terms *terms, uint32_t person)
{
    for (size_t i = 0; i < terms->peer_count; i++)
        if (terms->peers[i] == person)
            return true;
    return !terms->peers_text;
}

/* Somebody else, who is there. */
static bool has_peer(
    const struct policy *policy, const struct evidence_terms *terms, const struct facts *facts)
{
    int64_t subject = policy_person_of(policy, facts->uid);

    if (str_empty(facts->peer))
        return false;
    for (uint32_t i = 0; i < policy->people_names.count; i++)
        if (strcmp(policy->people[i].person.name, facts->peer) == 0)
            return i != subject && may_confirm(terms, i) &&
                   policy_person_state(policy, i, facts->now_us) == PERSON_HERE;
    return false;
}

static bool has_control(const struct evidence_terms *terms, const struct facts *facts)
{
    for (size_t i = 0; i < terms->control_count; i++)
        if (str_equal(terms->controls[i], facts->control))
            return true;
    return false;
}

unsigned evidence_missing(
    const struct policy *policy, const struct evidence_rule *evidence, const struct facts *facts)
{
    unsigned missing = 0;

    if (!has_reason(&evidence->terms, facts))
        missing |= EVIDENCE_REASON;
    if (!has_ticket(evidence, facts))
        missing |= EVIDENCE_TICKET;
    if ((evidence->terms.required & EVIDENCE_PEER) != 0 &&
        !has_peer(policy, &evidence->terms, facts))
        missing |= EVIDENCE_PEER;
    if (!has_control(&evidence->terms, facts))
        missing |= EVIDENCE_CONTROL;
    return missing & evidence->terms.required;
}
