#include "view_explain.h"

#include <stdio.h>
#include <string.h>

#include "../../agent/facts/cast.h"
#include "../base/field.h"
#include "../base/json.h"
#include "../view/table.h"
#include "../view/when.h"

#define NAMES_SHOWN 10

static enum style style_of_decision(const char *decision)
{
    return strcmp(decision, "allow") == 0      ? STYLE_GOOD
           : strcmp(decision, "escalate") == 0 ? STYLE_WARN
                                               : STYLE_BAD;
}

static void put_head(struct str_builder *out, const struct view *view, const json_t *explanation)
{
    const char *decision = field_text_or(explanation, "decision", "deny");
    const char *rule = field_text(explanation, "rule");
    AUTO_FREE char *reason = text_escape(field_text_or(explanation, "reason", ""));

    view_styled(out, view, style_of_decision(decision), decision);
    if (rule) {
        str_append(out, " by rule ");
        view_styled(out, view, STYLE_ID, rule);
    }
    if (json_array_size(field_array(explanation, "missing")) > 0)
        str_append(out, ", but evidence is missing");
    str_append(out, "\n  ");
    text_put_wrapped(out, reason ? reason : "", 2, view->options->width);
}

/* ---- what it was decided on -------------------------------------------------------------- */

/* An identity is of kind service, whatever the number of its account says. */
static const char *kind_of(const json_t *explanation, const json_t *facts)
{
    return field_object(explanation, "identity") ? "service" : field_text(facts, "kind");
}

static char *describe_subject(const json_t *explanation, const json_t *facts)
{
    const char *kind = kind_of(explanation, facts);
    const json_t *groups = field_array(facts, "groups");
    int64_t uid = field_int(facts, "uid", -1);
    struct str_builder line = {0};

    text_put(&line, field_text_or(facts, "user", "?"));
    if (uid >= 0 && uid <= UINT32_MAX && !cast_made_up((uint32_t)uid))
        str_appendf(&line, " (uid %lld", (long long)uid);
    else
        str_append(&line, " (not on this host");
    if (kind) {
        str_append(&line, ", ");
        text_put(&line, kind);
    }
    if (groups)
        str_appendf(&line, ", in %zu group%s", json_array_size(groups),
            json_array_size(groups) == 1 ? "" : "s");
    str_append(&line, ")");
    return str_builder_take(&line);
}

/* "ci-deploy: ended 2027-06-30" */
static char *describe_identity(const json_t *identity)
{
    const char *state = field_text_or(identity, "state", "unknown");
    const char *expires = field_text_or(identity, "expires", "?");
    struct str_builder line = {0};

    if (!identity)
        return NULL;
    text_put(&line, field_text_or(identity, "name", "?"));
    str_append(&line, strcmp(state, "ended") == 0     ? ": ended "
                      : strcmp(state, "active") == 0  ? ": active until "
                      : strcmp(state, "unowned") == 0 ? ": no owner is left of "
                                                      : ": the time is not known, and it ends on ");
    text_put(
        &line, strcmp(state, "unowned") == 0 ? field_text_or(identity, "owner", "?") : expires);
    return str_builder_take(&line);
}

/* As view_what() wants it. */
static json_t *scope_of(const json_t *explanation, const json_t *facts)
{
    json_t *argv = json_copy(field_array(facts, "argv"));
    const char *command = field_text(facts, "command");

    if (!argv && command)
        argv = json_array();
    if (argv && command) {
        if (json_array_size(argv) > 0)
            (void)json_array_remove(argv, 0);
        (void)json_array_insert_new(argv, 0, json_string(command));
    }
    return json_pack("{s:s?, s:s?, s:s?, s:o?}", "service", field_text(facts, "service"), "run_as",
        field_text(explanation, "run_as"), "rhost", field_text(facts, "rhost"), "command", argv);
}

static char *describe_scope(const json_t *explanation, const json_t *facts)
{
    AUTO_JSON json_t *scope = scope_of(explanation, facts);
    const char *entitlement = field_text(facts, "entitlement");
    struct str_builder line = {0};

    if (entitlement) {
        str_append(&line, field_bool(facts, "whole", false) ? "all of entitlement " : "by ");
        text_put(&line, entitlement);
    }
    if (entitlement && !field_bool(facts, "whole", false))
        str_append(&line, ", ");
    if (!field_bool(facts, "whole", false))
        view_what(&line, scope);
    return str_builder_take(&line);
}

static bool is_asked_as_whole(const char *key)
{
    return strcmp(key, "service") == 0 || strcmp(key, "run_as") == 0 || strcmp(key, "command") == 0;
}

