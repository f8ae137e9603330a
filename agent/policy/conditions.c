#include <string.h>

#include "../../common/names.h"
#include "conditions.h"
#include "entitlement.h"
#include "rule.h"

#define SERVICE_MAX 64
#define HOST_MAX 255
#define LABEL_MAX 64
#define ZONE_MAX 64

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* `extra` are the characters allowed besides letters and digits. */
static bool has_only(const char *text, const char *extra)
{
    for (; *text != '\0'; text++)
        if (!is_letter_or_digit(*text) && !strchr(extra, *text))
            return false;
    return true;
}

/* The mapping at `key` or NULL. */
static struct yaml_node *take_section(
    struct reading *reading, struct yaml_node *rule, const char *key)
{
    struct yaml_node *section = yaml_take(rule, key);

    return section && yaml_expect(section, YAML_MAPPING, reading->errors) ? section : NULL;
}

static const char *const kind_words[] = {"human", "service"};

/* A word's number is one less than the kind's: there is no word for "unknown". */
static unsigned read_kinds(struct reading *reading, const struct yaml_node *node)
{
    return read_choices(reading, node, (struct words){kind_words, ARRAY_SIZE(kind_words)}) << 1;
}

static void read_kind(struct reading *reading, struct yaml_node *node, struct who *who)
{
    const unsigned all = 1U << SUBJECT_HUMAN | 1U << SUBJECT_SERVICE;
    const struct yaml_node *kind = yaml_take(node, "kind"), *not_kind = yaml_take(node, "not-kind");

    if (kind)
        who->kinds = read_kinds(reading, kind);
    if (kind && not_kind)
        yaml_error(reading->errors, not_kind, "'kind' says it already; take 'not-kind' out");
    else if (not_kind)
        who->kinds = all & ~read_kinds(reading, not_kind);
    if (not_kind && who->kinds == 0)
        yaml_error(reading->errors, not_kind, "no kind is left, so nobody could ever match");
}

void conditions_read_who(struct reading *reading, struct yaml_node *node, struct who *ret_who)
{
    const struct yaml_node *user = yaml_take(node, "user"), *group = yaml_take(node, "group");
    const struct yaml_node *not_user = yaml_take(node, "not-user");
    const struct yaml_node *not_group = yaml_take(node, "not-group");

    if (user)
        read_names(reading, user, read_user, &ret_who->users);
    if (group)
        read_names(reading, group, read_group, &ret_who->groups);
    if (not_user)
        read_names(reading, not_user, read_user, &ret_who->not_users);
    if (not_group)
        read_names(reading, not_group, read_group, &ret_who->not_groups);
    read_kind(reading, node, ret_who);
    yaml_finish(node, reading->errors);
}

static const char *read_service(struct reading *reading, const struct yaml_node *node)
{
    const char *text = yaml_text(node, reading->errors);

    if (!text)
        return NULL;
    if (text[0] == '\0' || strlen(text) > SERVICE_MAX || !has_only(text, "._-"))
        yaml_error(
            reading->errors, node, "'%s' is not the name of a PAM service such as sshd", text);
    else if (strcmp(text, SERVICE_SUDO_I) == 0 || strcmp(text, SERVICE_SU_L) == 0)
        yaml_error(reading->errors, node, "'%s' is asked about as '%s'; write that", text,
            strcmp(text, SERVICE_SUDO_I) == 0 ? SERVICE_SUDO : SERVICE_SU);
    else
        return arena_text(&reading->policy->arena, text, strlen(text));
    return NULL;
}

static const char *read_host(struct reading *reading, const struct yaml_node *node)
{
    const char *text = yaml_text(node, reading->errors), *wrong = NULL, *word = NULL;

    if (!text)
        return NULL;
    if (strlen(text) > HOST_MAX || !has_only(text, "._-*?[]!^"))
        wrong = "names hold letters, digits, . _ - and the wildcards * ? [...]";
    else
        wrong = pattern_word(text, &reading->policy->arena, &word);
    if (!wrong)
        return word;
    yaml_error(reading->errors, node, "'%s' is not a host pattern: %s", text, wrong);
    return NULL;
}

static const char *read_label(struct reading *reading, const struct yaml_node *node)
{
    const char *text = yaml_text(node, reading->errors);

    if (!text)
        return NULL;
    if (text[0] != '\0' && strlen(text) <= LABEL_MAX && has_only(text, "._-=/"))
        return arena_text(&reading->policy->arena, text, strlen(text));
    yaml_error(reading->errors, node, "'%s' is not a host label such as web or env=prod", text);
    return NULL;
}

void conditions_read_commands(
    struct reading *reading, const struct yaml_node *node, struct what *ret_what)
{
    size_t count = yaml_count(node);
    struct command *commands;

