#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../../common/str.h"
#include "../../yaml/yaml.h"

/* An `accept:`, and whether something was found there. */
struct accept_seen {
    const struct accept *accept;
    enum lint_subject subject;
    const char *name;
    bool used;
};

/* What a finding is about. */
struct about {
    enum lint_subject subject;
    const char *name;
    struct place_info place;
    const struct accept *accepts;
};

static int compare_accepts(const void *left, const void *right)
{
    const struct accept_seen *a = left, *b = right;

    return (a->accept > b->accept) - (a->accept < b->accept);
}

static size_t count_accepts(const struct accept *accept)
{
    size_t count = 0;

    for (; accept; accept = accept->next)
        count++;
    return count;
}

static void add_accepts(struct report *report, const struct about *about)
{
    for (const struct accept *accept = about->accepts; accept; accept = accept->next)
        report->accepts[report->accept_count++] =
            (struct accept_seen){accept, about->subject, about->name, false};
}

int report_start(struct report *report)
{
    const struct policy *policy = report->policy;
    size_t count = count_accepts(policy->accepts);

    for (size_t i = 0; i < policy->rule_count; i++)
        count += count_accepts(policy->rules[i].accepts);
    for (uint32_t i = 0; i < policy->entitlement_names.count; i++)
        count += count_accepts(policy->entitlements[i].accepts);
    for (uint32_t i = 0; i < policy->identity_names.count; i++)
        count += count_accepts(policy->identities[i].accepts);
    report->accepts = calloc(count + 1, sizeof(*report->accepts));
    if (!report->accepts)
        return -ENOMEM;
    add_accepts(report, &(struct about){LINT_POLICY, NULL, {0}, policy->accepts});
    for (size_t i = 0; i < policy->rule_count; i++)
        add_accepts(
            report, &(struct about){LINT_RULE, policy->rules[i].id, {0}, policy->rules[i].accepts});
    for (uint32_t i = 0; i < policy->entitlement_names.count; i++)
        add_accepts(report, &(struct about){LINT_ENTITLEMENT, policy->entitlements[i].name, {0},
                                policy->entitlements[i].accepts});
    for (uint32_t i = 0; i < policy->identity_names.count; i++)
        add_accepts(report, &(struct about){LINT_IDENTITY, policy->identities[i].name, {0},
                                policy->identities[i].accepts});
    qsort(report->accepts, report->accept_count, sizeof(*report->accepts), compare_accepts);
    return 0;
}

/* The acceptance of that kind out of the list, which is noted as used. */
static const struct accept *find_accept(
    struct report *report, const struct accept *accepts, const struct lint *lint)
{
    for (; accepts; accepts = accepts->next) {
        struct accept_seen key = {.accept = accepts}, *seen;

        if (strcmp(accepts->lint, lint->name) != 0)
            continue;
        seen = bsearch(&key, report->accepts, report->accept_count, sizeof(key), compare_accepts);
        if (seen)
            seen->used = true;
        return accepts;
    }
    return NULL;
}

static bool is_looked_for(const struct report *report, const struct lint *lint)
{
    return (lint->needs != LINT_TIME || report->options->now_us != 0) &&
           (lint->needs != LINT_HOST || report->options->host);
}

static void tell(
    struct report *report, const struct lint *lint, const struct about *about, const char *message)
{
    const struct accept *accept = find_accept(report, about->accepts, lint);

    if (!accept)
        accept = find_accept(report, report->policy->accepts, lint);
    report->visit(
        &(struct lint_finding){
            .lint = lint,
            .place = about->place,
            .subject = about->subject,
            .name = about->name,
            .message = message,
            .accepted = accept ? accept->reason : NULL,
        },
        report->userdata);
}

static void tell_va(struct report *report, enum lint_kind kind, const struct about *about,
    const char *format, va_list args) __attribute__((format(printf, 4, 0)));

static void tell_va(struct report *report, enum lint_kind kind, const struct about *about,
    const char *format, va_list args)
{
    AUTO_FREE char *message = NULL;

    if (!is_looked_for(report, &lints[kind]))
        return;
    if (vasprintf(&message, format, args) < 0) {
        message = NULL;
        report->failed = true;
        return;
    }
    tell(report, &lints[kind], about, message);
}

