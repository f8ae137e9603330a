#include "finding.h"

#include <limits.h>

/* An entitlement's own keys. */
static const char *inside_to_string(enum condition condition)
{
    switch (condition) {
    case CONDITION_SERVICE:
        return "services";
    case CONDITION_HOST:
        return "hosts";
    case CONDITION_LABEL:
        return "labels";
    case CONDITION_RUN_AS:
        return "run_as";
    case CONDITION_COMMAND:
        return "commands";
    case CONDITION_USER:
    case CONDITION_NOT_USER:
    case CONDITION_KIND:
    case CONDITION_GROUP:
    case CONDITION_NOT_GROUP:
        return "requesters";
    default:
        return NULL;
    }
}

char *finding_condition(const struct rule_finding *finding)
{
    const char *inside = inside_to_string(finding->inside);
    struct str_builder text = {0};

    if (finding->condition == CONDITION_NONE)
        return NULL;
    if (!finding->entitlement ||
        (finding->condition != CONDITION_ENTITLEMENT && finding->condition != CONDITION_PART))
        str_append(&text, condition_to_string(finding->condition));
    else if (inside)
        str_appendf(&text, "%s: %s", finding->entitlement, inside);
    else
        str_appendf(&text, "what.entitlement (%s)", finding->entitlement);
    return str_builder_take(&text);
}

/* "db: commands" do, "db: run_as" does. */
static bool is_plural(const struct rule_finding *finding)
{
    return finding->condition == CONDITION_ENTITLEMENT && finding->entitlement &&
           inside_to_string(finding->inside) && finding->inside != CONDITION_RUN_AS;
}

static const char *say_truth(const struct rule_finding *finding)
{
    if (finding->standing == STANDING_UNKNOWN)
        return is_plural(finding) ? "are not known" : "is not known";
    return is_plural(finding) ? "do not hold" : "does not hold";
}

void finding_put(struct str_builder *out, const struct rule_finding *finding)
{
    AUTO_FREE char *condition = finding_condition(finding);

    switch (finding->condition) {
    case CONDITION_DISABLED:
        str_append(out, "it is disabled");
        return;
    case CONDITION_OWNER:
        str_append(out, "no owner of it is left");
        return;
    case CONDITION_IDENTITY:
        str_append(out, "the identity that asks has ended, or nobody answers for it");
        return;
    case CONDITION_PART:
        str_appendf(out, "it gives a part of %s only: ask for one command of that",
            finding->entitlement ? finding->entitlement : "it");
        return;
    case CONDITION_WRITABLE:
        str_append(out, "others than root can write the command, and it has no "
                        "'writable_command: allowed'");
        return;
    case CONDITION_ENVIRONMENT:
        str_append(out, "the environment was changed, and it has no 'environment: allowed'");
        return;
    default:
        str_appendf(out, "%s %s", condition ? condition : "a condition", say_truth(finding));
        return;
    }
}

/* In the order of enum condition: who asks, at which door and on which host come first. */
unsigned finding_depth(const struct rule_finding *finding)
{
    if (finding->standing != STANDING_FAILS)
        return UINT_MAX;
    if (finding->condition == CONDITION_DISABLED)
        return 0;
    return finding->condition == CONDITION_ENTITLEMENT ? finding->inside : finding->condition;
}

bool finding_is_near(const struct rule_finding *finding)
{
    return finding_depth(finding) > CONDITION_LABEL;
}

const char *standing_to_string(enum standing standing)
{
    static const char *const words[] = {
        [STANDING_DECIDES] = "decides",
        [STANDING_MATCHES] = "matches",
        [STANDING_FAILS] = "fails",
        [STANDING_UNKNOWN] = "unknown",
    };

    return words[standing];
}
