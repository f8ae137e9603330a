/* Findings about which commands are given. */
#include "../../../common/str.h"
#include "escapes.h"
#include "parts.h"

/* Why a command pattern gives more than it says; fresh text, NULL when it does not. */
static char *describe(struct report *report, const struct command *command)
{
    const struct escape *escape;
    struct str_builder text = {0};
    AUTO_FREE char *line = NULL;
    unsigned count;
    char *taken;

    if (command->any) {
        str_append(&text, "`any` is every command, a shell among them");
    } else {
        escape = escape_find(command, &count);
        if (!escape)
            return NULL;
        line = pattern_join(&command->words);
        report->failed |= !line;
        str_appendf(&text, "'%s", line ? line : "");
        if (escape->verb)
            str_appendf(&text, "' can be '%s %s', %s", escape->name, escape->verb, escape->what);
        else if (command->path)
            str_appendf(&text, "' is %s", escape->what);
        else
            str_appendf(&text, "' can be %s, %s", escape->name, escape->what);
        if (count > 1 && !command->path)
            str_appendf(&text, ", and %u more of the kind", count - 1);
    }
    taken = str_builder_take(&text);
    report->failed |= !taken;
    return taken;
}

/* The first of the commands that does; one finding is enough to look at them all. */
static char *find_escape(struct report *report, const struct what *what)
{
    char *why = NULL;

    for (size_t i = 0; i < what->command_count && !why; i++)
        why = describe(report, &what->commands[i]);
    return why;
}

static void look_at_rule(struct report *report, const struct rule *rule)
{
    AUTO_FREE char *why = NULL;

    if (rule->disabled || rule->decision == DECISION_DENY)
        return;
    why = find_escape(report, &rule->what);
    if (why && rule->decision == DECISION_ALLOW)
        report_rule(report, GIVES_SHELL, rule,
            "%s; name the one command that is needed with its arguments, or let people decide "
            "(`decision: escalate`)",
            why);
    else if (why)
        report_rule(report, ASKS_FOR_SHELL, rule,
            "%s: those who approve see the command, and not what is done from inside it", why);
    if (rule->decision == DECISION_ALLOW && rule->what.command_count == 0 &&
        rule->entitlements.count == 0 && lint_has_sudo(&rule->what.services))
        report_rule(report, MISSING_COMMAND, rule,
            "it allows every command at sudo, a shell among them; say `what: { command: ... }`%s",
            rule->what.services.count == 0 ? ", or name the login it is for as `service`" : "");
}

static void look_at_entitlement(struct report *report, const struct entitlement *entitlement)
{
    AUTO_FREE char *why = find_escape(report, &entitlement->what);

    if (why)
        report_entitlement(report, GIVES_SHELL, entitlement,
            "%s; name the one command that is needed with its arguments", why);
    if (entitlement->what.command_count == 0 && lint_has_sudo(&entitlement->what.services))
        report_entitlement(report, MISSING_COMMAND, entitlement,
            "it opens every command at sudo, a shell among them; say `commands`");
}

void lint_commands(struct report *report)
{
    const struct policy *policy = report->policy;

    for (size_t i = 0; i < policy->rule_count; i++)
        look_at_rule(report, &policy->rules[i]);
    for (uint32_t i = 0; i < policy->entitlement_names.count; i++)
        look_at_entitlement(report, &policy->entitlements[i]);
}