void report_rule(
    struct report *report, enum lint_kind kind, const struct rule *rule, const char *format, ...)
{
    const struct about about = {
        LINT_RULE, rule->id, policy_place(report->policy, &rule->place), rule->accepts};
    va_list args;

    va_start(args, format);
    tell_va(report, kind, &about, format, args);
    va_end(args);
}

void report_entitlement(struct report *report, enum lint_kind kind,
    const struct entitlement *entitlement, const char *format, ...)
{
    const struct about about = {LINT_ENTITLEMENT, entitlement->name,
        policy_place(report->policy, &entitlement->place), entitlement->accepts};
    va_list args;

    va_start(args, format);
    tell_va(report, kind, &about, format, args);
    va_end(args);
}

void report_identity(struct report *report, enum lint_kind kind, const struct identity *identity,
    const char *format, ...)
{
    const struct about about = {LINT_IDENTITY, identity->name,
        policy_place(report->policy, &identity->place), identity->accepts};
    va_list args;

    va_start(args, format);
    tell_va(report, kind, &about, format, args);
    va_end(args);
}

void report_team(struct report *report, enum lint_kind kind, uint32_t team, const char *format, ...)
{
    const struct policy *policy = report->policy;
    const struct about about = {LINT_GROUP, policy->team_names.texts[team],
        policy_place(policy, &policy->team_places[team]), NULL};
    va_list args;

    va_start(args, format);
    tell_va(report, kind, &about, format, args);
    va_end(args);
}

static const struct lint *find_lint(const char *name)
{
    for (size_t i = 0; i < LINT_KINDS; i++)
        if (strcmp(lints[i].name, name) == 0)
            return &lints[i];
    return NULL;
}

static const char *nearest_lint(const char *name)
{
    const char *names[LINT_KINDS];

    for (size_t i = 0; i < LINT_KINDS; i++)
        names[i] = lints[i].name;
    return yaml_nearest(name, names, LINT_KINDS);
}

static void tell_accept(
    struct report *report, enum lint_kind kind, const struct accept_seen *seen, const char *message)
{
    const struct about about = {
        seen->subject, seen->name, policy_place(report->policy, &seen->accept->place), NULL};

    if (message)
        tell(report, &lints[kind], &about, message);
    else
        report->failed = true;
}

static void tell_unknown(struct report *report, const struct accept_seen *seen)
{
    const char *nearest = nearest_lint(seen->accept->lint);
    struct str_builder text = {0};
    AUTO_FREE char *message = NULL;

    str_appendf(&text, "there is no finding '%s'", seen->accept->lint);
    if (nearest)
        str_appendf(&text, ", did you mean '%s'?", nearest);
    else
        str_append(&text, "; assent-policy(5) lists them under FINDINGS");
    message = str_builder_take(&text);
    tell_accept(report, ACCEPT_UNKNOWN, seen, message);
}

/* What hangs on the day or the host comes and goes: it may be accepted ahead. */
static void tell_unused(struct report *report, const struct accept_seen *seen)
{
    AUTO_FREE char *message = NULL;

    if (asprintf(&message, "'%s' is accepted here, but is not found; take it out",
            seen->accept->lint) < 0)
        message = NULL;
    tell_accept(report, ACCEPT_UNUSED, seen, message);
}

void report_end(struct report *report)
{
    const struct lint *accept_unused = &lints[ACCEPT_UNUSED];

    for (size_t i = 0; i < report->accept_count; i++) {
        const struct accept_seen *seen = &report->accepts[i];
        const struct lint *lint = find_lint(seen->accept->lint);

        if (!lint)
            tell_unknown(report, seen);
        else if (!seen->used && lint->needs == LINT_FILES && lint != accept_unused &&
                 lint != &lints[ACCEPT_UNKNOWN])
            tell_unused(report, seen);
    }
    free(report->accepts);
    report->accepts = NULL;
}
