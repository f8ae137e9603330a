#include "describe.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../../../common/clock.h"
#include "../../../common/str.h"
#include "../evidence.h"

/* ---- shared by rules and entitlements ------------------------------------------------------ */

void describe_who(struct describer *describer, const char *const keys[5], const struct who *who)
{
    static const char *const kinds[] = {
        [SUBJECT_UNKNOWN] = "", [SUBJECT_HUMAN] = "human", [SUBJECT_SERVICE] = "service"};
    const struct policy *policy = describer->policy;

    describe_names(describer, keys[0], &policy->user_names, &who->users);
    describe_names(describer, keys[1], &policy->group_names, &who->groups);
    describe_bits(describer, keys[2], who->kinds, kinds);
    describe_names(describer, keys[3], &policy->user_names, &who->not_users);
    describe_names(describer, keys[4], &policy->group_names, &who->not_groups);
}

static void describe_reason(struct describer *describer, const struct evidence_terms *terms)
{
    char text[96];
    int length = snprintf(text, sizeof(text), "required, %u characters", terms->reason_length);

    if (length > 0 && terms->reason_repeats > 0)
        (void)snprintf(text + length, sizeof(text) - (size_t)length, ", the same one %u times",
            terms->reason_repeats);
    describe_text(
        describer, "evidence.reason", (terms->required & EVIDENCE_REASON) != 0 ? text : NULL);
}

void describe_evidence(struct describer *describer, const struct evidence_rule *evidence)
{
    static const struct evidence_terms nothing;
    const struct evidence_terms *terms = evidence ? &evidence->terms : &nothing;
    const struct text_list controls = {terms->controls, terms->control_count};
    const char *ticket = terms->ticket_pattern ? terms->ticket_pattern : "required";
    const char *peers = terms->peers_text ? terms->peers_text : "anybody";

    describe_reason(describer, terms);
    describe_text(
        describer, "evidence.ticket", (terms->required & EVIDENCE_TICKET) != 0 ? ticket : NULL);
    describe_list(
        describer, "evidence.peer", (terms->required & EVIDENCE_PEER) != 0 ? peers : NULL);
    describe_set(describer, "evidence.control", &controls, "");
}

/* ---- where and when ------------------------------------------------------------------------ */

static const char *write_network(struct describer *describer, const struct network *network)
{
    char address[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN + 8];
    bool v4 = IN6_IS_ADDR_V4MAPPED(&network->address);
    unsigned bits = v4 ? 32 : 128, prefix = network->prefix - (v4 ? 96 : 0);
    const void *raw = v4 ? (const void *)&network->address.s6_addr[12] : &network->address;
    const char *kept;

    if (!inet_ntop(v4 ? AF_INET : AF_INET6, raw, address, sizeof(address)))
        address[0] = '\0';
    (void)snprintf(text, sizeof(text), prefix == bits ? "%s" : "%s/%u", address, prefix);
    kept = arena_text(describer->arena, text, strlen(text));
    describer->failed |= !kept;
    return kept;
}

static void describe_rhost(struct describer *describer, const struct rule *rule)
{
    const char **items = describe_room(describer, rule->network_count + 1);
    size_t count = 0;

    for (; items && count < rule->network_count; count++)
        items[count] = write_network(describer, &rule->networks[count]);
    if (items && rule->local)
        items[count++] = "local";
    if (items && !describer->failed)
        describe_set(describer, "where.rhost", &(struct text_list){items, count}, "");
    else
        describe_text(describer, "where.rhost", NULL);
}

static void describe_where(struct describer *describer, const struct rule *rule)
{
    static const char *const ttys[] = {
        [TTY_UNKNOWN] = "", [TTY_NONE] = "none", [TTY_PTY] = "pty", [TTY_CONSOLE] = "console"};

    describe_patterns(describer, "where.host", &rule->hosts.names);
    describe_set(describer, "where.label", &rule->hosts.labels, "");
    describe_rhost(describer, rule);
    describe_bits(describer, "where.tty", rule->ttys, ttys);
}

static void describe_days(struct describer *describer, const struct window *window)
{
    static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    struct str_builder builder = {0};
    AUTO_FREE char *text = NULL;

    for (unsigned i = 0; i < ARRAY_SIZE(days); i++)
        if ((window->days >> i & 1) != 0)
            str_appendf(&builder, "%s%s", builder.length > 0 ? "," : "", days[i]);
    text = str_builder_take(&builder);
    describer->failed |= !text;
    describe_text(
        describer, "when.days", window->set && window->days != WINDOW_ALL_DAYS ? text : NULL);
}

static void describe_hours(struct describer *describer, const struct window *window)
{
    bool whole = window->from == 0 && window->to == WINDOW_MINUTES;
    char text[48];

    (void)snprintf(text, sizeof(text), "%02u:%02u-%02u:%02u", window->from / 60U,
        window->from % 60U, window->to / 60U, window->to % 60U);
    describe_text(describer, "when.hours",
        window->set && (!whole || window->days == WINDOW_ALL_DAYS) ? text : NULL);
}

