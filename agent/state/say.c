#include "say.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../../common/names.h"
#include "../../common/str.h"
#include "../policy/policy.h"
#include "request.h"
#include "scope.h"

/* Those who are asked but for the peer, who alone has to answer. 0 or -ENOMEM. */
static int others_of(const struct request *request, struct texts *ret_others)
{
    for (const char *name = NULL; (name = texts_next(&request->asked, name));)
        if (!str_equal(name, request->peer) && texts_add(ret_others, name) < 0)
            return -ENOMEM;
    return 0;
}

/* "carol", "carol or dave", "2 of carol, dave or erin", "carol or dave, and bob" */
static char *asked_of(const struct request *request)
{
    CLEANUP(texts_done) struct texts others = {0};
    AUTO_FREE char *names = others_of(request, &others) == 0 ? texts_join(&others, " or ") : NULL;
    struct str_builder builder = {0};

    if (!names)
        return NULL;
    if (request->need > 1)
        str_appendf(&builder, "%llu of ", (unsigned long long)request->need);
    str_append(&builder, names);
    if (request->peer)
        str_appendf(&builder, "%s%s", names[0] != '\0' ? ", and " : "", request->peer);
    return str_builder_take(&builder);
}

/* The local time of day, which is what a person at the prompt reckons with. */
static void clock_time(uint64_t realtime_us, char ret_text[32])
{
    time_t t = (time_t)(realtime_us / USEC_PER_SEC);
    struct tm tm;

    if (!localtime_r(&t, &tm) || strftime(ret_text, 32, "%H:%M %Z", &tm) == 0)
        snprintf(ret_text, 32, "its end");
}

/* Without the full stop, which comes later. */
static int sentence_length(const char *text)
{
    size_t length = strlen(text);

    return (int)(length > 0 && text[length - 1] == '.' ? length - 1 : length);
}

/* Without the directory, which is where they are. */
static char *describe_to_them(const struct scope *scope)
{
    struct scope here = *scope;

    here.cwd = NULL;
    return scope_describe(&here);
}

char *say_denied(const struct subject *subject, const struct scope *scope,
    const struct verdict *verdict, const char *host)
{
    AUTO_FREE char *what = describe_to_them(scope);
    struct str_builder builder = {0};

    if (!what)
        return NULL;
    if (verdict->rule)
        str_appendf(&builder, "Refused: %.*s (rule %s).", sentence_length(verdict->reason),
            verdict->reason, verdict->rule);
    else
        str_appendf(&builder, "Refused: %s may not %s on %s: %s.", subject->name, what, host,
            verdict->reason);
    str_appendf(&builder, "\n%s",
        verdict->advice ? verdict->advice : "Ask an administrator of this host if you need this.");
    return str_builder_take(&builder);
}

void say_put_lapse(struct str_builder *builder, enum lapse lapse, const char *rule)
{
    if (lapse == LAPSE_DATE)
        str_appendf(builder, ", because the certificate of rule %s has run out", rule);
    else if (lapse == LAPSE_NEVER)
        str_appendf(builder, ", because rule %s has not been certified", rule);
}

char *say_prompt(const struct request *request)
{
    AUTO_FREE char *asked = asked_of(request);
    AUTO_FREE char *what = describe_to_them(&request->scope);
    struct str_builder builder = {0};

    if (!asked || !what)
        return NULL;
    if (asked[0] == '\0') /* the requester names the one who confirms */
        str_appendf(
            &builder, "To %s\na colleague has to confirm it (request %s)", what, request->id);
    else
        str_appendf(
            &builder, "To %s\nyou need the approval of %s (request %s)", what, asked, request->id);
    say_put_lapse(&builder, (enum lapse)request->lapse, request->rule);
    str_append(&builder, ".");
    return str_builder_take(&builder);
}

char *say_waiting(const struct request *request)
{
    AUTO_FREE char *asked = asked_of(request);
    struct str_builder builder = {0};

    if (!asked)
        return NULL;
    str_appendf(&builder, "Waiting for %s to approve request %s", asked, request->id);
    if (request->need > 1 && request_approval_count(request) > 0)
        str_appendf(&builder, " (%u of %llu so far)", request_approval_count(request),
            (unsigned long long)request->need);
    say_put_lapse(&builder, (enum lapse)request->lapse, request->rule);
    str_append(&builder, ".");
    return str_builder_take(&builder);
}

