#include "view.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../common/clock.h"
#include "../../common/names.h"
#include "../base/field.h"
#include "../base/json.h"
#include "../base/text.h"
#include "when.h"

void view_init(struct view *view, const struct cli_options *options)
{
    *view = (struct view){
        .options = options,
        .now_us = clock_realtime_us(),
        .uid = (int64_t)getuid(),
    };
}

void view_row(
    struct str_builder *out, const struct view *view, const char *label, const char *escaped)
{
    if (str_empty(escaped))
        return;
    str_appendf(out, "  %s%-*s%s", style_on(view->options, STYLE_DIM), VIEW_LABEL - 2, label,
        style_off(view->options, STYLE_DIM));
    text_put_wrapped(out, escaped, VIEW_LABEL, view->options->width);
}

void view_row_text(
    struct str_builder *out, const struct view *view, const char *label, const char *text)
{
    AUTO_FREE char *escaped = text ? text_escape(text) : NULL;

    view_row(out, view, label, escaped);
}

void view_opens(struct str_builder *out, const struct view *view, const json_t *object)
{
    const json_t *opens = field_array(object, "opens");

    for (size_t i = 0; i < json_array_size(opens); i++)
        view_row_text(
            out, view, i == 0 ? "Opens" : "", json_string_value(json_array_get(opens, i)));
}

void view_row_time(
    struct str_builder *out, const struct view *view, const char *label, uint64_t time_us)
{
    char relative[WHEN_SIZE], absolute[WHEN_SIZE], line[2 * WHEN_SIZE + 4];

    if (time_us == 0)
        return;
    when_relative(time_us, view->now_us, relative);
    when_absolute(time_us, absolute);
    snprintf(line, sizeof(line), "%s (%s)", relative, absolute);
    view_row(out, view, label, line);
}

void view_styled(
    struct str_builder *out, const struct view *view, enum style style, const char *text)
{
    str_append(out, style_on(view->options, style));
    text_put(out, text);
    str_append(out, style_off(view->options, style));
}

void view_names(struct str_builder *out, const json_t *names, const char *last)
{
    size_t count = json_array_size(names), index;
    json_t *name;

    json_array_foreach(names, index, name)
    {
        if (index > 0)
            str_append(out, index + 1 == count ? last : ", ");
        text_put(out, json_is_string(name) ? json_string_value(name) : "?");
    }
}

static void put_login(struct str_builder *out, const json_t *object)
{
    const char *rhost = field_text(object, "rhost");

    str_append(out, "ssh login");
    if (rhost) {
        str_append(out, " from ");
        text_put(out, rhost);
    }
}

/* "db-admin (sudo or sshd)": all that it opens, not one command of it. */
static void put_entitlement(struct str_builder *out, const json_t *object, const char *doors)
{
    text_put(out, field_text_or(object, "entitlement", "?"));
    str_append(out, " (");
    text_put(out, doors);
    str_append(out, ")");
}

void view_what(struct str_builder *out, const json_t *object)
{
    const char *service = field_text_or(object, "service", "?");
    const char *run_as = field_text(object, "run_as");
    const json_t *command = field_array(object, "command");

    if (json_array_size(field_array(object, "opens")) > 0) {
        put_entitlement(out, object, service);
        return;
    }
    if (strcmp(service, SERVICE_SSHD) == 0) {
        put_login(out, object);
        return;
    }
    text_put(out, service);
    if (json_array_size(command) > 0) {
        str_append(out, " ");
        text_put_command(out, command);
    } else if (strcmp(service, SERVICE_SUDO) == 0) {
        str_append(out, run_as ? ", anything sudoers allows," : ", anything sudoers allows");
    }
    if (run_as) {
        str_append(out, " as ");
        text_put(out, run_as);
    }
}

const char *view_who(const struct view *view, const json_t *object)
{
    const json_t *subject = field_object(object, "subject");

    if (field_int(subject, "uid", -1) == view->uid)
        return "you";
    return field_text_or(subject, "name", "?");
}

static bool is_approval(const json_t *approval)
{
    const char *verdict = field_text_or(approval, "verdict", "");

    return strcmp(verdict, "approve") == 0 || strcmp(verdict, "approved") == 0;
}

static void put_approval(struct str_builder *out, const struct view *view, const json_t *approval)
{
    const char *reason = field_text(approval, "reason"),
               *strength = field_text(approval, "strength");
    uint64_t time_us = field_time(approval, "time");
    bool approved = is_approval(approval);
    char when[WHEN_SIZE];

    str_append(out, "  ");
    text_put(out, field_text_or(approval, "approver", "?"));
    str_append(out, " ");
    view_styled(out, view, approved ? STYLE_GOOD : STYLE_BAD, approved ? "approved" : "refused");
    if (time_us > 0) {
        when_relative(time_us, view->now_us, when);
        str_appendf(out, " %s", when);
    }
    if (strength) {
        str_append(out, " (");
        text_put(out, strength);
        str_append(out, ")");
    }
    if (reason) {
        str_append(out, ": ");
        text_put(out, reason);
    }
    str_append(out, "\n");
}