    if (!read_is_list(reading, node))
        return;
    commands = arena_alloc(&reading->policy->arena, count * sizeof(*commands));
    reading->out_of_memory |= !commands;
    for (size_t i = 0; commands && i < count; i++) {
        const struct yaml_node *item = yaml_item(node, i);
        const char *text = yaml_text(item, reading->errors), *wrong = NULL;

        if (text)
            wrong =
                command_parse(text, &reading->policy->arena, &commands[ret_what->command_count]);
        if (wrong)
            yaml_error(reading->errors, item, "'%s' is not a command pattern: %s", text, wrong);
        else if (text)
            ret_what->command_count++;
    }
    ret_what->commands = commands;
}

static void read_writable(struct reading *reading, const struct yaml_node *node, struct rule *rule)
{
    static const char *const words[] = {"allowed"};

    rule->writable_allowed = read_choice(reading, node, (struct words){words, 1}) == 0;
    if (rule->decision == DECISION_DENY)
        yaml_error(
            reading->errors, node, "'writable_command' has no effect in a deny rule; take it out");
}

/* An escalate rule needs no leave: the people asked see the variables and approve them. */
static void read_environment(
    struct reading *reading, const struct yaml_node *node, struct rule *rule)
{
    static const char *const words[] = {"allowed"};

    rule->environment_allowed = read_choice(reading, node, (struct words){words, 1}) == 0;
    if (rule->decision == DECISION_DENY || rule->decision == DECISION_ESCALATE)
        yaml_error(reading->errors, node, "'environment' has no effect in %s rule; take it out",
            rule->decision == DECISION_DENY ? "a deny" : "an escalate");
}

void conditions_read_services(
    struct reading *reading, const struct yaml_node *node, struct what *ret_what)
{
    ret_what->services = read_texts(reading, node, read_service);
}

void conditions_read_hosts(
    struct reading *reading, const struct yaml_node *node, struct hosts *ret_hosts)
{
    ret_hosts->names = read_texts(reading, node, read_host);
}

void conditions_read_labels(
    struct reading *reading, const struct yaml_node *node, struct hosts *ret_hosts)
{
    ret_hosts->labels = read_texts(reading, node, read_label);
}

static void read_what(struct reading *reading, struct yaml_node *node, struct rule *rule)
{
    const struct yaml_node *entitlement = yaml_take(node, "entitlement");
    const struct yaml_node *service = yaml_take(node, "service");
    const struct yaml_node *run_as = yaml_take(node, "run_as");
    const struct yaml_node *command = yaml_take(node, "command");
    const struct yaml_node *writable = yaml_take(node, "writable_command");
    const struct yaml_node *environment = yaml_take(node, "environment");

    if (entitlement)
        entitlement_read_names(reading, entitlement, &rule->entitlements);
    if (service)
        conditions_read_services(reading, service, &rule->what);
    if (run_as)
        read_names(reading, run_as, read_user, &rule->what.run_as);
    if (command)
        conditions_read_commands(reading, command, &rule->what);
    if (writable)
        read_writable(reading, writable, rule);
    if (environment)
        read_environment(reading, environment, rule);
    yaml_finish(node, reading->errors);
}

static void read_networks(struct reading *reading, const struct yaml_node *node, struct rule *rule)
{
    size_t count = yaml_count(node);
    struct network *networks;

    if (!read_is_list(reading, node))
        return;
    networks = arena_alloc(&reading->policy->arena, count * sizeof(*networks));
    reading->out_of_memory |= !networks;
    for (size_t i = 0; networks && i < count; i++) {
        const struct yaml_node *item = yaml_item(node, i);
        const char *text = yaml_text(item, reading->errors), *wrong = NULL;
        bool local = text && strcmp(text, "local") == 0;

        rule->local |= local;
        if (!text || local)
            continue;
        wrong = network_parse(text, &networks[rule->network_count]);
        if (wrong)
            yaml_error(reading->errors, item, "'%s' is not a network: %s", text, wrong);
        else
            rule->network_count++;
    }
    rule->networks = networks;
}

static void read_where(struct reading *reading, struct yaml_node *where, struct rule *rule)
{
    static const char *const ttys[] = {
        [TTY_UNKNOWN] = "", [TTY_NONE] = "none", [TTY_PTY] = "pty", [TTY_CONSOLE] = "console"};
    const struct yaml_node *host = yaml_take(where, "host"), *rhost = yaml_take(where, "rhost");
    const struct yaml_node *tty = yaml_take(where, "tty"), *label = yaml_take(where, "label");

    if (host)
        conditions_read_hosts(reading, host, &rule->hosts);
    if (label)
        conditions_read_labels(reading, label, &rule->hosts);
    if (rhost)
        read_networks(reading, rhost, rule);
    if (tty)
        rule->ttys = read_choices(reading, tty, (struct words){ttys + 1, 3}) << 1;
    yaml_finish(where, reading->errors);
}