static char *list_unknown(const json_t *explanation, const json_t *facts)
{
    static const char *const keys[] = {
        "kind", "groups", "service", "run_as", "command", "rhost", "tty", "at"};
    bool login = json_is_null(json_object_get(facts, "command"));
    struct str_builder line = {0};

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (json_object_get(facts, keys[i]) || (i == 0 && kind_of(explanation, facts)) ||
            (login && strcmp(keys[i], "run_as") == 0) ||
            (field_bool(facts, "whole", false) && is_asked_as_whole(keys[i])))
            continue;
        str_appendf(&line, "%s%s", line.length > 0 ? ", " : "", keys[i]);
    }
    return str_builder_take(&line);
}

static char *list_made_up(const json_t *explanation)
{
    const json_t *names = field_array(explanation, "made_up");
    struct str_builder line = {0};
    size_t index;
    json_t *name;

    json_array_foreach(names, index, name)
    {
        if (index == NAMES_SHOWN) {
            str_appendf(&line, " and %zu more", json_array_size(names) - NAMES_SHOWN);
            break;
        }
        str_append(&line, index > 0 ? ", " : "");
        text_put(&line, json_string_value(name));
    }
    if (line.length > 0)
        str_append(&line, ": taken as if they existed");
    return str_builder_take(&line);
}

static void put_facts(struct str_builder *out, const struct view *view, const json_t *explanation)
{
    const json_t *facts = field_object(explanation, "facts");
    AUTO_FREE char *identity = describe_identity(field_object(explanation, "identity"));
    AUTO_FREE char *who = NULL, *what = NULL, *unknown = NULL, *made_up = NULL;

    view_row_text(out, view, "Facts", field_text(explanation, "facts_left_out"));
    view_row(out, view, "Identity", identity);
    if (!facts)
        return;
    who = describe_subject(explanation, facts);
    what = describe_scope(explanation, facts);
    unknown = list_unknown(explanation, facts);
    made_up = list_made_up(explanation);
    view_row(out, view, "Who", who);
    view_row(out, view, "What", what);
    view_row_text(out, view, "Host", field_text(facts, "host"));
    if (field_time(facts, "at") > 0)
        view_row_time(out, view, "At", field_time(facts, "at"));
    view_row(out, view, "Unknown", unknown);
    view_row(out, view, "Not here", made_up);
}

/* ---- what comes of it -------------------------------------------------------------------- */

static void put_terms(struct str_builder *out, const struct view *view, const json_t *explanation)
{
    int64_t duration = field_int(explanation, "duration", 0);
    int64_t uses = field_int(explanation, "uses", 0);
    struct str_builder line = {0};
    AUTO_FREE char *text = NULL;
    char length[WHEN_SIZE];

    if (duration <= 0)
        return;
    when_length((uint64_t)duration, length);
    str_appendf(&line, "%s, ", length);
    if (uses > 0)
        str_appendf(&line, "%lld use%s", (long long)uses, uses == 1 ? "" : "s");
    else
        str_append(&line, "any number of uses");
    if (field_bool(explanation, "survives_reboot", false))
        str_append(&line, ", also after a reboot");
    text = str_builder_take(&line);
    view_row(out, view, "For", text);
}

static void put_evidence(
    struct str_builder *out, const struct view *view, const json_t *explanation)
{
    const json_t *evidence = field_array(explanation, "evidence");
    size_t index;
    json_t *item;

    json_array_foreach(evidence, index, item)
    {
        const char *form = field_text(item, "form");
        struct str_builder line = {0};
        AUTO_FREE char *text = NULL;

        text_put(&line, field_text_or(item, "kind", "?"));
        if (form) {
            str_append(&line, " (");
            text_put(&line, form);
            str_append(&line, ")");
        }
        str_append(&line, field_bool(item, "missing", true) ? ": missing" : ": given");
        text = str_builder_take(&line);
        view_row(out, view, index == 0 ? "Evidence" : "", text);
    }
}

static void put_stage(struct str_builder *out, const struct view *view, const json_t *explanation,
    const json_t *stage)
{
    const json_t *people = field_array(stage, "people");
    int64_t need = field_int(stage, "need", 1), seconds = field_int(stage, "within", 0);
    struct str_builder line = {0};
    AUTO_FREE char *text = NULL;
    char within[WHEN_SIZE];

    when_length(seconds > 0 ? (uint64_t)seconds : 0, within);
    if (json_array_size(people) > 0)
        view_names(&line, people, " or ");
    else
        str_append(&line, need == 0 ? "only the colleague who is named" : "nobody");
    str_append(&line, " (");
    if (need > 0) {
        str_appendf(&line, "%lld needed, of ", (long long)need);
        text_put(&line, field_text_or(stage, "from", "?"));
        str_append(&line, ", ");
    }
    str_appendf(&line, "within %s, strength ", within);
    text_put(&line, field_text_or(explanation, "strength", "?"));
    str_append(&line, ")");
    if ((int64_t)json_array_size(people) < need)
        str_append(&line, ": too few, so it would be refused");
    text = str_builder_take(&line);
    view_row(out, view, "Asked", text);
}

