#include "evidence.h"

#include <string.h>

#include "../../common/record.h"
#include "../../common/str.h"
#include "../../common/typed.h"
#include "../state/say.h"
#include "../study/form.h"

#define GIVEN_SIZE 48 /* of what was typed, for it to be recognised */

/* What is looked at together. */
struct lack {
    const struct policy *policy;
    const struct verdict *verdict;
    const struct facts *facts;
};

static const struct {
    enum evidence kind;
    enum typed_kind typed;
    size_t offset; /* in struct facts */
    const char *label;
    const char *noun;
} kinds[EVIDENCE_COUNT] = {
    {EVIDENCE_REASON, TYPED_REASON, offsetof(struct facts, reason), "Reason", "a reason"},
    {EVIDENCE_TICKET, TYPED_TICKET, offsetof(struct facts, ticket), "Ticket", "a ticket"},
    {EVIDENCE_CONTROL, TYPED_CONTROL, offsetof(struct facts, control), "Control", "a control"},
    {EVIDENCE_PEER, TYPED_PEER, offsetof(struct facts, peer), "Colleague who confirms",
        "a colleague who confirms"},
};

static size_t row_of(enum evidence kind)
{
    size_t row = 0;

    while (row + 1 < EVIDENCE_COUNT && kinds[row].kind != kind)
        row++;
    return row;
}

static const char *given_of(const struct lack *lack, size_t row)
{
    const void *at = (const char *)lack->facts + kinds[row].offset;
    const char *given = *(const char *const *)at;

    return str_empty(given) ? NULL : given;
}

enum evidence evidence_next(const struct verdict *verdict)
{
    for (size_t row = 0; row < EVIDENCE_COUNT; row++)
        if ((verdict->missing & kinds[row].kind) != 0)
            return kinds[row].kind;
    return 0;
}

uint64_t evidence_need(enum evidence kind)
{
    return typed_need(kinds[row_of(kind)].typed);
}

/* ---- parts ----------------------------------------------------------------------------- */

static char *form_of(const struct lack *lack, enum evidence kind)
{
    struct str_builder builder = {0};

    form_put(&builder, lack->verdict->evidence, kind);
    return str_builder_take(&builder);
}

/* What asks for it: "db-admin, sensitivity high" or "rule web-restart". */
static void append_source(struct str_builder *builder, const struct verdict *verdict)
{
    if (verdict->entitlement)
        str_appendf(builder, "%s, sensitivity %s", verdict->entitlement,
            sensitivity_to_string(verdict->sensitivity));
    else
        str_appendf(builder, "rule %s", verdict->rule ? verdict->rule : "by default");
}

/* ---- what was wrong with what was given -------------------------------------------------- */

static void append_wrong_reason(
    struct str_builder *builder, const struct lack *lack, const char *given)
{
    const struct evidence_terms *terms = lack->verdict->evidence;
    unsigned seen = lack->facts->reason_seen;

    if (terms->reason_repeats > 0 && seen >= terms->reason_repeats)
        str_appendf(builder, "That reason was given %u time%s lately: say what is different now.",
            seen, seen == 1 ? "" : "s");
    else
        str_appendf(builder, "\"%s\" is too short a reason.", given);
}

static void append_wrong_ticket(
    struct str_builder *builder, const struct lack *lack, const char *given)
{
    if (lack->facts->ticket_state == TICKET_REJECTED)
        str_appendf(builder, "The ticket system does not accept \"%s\".", given);
    else if (lack->verdict->evidence->ticket_pattern)
        str_appendf(builder, "\"%s\" does not look like one.", given);
    else
        str_appendf(builder, "\"%s\" is too long for one.", given);
}

static int64_t person_called(const struct policy *policy, const char *name)
{
    for (size_t i = 0; i < policy_person_count(policy); i++)
        if (str_equal(policy_person(policy, (uint32_t)i)->name, name))
            return (int64_t)i;
    return -1;
}

static bool may_confirm(const struct evidence_terms *terms, int64_t person)
{
    for (size_t i = 0; i < terms->peer_count; i++)
        if (terms->peers[i] == person)
            return true;
    return !terms->peers_text;
}

static void append_wrong_peer(
    struct str_builder *builder, const struct lack *lack, const char *given)
{
    int64_t person = person_called(lack->policy, lack->facts->peer);

    if (person < 0)
        str_appendf(builder, "Nobody among the people of the policy is called \"%s\".", given);
    else if (person == policy_person_of(lack->policy, lack->facts->uid))
        str_append(builder, "You cannot confirm for yourself.");
    else if (!may_confirm(lack->verdict->evidence, person))
        str_appendf(builder, "%s may not confirm this.", given);
    else
        str_appendf(builder, "%s %s, and cannot confirm.", given,
            person_state_to_string(
                policy_person_state(lack->policy, (uint32_t)person, lack->facts->now_us)));
}