static void read_days(struct reading *reading, const struct yaml_node *node, struct window *window)
{
    if (!read_is_list(reading, node))
        return;
    window->days = 0;
    for (size_t i = 0; i < yaml_count(node); i++) {
        const struct yaml_node *item = yaml_item(node, i);
        const char *text = yaml_text(item, reading->errors);
        const char *wrong = text ? window_parse_days(text, &window->days) : NULL;

        if (wrong)
            yaml_error(reading->errors, item, "'%s' is not a day: %s", text, wrong);
    }
}

static void read_hours(struct reading *reading, const struct yaml_node *node, struct window *window)
{
    const char *text = yaml_text(node, reading->errors);
    const char *wrong = text ? window_parse_hours(text, window) : NULL;

    if (wrong)
        yaml_error(reading->errors, node, "'%s' is not a time of day: %s", text, wrong);
}

/* The name becomes part of a path below the system's zone files later on. */
static bool is_zone(const char *text)
{
    return text[0] != '\0' && text[0] != '/' && strlen(text) <= ZONE_MAX && !strstr(text, "..") &&
           has_only(text, "_+/-");
}

static void read_zone(struct reading *reading, const struct yaml_node *node, struct window *window)
{
    const char *text = yaml_text(node, reading->errors);
    struct policy *policy = reading->policy;
    uint32_t zone;

    if (!text)
        return;
    if (!is_zone(text)) {
        yaml_error(reading->errors, node,
            "'%s' is not the name of a time zone such as Europe/Berlin", text);
        return;
    }
    zone = names_add(&policy->zones, &policy->arena, text, node);
    if (zone == NAMES_NONE)
        reading->out_of_memory = true;
    else if (zone == POLICY_ZONES_MAX)
        yaml_error(
            reading->errors, node, "more than %d time zones are named", POLICY_ZONES_MAX - 1);
    else
        window->zone = zone;
}

/* `from` and `until`. */
static void read_moment(
    struct reading *reading, const struct yaml_node *node, bool ends, struct moment *ret_moment)
{
    const char *text = yaml_text(node, reading->errors);

    if (text && !moment_parse(text, ends, ret_moment))
        yaml_error(reading->errors, node,
            "'%s' is not a time such as \"2026-12-24 18:00\" or 2026-12-24T18:00Z", text);
}

/* Two moments of different kinds cannot be compared without a zone. */
static void check_span(
    struct reading *reading, const struct yaml_node *until, const struct window *window)
{
    if (window->since.kind != MOMENT_NONE && window->since.kind == window->before.kind &&
        window->since.value >= window->before.value)
        yaml_error(reading->errors, until, "it ends before it begins");
}

static void read_when(struct reading *reading, struct yaml_node *when, struct rule *rule)
{
    const struct yaml_node *days = yaml_take(when, "days"), *hours = yaml_take(when, "hours");
    const struct yaml_node *zone = yaml_take(when, "zone"), *from = yaml_take(when, "from");
    const struct yaml_node *until = yaml_take(when, "until");
    struct window *window = &rule->window;

    window->set = days || hours;
    window->days = WINDOW_ALL_DAYS;
    window->to = WINDOW_MINUTES;
    if (days)
        read_days(reading, days, window);
    if (hours)
        read_hours(reading, hours, window);
    if (from)
        read_moment(reading, from, false, &window->since);
    if (until)
        read_moment(reading, until, true, &window->before);
    if (until)
        check_span(reading, until, window);
    if (zone)
        read_zone(reading, zone, window);
    if (zone && !window->set && window->since.kind != MOMENT_LOCAL &&
        window->before.kind != MOMENT_LOCAL)
        yaml_error(reading->errors, zone,
            "'zone' has no effect without days, hours, or a time that has no offset of its own");
    yaml_finish(when, reading->errors);
}

void rule_read_conditions(struct reading *reading, struct yaml_node *node, struct rule *rule)
{
    struct yaml_node *who = take_section(reading, node, "who");
    struct yaml_node *what = take_section(reading, node, "what");
    struct yaml_node *where = take_section(reading, node, "where");
    struct yaml_node *when = take_section(reading, node, "when");

    if (who)
        conditions_read_who(reading, who, &rule->who);
    if (what)
        read_what(reading, what, rule);
    if (where)
        read_where(reading, where, rule);
    if (when)
        read_when(reading, when, rule);
}
