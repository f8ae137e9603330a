#include "lint.h"

#include <errno.h>
#include <string.h>

#include "../../../common/names.h"
#include "meet.h"
#include "parts.h"

bool lint_has_sudo(const struct text_list *services)
{
    for (size_t i = 0; i < services->count; i++)
        if (strcmp(services->items[i], SERVICE_SUDO) == 0 ||
            strcmp(services->items[i], SERVICE_SUDO_I) == 0)
            return true;
    return services->count == 0;
}

static bool names_root(const struct policy *policy, const struct numbers *users)
{
    for (size_t i = 0; i < users->count; i++) {
        uint32_t number = users->items[i];
        const struct user *user = &policy->users[number];

        if (strcmp(policy->user_names.texts[number], "root") == 0 ||
            (user->exists && user->uid == 0))
            return true;
    }
    return false;
}

static bool opens_logins_alone(const struct what *what)
{
    for (size_t i = 0; i < what->services.count; i++)
        if (meet_has_command(what->services.items[i]))
            return false;
    return what->services.count > 0;
}

/* At a login one is root who logs in as root; elsewhere who becomes it. */
static bool reaches_root(
    const struct policy *policy, const struct what *what, const struct who *who)
{
    if (!opens_logins_alone(what))
        return what->run_as.count == 0 || names_root(policy, &what->run_as);
    return who->users.count + who->groups.count == 0 || names_root(policy, &who->users);
}

bool lint_gives_root(const struct policy *policy, const struct rule *rule)
{
    if (!reaches_root(policy, &rule->what, &rule->who))
        return false;
    for (size_t i = 0; i < rule->entitlements.count; i++)
        if (reaches_root(
                policy, &policy->entitlements[rule->entitlements.items[i]].what, &rule->who))
            return true;
    return rule->entitlements.count == 0;
}

int policy_lint(const struct policy *policy, const struct lint_options *options, lint_visit *visit,
    void *userdata)
{
    CLEANUP(roster_done) struct roster roster = {0};
    struct report report = {
        .policy = policy, .options = options, .visit = visit, .userdata = userdata};
    int r = roster_build(&roster, policy);

    if (r == 0)
        r = report_start(&report);
    if (r < 0)
        return r;
    lint_rules(&report);
    lint_certificates(&report);
    lint_shadowed(&report);
    lint_entitlements(&report);
    lint_identities(&report);
    lint_commands(&report);
    lint_people(&report, &roster);
    lint_host(&report);
    report_end(&report);
    return report.failed ? -ENOMEM : 0;
}