/* One sentence, or nothing where nothing was given. */
static void append_wrong(struct str_builder *builder, const struct lack *lack, size_t row)
{
    const char *raw = given_of(lack, row);
    char given[GIVEN_SIZE];

    if (!raw)
        return;
    str_escape(raw, strlen(raw), given, sizeof(given));
    switch (kinds[row].kind) {
    case EVIDENCE_REASON:
        append_wrong_reason(builder, lack, given);
        return;
    case EVIDENCE_TICKET:
        append_wrong_ticket(builder, lack, given);
        return;
    case EVIDENCE_CONTROL:
        str_appendf(builder, "\"%s\" is none of them.", given);
        return;
    case EVIDENCE_PEER:
        append_wrong_peer(builder, lack, given);
        return;
    }
}

static bool is_first_question(const struct lack *lack)
{
    for (size_t row = 0; row < EVIDENCE_COUNT; row++)
        if ((lack->verdict->evidence->required & kinds[row].kind) != 0 && given_of(lack, row))
            return false;
    return true;
}

/* ---- the texts --------------------------------------------------------------------------- */

/* "Reason (db-admin, sensitivity high; 8 characters at least): ", "Ticket (like ^INC-[0-9]+$): ":
 * what asks for it only once, at the first question. */
static void append_label(
    struct str_builder *builder, const struct lack *lack, size_t row, const char *form)
{
    bool first = is_first_question(lack);

    str_append(builder, kinds[row].label);
    if (!first && form[0] == '\0') {
        str_append(builder, ": ");
        return;
    }
    str_append(builder, " (");
    if (first)
        append_source(builder, lack->verdict);
    str_appendf(builder, "%s%s): ", first && form[0] != '\0' ? "; " : "", form);
}

char *evidence_prompt(const struct policy *policy, const struct verdict *verdict,
    const struct facts *facts, const char *lead)
{
    const struct lack lack = {policy, verdict, facts};
    size_t row = row_of(evidence_next(verdict));
    AUTO_FREE char *form = form_of(&lack, kinds[row].kind);
    struct str_builder builder = {0};

    if (!form)
        return NULL;
    if (given_of(&lack, row)) {
        append_wrong(&builder, &lack, row);
        str_append(&builder, "\n");
    } else if (lead && is_first_question(&lack)) {
        str_appendf(&builder, "%s\n", lead);
    }
    append_label(&builder, &lack, row, form);
    return str_builder_take(&builder);
}

/* "a reason (8 characters at least), a ticket and a control (snapshot or four-eyes)" */
static void append_missing(struct str_builder *builder, const struct lack *lack)
{
    unsigned left = lack->verdict->missing;
    const char *before = "";

    for (size_t row = 0; row < EVIDENCE_COUNT; row++) {
        AUTO_FREE char *form = NULL;

        if ((left & kinds[row].kind) == 0)
            continue;
        left &= ~(unsigned)kinds[row].kind;
        form = form_of(lack, kinds[row].kind);
        str_appendf(builder, "%s%s", before, kinds[row].noun);
        if (!str_empty(form))
            str_appendf(builder, " (%s)", form);
        before = (left & (left - 1)) != 0 ? ", " : " and ";
    }
}

static char *options_of(unsigned wanted)
{
    struct str_builder builder = {0};

    for (size_t row = 0; row < EVIDENCE_COUNT; row++)
        if ((wanted & kinds[row].kind) != 0)
            str_appendf(&builder, " %s", typed_option(kinds[row].typed));
    return str_builder_take(&builder);
}

/* From a door with everything that is required: what was given there is gone by then. */
static void append_advice(
    struct str_builder *builder, const struct verdict *verdict, const struct scope *scope)
{
    AUTO_FREE char *options = options_of(scope ? verdict->evidence->required : verdict->missing);
    AUTO_FREE char *command = options && scope ? say_request_command(scope, options) : NULL;

    if (command)
        str_appendf(builder, "\nAsk first: %s", command);
    else if (options)
        str_appendf(builder, "\nAdd:%s", options);
}

char *evidence_refusal(const struct policy *policy, const struct verdict *verdict,
    const struct facts *facts, const struct scope *scope)
{
    const struct lack lack = {policy, verdict, facts};
    struct str_builder builder = {0};

    str_append(&builder, "Refused: ");
    append_missing(&builder, &lack);
    str_append(&builder,
        (verdict->missing & (verdict->missing - 1)) != 0 ? " are needed (" : " is needed (");
    append_source(&builder, verdict);
    str_append(&builder, ")");
    if (verdict->decision == DECISION_ESCALATE && verdict->stage_count > 0 &&
        verdict->stages[0].need > 0) {
        str_appendf(&builder, ", and the approval of %s", verdict->stages[0].from_text);
        say_put_lapse(&builder, verdict->lapse, verdict->rule);
    }
    str_append(&builder, ".");
    for (size_t row = 0; row < EVIDENCE_COUNT; row++) {
        if ((verdict->missing & kinds[row].kind) == 0 || !given_of(&lack, row))
            continue;
        str_append(&builder, " ");
        append_wrong(&builder, &lack, row);
    }
    append_advice(&builder, verdict, scope);
    return str_builder_take(&builder);
}
