/* Findings about how long allow rules are certified for. */
#include <stdio.h>
#include <time.h>

#include "../../../common/clock.h"
#include "parts.h"

#define DAY_US (86400 * USEC_PER_SEC)
#define SOON_DAYS 30
#define LONG_DAYS 400

void lint_last_day(uint64_t end_us, char ret_text[LINT_DAY_SIZE])
{
    time_t second = (time_t)((end_us - 1) / USEC_PER_SEC);
    struct tm day;

    if (!gmtime_r(&second, &day) || strftime(ret_text, LINT_DAY_SIZE, "%Y-%m-%d", &day) == 0)
        (void)snprintf(ret_text, LINT_DAY_SIZE, "?");
}

static void find_in_time(struct report *report, const struct rule *rule, uint64_t now_us)
{
    uint64_t until_us = rule->certified_us;
    char last_day[LINT_DAY_SIZE];

    lint_last_day(until_us, last_day);
    if (now_us >= until_us)
        report_rule(report, LAPSED, rule,
            "its certificate ran out at the end of %s: it asks its owner instead of allowing; "
            "renew "
            "certified_until, or `assent policy recertify %s`",
            last_day, rule->id);
    else if (until_us - now_us <= SOON_DAYS * DAY_US)
        report_rule(report, LAPSES_SOON, rule,
            "its certificate runs out at the end of %s: from then on it asks its owner instead of "
            "allowing; renew certified_until, or `assent policy recertify %s`",
            last_day, rule->id);
    else if (until_us - now_us > LONG_DAYS * DAY_US)
        report_rule(report, LONG_CERTIFICATE, rule,
            "its certificate is good until %s, more than %d days: nobody looks at the rule "
            "until then; certify it for a year",
            last_day, LONG_DAYS);
}

void lint_certificates(struct report *report)
{
    for (size_t i = 0; i < report->policy->rule_count; i++) {
        const struct rule *rule = &report->policy->rules[i];

        if (rule->disabled || rule->decision != DECISION_ALLOW || !rule->owner)
            continue;
        if (rule->certified_us != 0)
            find_in_time(report, rule, report->options->now_us);
        else
            report_rule(report, NEVER_CERTIFIED, rule,
                "without `certified_until` it asks its owner instead of allowing, unless "
                "`assent policy recertify %s` certified it on the host",
                rule->id);
    }
}