static void describe_moment(
    struct describer *describer, const char *key, const struct moment *moment)
{
    bool exact = moment->kind == MOMENT_EXACT;
    time_t second = (time_t)(exact ? moment->value / (int64_t)USEC_PER_SEC : moment->value * 60);
    char text[48] = "?";
    struct tm parts;

    if (gmtime_r(&second, &parts))
        (void)strftime(text, sizeof(text), exact ? "%Y-%m-%dT%H:%M:%SZ" : "%Y-%m-%d %H:%M", &parts);
    describe_text(describer, key, moment->kind != MOMENT_NONE ? text : NULL);
}

/* The zone says something only where there is a local time. */
static void describe_when(struct describer *describer, const struct window *window)
{
    const char *zone = describer->policy->zones.texts[window->zone];
    bool local =
        window->set || window->since.kind == MOMENT_LOCAL || window->before.kind == MOMENT_LOCAL;

    describe_days(describer, window);
    describe_hours(describer, window);
    describe_text(describer, "when.zone", local && *zone != '\0' ? zone : NULL);
    describe_moment(describer, "when.from", &window->since);
    describe_moment(describer, "when.until", &window->before);
}

/* ---- whole subjects ------------------------------------------------------------------------ */

static void describe_what(struct describer *describer, const struct rule *rule)
{
    const struct policy *policy = describer->policy;

    describe_names(describer, "what.entitlement", &policy->entitlement_names, &rule->entitlements);
    describe_set(describer, "what.service", &rule->what.services, "");
    describe_names(describer, "what.run_as", &policy->user_names, &rule->what.run_as);
    describe_commands(describer, "what.command", &rule->what);
    describe_text(describer, "what.writable_command", rule->writable_allowed ? "allowed" : NULL);
    describe_text(describer, "what.environment", rule->environment_allowed ? "allowed" : NULL);
}

static void describe_approval(struct describer *describer, const struct rule *rule)
{
    static const struct stage nobody;
    bool asks = rule->decision == DECISION_ESCALATE;
    const struct stage *stage = asks && rule->stage ? rule->stage : &nobody;

    describe_list(describer, "approval.from", stage->from_text);
    describe_number(describer, "approval.need", stage->need);
    describe_duration(describer, "approval.within", stage->within_us);
    describe_text(describer, "approval.strength", asks ? strength_to_string(rule->strength) : NULL);
    describe_flag(describer, "approval.keep", rule->keep);
}

void describe_rule(struct describer *describer, const struct rule *rule)
{
    static const char *const who[] = {
        "who.user", "who.group", "who.kind", "who.not-user", "who.not-group"};

    describe_text(describer, "decision", decision_to_string(rule->decision));
    describe_flag(describer, "disabled", rule->disabled);
    describe_flag(describer, "monitor", rule->monitored);
    describe_text(describer, "owner", rule->owner);
    describe_day(describer, "certified_until", rule->certified_file_us);
    describe_who(describer, who, &rule->who);
    describe_what(describer, rule);
    describe_where(describer, rule);
    describe_when(describer, &rule->window);
    describe_duration(describer, "duration", rule->duration_us);
    describe_number(describer, "uses", rule->uses);
    describe_flag(describer, "survives_reboot", rule->survives_reboot);
    describe_evidence(describer, rule->evidence);
    describe_approval(describer, rule);
    describe_text(describer, "reason", rule->reason);
    describe_text(describer, "instead", rule->advice);
}

void describe_entitlement(struct describer *describer, const struct entitlement *entitlement)
{
    static const char *const who[] = {"requesters.user", "requesters.group", "requesters.kind",
        "requesters.not-user", "requesters.not-group"};
    const struct policy *policy = describer->policy;

    describe_text(describer, "description", entitlement->description);
    describe_text(describer, "owner", entitlement->owner);
    describe_text(describer, "sensitivity", sensitivity_to_string(entitlement->sensitivity));
    describe_set(describer, "services", &entitlement->what.services, "");
    describe_patterns(describer, "hosts", &entitlement->hosts.names);
    describe_set(describer, "labels", &entitlement->hosts.labels, "");
    describe_names(describer, "run_as", &policy->user_names, &entitlement->what.run_as);
    describe_commands(describer, "commands", &entitlement->what);
    describe_set(describer, "groups", &entitlement->groups, "");
    describe_duration(describer, "max_duration", entitlement->max_duration_us);
    describe_evidence(describer, entitlement->evidence);
    describe_who(describer, who, &entitlement->who);
}

void describe_identity(struct describer *describer, const struct identity *identity)
{
    describe_text(describer, "user", describer->policy->user_names.texts[identity->user]);
    describe_text(describer, "owner", identity->owner);
    describe_text(describer, "purpose", identity->purpose);
    describe_day(describer, "expires", identity->expires_us);
}

void describe_group(struct describer *describer, uint32_t team)
{
    const struct policy *policy = describer->policy;

    describe_names(describer, "members", &policy->people_names, &policy->team_people[team]);
}

void describe_person(struct describer *describer, const struct owner *owner)
{
    const struct text_list accounts = {owner->person.accounts, owner->person.account_count};

    describe_set(describer, "accounts", &accounts, "");
    describe_text(describer, "mail", owner->person.mail);
}
