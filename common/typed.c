#include "typed.h"

#include <stddef.h>
#include <string.h>

#include "str.h"

/* One row per kind: its bit, its place in an ask, and what it is called. */
static const struct {
    uint64_t need;
    size_t offset;
    const char *label;
    const char *noun; /* after "no" */
    const char *a_noun;
    const char *option;
} kinds[TYPED_MAX] = {
    [TYPED_REASON] = {GATE_NEED_REASON, offsetof(struct gate_ask, reason), "Reason: ", "reason",
        "a reason", "--reason \"...\""},
    [TYPED_TICKET] = {GATE_NEED_TICKET, offsetof(struct gate_ask, ticket), "Ticket: ", "ticket",
        "a ticket", "--ticket TICKET"},
    [TYPED_CONTROL] = {GATE_NEED_CONTROL, offsetof(struct gate_ask, control),
        "Control: ", "control", "a control", "--control WORD"},
    [TYPED_PEER] = {GATE_NEED_PEER, offsetof(struct gate_ask, peer),
        "Colleague: ", "name of a colleague", "the name of a colleague", "--peer PERSON"},
};

uint64_t typed_need(enum typed_kind kind)
{
    return kinds[kind].need;
}

const char *typed_option(enum typed_kind kind)
{
    return kinds[kind].option;
}

static void note(struct typed *typed, uint64_t need, enum typed_why why)
{
    typed->lacking = need;
    typed->why = why;
}

void typed_note_unasked(struct typed *typed, uint64_t need)
{
    note(typed, need & GATE_NEED_TYPED, TYPED_UNASKED);
}

bool typed_may_ask(struct typed *typed, enum typed_kind kind)
{
    if (typed->tries[kind] >= TYPED_TRIES_MAX) {
        note(typed, kinds[kind].need, TYPED_UNFIT);
        return false;
    }
    typed->tries[kind]++;
    return true;
}

char *typed_prompt(enum typed_kind kind, const char *text)
{
    struct str_builder builder = {0};
    size_t length = text ? strlen(text) : 0;

    str_append_n(&builder, text ? text : "", length);
    if (length > 0 && text[length - 1] != ' ')
        str_append(&builder, "\n");
    if (length == 0 || text[length - 1] != ' ')
        str_append(&builder, kinds[kind].label);
    return str_builder_take(&builder);
}

static void trim(char *line)
{
    size_t lead = strspn(line, " \t\r\n"), length = strlen(line);

    while (length > lead && strchr(" \t\r\n", line[length - 1]))
        length--;
    memmove(line, line + lead, length - lead);
    line[length - lead] = '\0';
}

static void wipe(char **line)
{
    if (*line)
        explicit_bzero(*line, strlen(*line));
    free(*line);
    *line = NULL;
}

bool typed_take(struct typed *typed, enum typed_kind kind, char *line, struct gate_ask *ask)
{
    const char **fact = (const char **)(void *)((char *)ask + kinds[kind].offset);

    *fact = NULL;
    wipe(&typed->lines[kind]);
    typed->lines[kind] = line;
    if (line)
        trim(line);
    if (str_empty(line) || strlen(line) > TYPED_LINE_MAX) {
        note(typed, kinds[kind].need, str_empty(line) ? TYPED_UNGIVEN : TYPED_TOO_LONG);
        return false;
    }
    *fact = line;
    return true;
}

/* "a reason, a ticket and a control" */
static void append_lacking(struct str_builder *builder, uint64_t lacking)
{
    const char *before = "";

    for (unsigned kind = 0; kind < TYPED_MAX; kind++) {
        if ((lacking & kinds[kind].need) == 0)
            continue;
        lacking &= ~kinds[kind].need;
        str_appendf(builder, "%s%s", before, kinds[kind].a_noun);
        before = (lacking & (lacking - 1)) != 0 ? ", " : " and ";
    }
}

static const char *noun_of(uint64_t lacking)
{
    for (unsigned kind = 0; kind < TYPED_MAX; kind++)
        if ((lacking & kinds[kind].need) != 0)
            return kinds[kind].noun;
    return "answer";
}

static void append_sentence(struct str_builder *builder, const struct typed *typed)
{
    const char *noun = noun_of(typed->lacking);

    if (typed->why == TYPED_UNGIVEN) {
        str_appendf(builder, "no %s was given", noun);
    } else if (typed->why == TYPED_TOO_LONG) {
        str_appendf(builder, "the %s was too long", noun);
    } else if (typed->why == TYPED_UNFIT) {
        str_appendf(builder, "no %s was accepted in %d tries", noun, TYPED_TRIES_MAX);
    } else {
        append_lacking(builder, typed->lacking);
        str_appendf(builder, " %s needed, which cannot be asked for here",
            (typed->lacking & (typed->lacking - 1)) != 0 ? "are" : "is");
    }
}

/* With everything that has been asked for so far: what was typed is gone by then. */
static void append_command(
    struct str_builder *builder, const struct typed *typed, const struct gate_ask *ask)
{
    str_appendf(builder, "assent request --service %s", ask->service ? ask->service : "SERVICE");
    if (str_is_name(ask->run_as) && strcmp(ask->run_as, "root") != 0 &&
        !str_equal(ask->run_as, ask->user))
        str_appendf(builder, " --run-as %s", ask->run_as);
    for (unsigned kind = 0; kind < TYPED_MAX; kind++)
        if (typed->tries[kind] > 0 || (typed->lacking & kinds[kind].need) != 0)
            str_appendf(builder, " %s", kinds[kind].option);
    str_append(builder, " --wait");
    if (ask->command)
        str_append(builder, " -- COMMAND");
}

char *typed_refusal(const struct typed *typed, const struct gate_ask *ask, const char *prefix)
{
    struct str_builder builder = {0};

    str_appendf(&builder, "%s: ", prefix);
    if (typed->lacking == 0) {
        str_append(&builder, "the agent needs what this door cannot tell.\n"
                             "Restart the service: its module is of another version.");
        return str_builder_take(&builder);
    }
    append_sentence(&builder, typed);
    str_append(&builder, ".\nAsk ahead: ");
    append_command(&builder, typed, ask);
    return str_builder_take(&builder);
}

void typed_done(struct typed *typed)
{
    for (unsigned kind = 0; kind < TYPED_MAX; kind++)
        wipe(&typed->lines[kind]);
}