char *say_come_back(const struct request *request)
{
    AUTO_FREE char *asked = asked_of(request);
    bool login = !scope_is_setuid_door(request->scope.service);
    struct str_builder builder = {0};
    char until[32];

    if (!asked)
        return NULL;
    clock_time(request->expires_real_us, until);
    str_appendf(&builder, "This%s needs the approval of %s", login ? " login" : "", asked);
    say_put_lapse(&builder, (enum lapse)request->lapse, request->rule);
    str_appendf(&builder, ": request %s is open until %s.\n", request->id, until);
    str_append(&builder, login ? "Log in again from the same address once it is approved."
                               : "Try again once it is approved.");
    return str_builder_take(&builder);
}

static const struct approval *refusal_of(const struct request *request)
{
    for (const struct approval *a = request->approvals; a; a = a->next)
        if (!a->approved)
            return a;
    return NULL;
}

char *say_ended(const struct request *request)
{
    const struct approval *refusal = refusal_of(request);
    struct str_builder builder = {0};

    if (request->state == REQUEST_DENIED && refusal) {
        str_appendf(&builder, "Refused by %s: %s (request %s).\n", refusal->person,
            refusal->reason ? refusal->reason : "no reason given", request->id);
        str_append(&builder, "Talk to them before you ask again.");
    } else if (request->state == REQUEST_EXPIRED) {
        str_appendf(&builder, "Nobody answered request %s in time (%s).\n", request->id,
            request->end_reason ? request->end_reason : "expired");
        str_append(&builder, "Reach an approver some other way, then try again.");
    } else {
        str_appendf(&builder, "Request %s has ended: %s%s%s.", request->id,
            request_state_to_string(request->state), request->end_reason ? ", " : "",
            request->end_reason ? request->end_reason : "");
    }
    return str_builder_take(&builder);
}

char *say_nobody(const struct verdict *verdict)
{
    struct str_builder builder = {0};

    str_appendf(&builder, "Refused: rule %s asks %s", verdict->rule, verdict->stages[0].from_text);
    say_put_lapse(&builder, verdict->lapse, verdict->rule);
    str_append(&builder, ", and nobody among them but you can answer.\n");
    if (verdict->lapse != LAPSE_NONE)
        str_appendf(&builder,
            "Its owner or root can let it allow again: assent policy recertify %s", verdict->rule);
    else
        str_append(&builder, "Ask an administrator to name another approver.");
    return str_builder_take(&builder);
}

/* A command line that is longer is not for copying from a terminal. */
#define COMMAND_SHOWN_MAX 200

char *say_request_command(const struct scope *scope, const char *options)
{
    AUTO_FREE char *line = scope->command ? scope_command_line(scope) : NULL;
    struct str_builder builder = {0};

    str_appendf(&builder, "assent request --service %s", scope->service);
    if (scope_is_setuid_door(scope->service) && str_is_name(scope->run_as) &&
        !str_equal(scope->run_as, "root"))
        str_appendf(&builder, " --run-as %s", scope->run_as);
    str_appendf(&builder, "%s --wait", options);
    if (line && strlen(line) < COMMAND_SHOWN_MAX)
        str_appendf(&builder, " -- %s", line);
    else if (scope->command)
        str_append(&builder, " -- COMMAND");
    return str_builder_take(&builder);
}

char *say_ask_ahead(const struct verdict *verdict, const struct scope *scope)
{
    AUTO_FREE char *command = say_request_command(scope, " --reason \"...\"");
    struct str_builder builder = {0};

    if (!command)
        return NULL;
    str_appendf(&builder, "Refused: this needs the approval of %s (rule %s)",
        verdict->stages[0].from_text, verdict->rule);
    say_put_lapse(&builder, verdict->lapse, verdict->rule);
    str_appendf(&builder, ".\nAsk first: %s", command);
    return str_builder_take(&builder);
}