static void put_watched(struct str_builder *out, const struct view *view, const json_t *explanation)
{
    const char *would = field_text(explanation, "would");
    struct str_builder line = {0};
    AUTO_FREE char *text = NULL;

    if (!would)
        return;
    str_append(&line, "watched rules would ");
    text_put(&line, would);
    str_append(&line, " by ");
    text_put(&line, field_text_or(explanation, "would_rule", "default"));
    text = str_builder_take(&line);
    view_row(out, view, "Would", text);
}

static void put_enforced(
    struct str_builder *out, const struct view *view, const json_t *explanation)
{
    if (!field_bool(explanation, "enforced", true))
        view_row(out, view, "Enforced",
            "no: the service is in monitor mode, where it is let through and recorded");
}

static void put_verdict(struct str_builder *out, const struct view *view, const json_t *explanation)
{
    const json_t *stages = field_array(explanation, "stages");
    size_t index;
    json_t *stage;

    view_row_text(out, view, "Instead", field_text(explanation, "instead"));
    view_row_text(out, view, "Entitlement", field_text(explanation, "entitlement"));
    view_row_text(out, view, "Lapsed", field_text(explanation, "lapse"));
    put_terms(out, view, explanation);
    put_evidence(out, view, explanation);
    json_array_foreach(stages, index, stage) put_stage(out, view, explanation, stage);
    put_watched(out, view, explanation);
    put_enforced(out, view, explanation);
}

/* ---- rules ------------------------------------------------------------------------------- */

static enum style style_of_standing(const char *standing)
{
    return strcmp(standing, "decides") == 0   ? STYLE_BOLD
           : strcmp(standing, "matches") == 0 ? STYLE_PLAIN
                                              : STYLE_DIM;
}

static char *describe_standing(const json_t *rule, const char *standing)
{
    struct str_builder line = {0};

    if (field_text(rule, "why"))
        text_put(&line, field_text(rule, "why"));
    else
        str_append(&line, strcmp(standing, "decides") == 0 ? "decides" : "matches");
    if (field_text(rule, "entitlement") && !field_text(rule, "why")) {
        str_append(&line, " by ");
        text_put(&line, field_text(rule, "entitlement"));
    }
    if (field_bool(rule, "monitored", false))
        str_append(&line, "; only watched");
    if (field_text(rule, "lapse")) {
        str_append(&line, "; lapsed: ");
        text_put(&line, field_text(rule, "lapse"));
    }
    return str_builder_take(&line);
}

static void add_rule(struct table *table, const json_t *rule)
{
    const char *standing = field_text_or(rule, "standing", "fails");
    enum style style = style_of_standing(standing);

    table_add(table, strcmp(standing, "decides") == 0 ? "->" : "", style);
    table_add(table, field_text_or(rule, "id", "?"), style);
    table_add(table, field_text_or(rule, "decision", "?"), style);
    table_take(table, describe_standing(rule, standing), style);
}

static void put_rules(struct str_builder *out, const struct view *view, const json_t *explanation)
{
    static const struct table_column columns[] = {
        {"", false}, {"RULE", true}, {"SAYS", false}, {"HERE", true}, {0}};
    const json_t *rules = field_array(explanation, "rules");
    long long left_out = field_int(explanation, "rules_left_out", 0);
    struct table table;
    size_t index;
    json_t *rule;

    if (json_array_size(rules) > 0) {
        str_append(out, "\n");
        table_init(&table, columns);
        json_array_foreach(rules, index, rule) add_rule(&table, rule);
        table_render(&table, view->options, out);
        table_done(&table);
    }
    if (left_out > 0)
        str_appendf(out, "%lld more rule%s about something else; --all shows more.\n", left_out,
            left_out == 1 ? " is" : "s are");
}

void view_show_explanation(
    struct str_builder *out, const struct view *view, const json_t *explanation)
{
    put_head(out, view, explanation);
    str_append(out, "\n");
    put_facts(out, view, explanation);
    put_verdict(out, view, explanation);
    put_rules(out, view, explanation);
}