void view_approvals(struct str_builder *out, const struct view *view, const json_t *object)
{
    const json_t *approvals = field_array(object, "approvals");
    size_t index;
    json_t *approval;

    if (json_array_size(approvals) == 0)
        return;
    str_append(out, "\n");
    view_styled(out, view, STYLE_BOLD, "Answers");
    str_append(out, "\n");
    json_array_foreach(approvals, index, approval) put_approval(out, view, approval);
}

/* Whether an earlier entry is an approval by the same person. */
static bool is_repeated(const json_t *approvals, size_t index)
{
    const char *name = field_text_or(json_array_get(approvals, index), "approver", "");

    for (size_t i = 0; i < index; i++) {
        const json_t *other = json_array_get(approvals, i);

        if (is_approval(other) && strcmp(field_text_or(other, "approver", ""), name) == 0)
            return true;
    }
    return false;
}

/* How many distinct people but the peer have approved; whether the peer has. */
static int64_t count_approvals(const json_t *request, bool *ret_confirmed)
{
    const json_t *approvals = field_array(request, "approvals"), *approval;
    const char *peer = field_text(request, "peer");
    int64_t count = 0;
    size_t index;

    *ret_confirmed = false;
    json_array_foreach(approvals, index, approval)
    {
        if (!is_approval(approval) || is_repeated(approvals, index))
            continue;
        if (peer && strcmp(field_text_or(approval, "approver", ""), peer) == 0)
            *ret_confirmed = true;
        else
            count++;
    }
    return count;
}

/* Of those who are asked, without the peer. */
static int64_t need_of(const json_t *request)
{
    int64_t need = field_int(request, "need", 1);

    return need < 0 ? 0 : need > INT32_MAX ? INT32_MAX : need;
}

static int64_t missing_approvals(const json_t *request, bool *ret_peer)
{
    int64_t need = need_of(request), count;
    bool confirmed;

    count = count_approvals(request, &confirmed);
    *ret_peer = field_text(request, "peer") && !confirmed;
    return need > count ? need - count : 0;
}

int64_t view_needed(const json_t *request)
{
    return need_of(request) + (field_text(request, "peer") ? 1 : 0);
}

int64_t view_missing(const json_t *request)
{
    bool peer;
    int64_t missing = missing_approvals(request, &peer);

    return missing + (peer ? 1 : 0);
}

int64_t view_approved(const json_t *request)
{
    return view_needed(request) - view_missing(request);
}

/* ", from carol or dave": who is asked, but for the peer. */
static void put_askable(struct str_builder *out, const json_t *request)
{
    const char *peer = field_text(request, "peer");
    const json_t *item;
    AUTO_JSON json_t *others = json_array();
    size_t index;

    json_array_foreach(field_array(request, "asked"), index, item)
    {
        const char *name = json_string_value(item);

        if (name && (!peer || strcmp(name, peer) != 0))
            json_array_append_new(others, json_string(name));
    }
    if (json_array_size(others) == 0)
        return;
    str_append(out, ", from ");
    view_names(out, others, " or ");
}

void view_still_needed(struct str_builder *out, const json_t *request)
{
    bool peer;
    int64_t missing = missing_approvals(request, &peer);

    if (missing == 1)
        str_append(out, "1 more approval is needed");
    else if (missing > 1)
        str_appendf(out, "%lld more approvals are needed", (long long)missing);
    if (missing > 0)
        put_askable(out, request);
    if (peer) {
        str_append(out, missing > 0 ? ", and " : "");
        text_put(out, field_text(request, "peer"));
        str_append(out, " has to confirm it");
    }
    if (missing > 0 || peer)
        str_append(out, ".\n");
}

bool view_has_ended(const json_t *request)
{
    const char *state = field_text_or(request, "state", "");

    return strcmp(state, "new") != 0 && strcmp(state, "waiting") != 0;
}

void view_rule(struct str_builder *out, const struct view *view, const json_t *object)
{
    const char *rule = field_text(object, "rule"), *policy = field_text(object, "policy");
    AUTO_FREE char *digest = policy ? strndup(policy, VIEW_DIGEST) : NULL, *text = NULL;
    struct str_builder line = {0};

    if (!rule)
        return;
    text_put(&line, rule);
    if (digest) {
        str_append(&line, " (policy ");
        text_put(&line, digest);
        str_appendf(
            &line, "%s)", field_bool(object, "policy_replaced", false) ? ", replaced since" : "");
    }
    text = str_builder_take(&line);
    view_row(out, view, "Rule", text);
}
