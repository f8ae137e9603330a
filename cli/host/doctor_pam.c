/* What stands in /etc/pam.d about pam_assent.so. */
#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "../../common/str.h"
#include "doctor.h"
#include "setup_plan.h"

/* Services that pam_assent.so knows: pam_assent(8). */
static const char *const known_services[] = {
    "sshd", "sudo", "sudo-i", "su", "su-l", "doas", "login"};

static const char *const known_arguments[] = {
    "gate", "deadline", "wait", "plugin", "rescue", "exempt", "monitor", "debug"};

/* auth modules that prove nothing about who is there. */
static const char *const no_proof[] = {"pam_deny.so", "pam_permit.so", "pam_rootok.so",
    "pam_faildelay.so", "pam_nologin.so", "pam_env.so", "pam_group.so", "pam_cap.so",
    "pam_issue.so", "pam_wheel.so", "pam_securetty.so", "pam_shells.so", "pam_tally2.so",
    "pam_faillock.so", "pam_echo.so", "pam_warn.so", "pam_debug.so", "pam_selinux.so"};

typedef void (*service_fn)(struct doctor *doctor, const char *service);

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static bool is_one_of(const char *name, const char *const names[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

static void for_each_service(struct doctor *doctor, service_fn look)
{
    DIR *services = opendir(doctor->confdir);
    if (services == NULL) {
        doctor_say(doctor, DOCTOR_ERROR, NULL, "/etc/pam.d cannot be read: %s", strerror(errno));
        return;
    }
    for (struct dirent *entry; (entry = readdir(services)) != NULL;) {
        if (strchr(entry->d_name, '.') == NULL && strchr(entry->d_name, '~') == NULL)
            look(doctor, entry->d_name);
    }
    closedir(services);
}

/* The rules of the file itself that are ours: an included one is its own file's business. */
static bool load_own(struct doctor *doctor, const char *service, struct stack *stack)
{
    if (stack_load(doctor->confdir, service, stack) < 0)
        return false;
    return stack_find_ours(stack, STACK_ALL, 0) < stack->count;
}

static void check_arguments(struct doctor *doctor, const struct stack_rule *rule)
{
    AUTO_FREE char *copy = strdup(rule->arguments);
    char *rest = copy;
    for (char *word = strsep(&rest, " "); word != NULL; word = strsep(&rest, " ")) {
        char *value = strchr(word, '=');
        if (value != NULL)
            *value = '\0';
        if (word[0] != '\0' && !is_one_of(word, known_arguments, ARRAY_SIZE(known_arguments)))
            doctor_say(doctor, DOCTOR_ERROR, "take it out or spell it right, pam_assent(8)",
                "/etc/pam.d/%s:%u: argument \"%s\" is unknown, so the module refuses everybody",
                rule->file, rule->line, word);
    }
    if (rule->type == STACK_ACCOUNT && !stack_rule_argument(rule, "rescue", NULL))
        doctor_say(doctor, DOCTOR_WARN, "add rescue=" DOOR_RESCUE_GROUP,
            "/etc/pam.d/%s:%u: no rescue=: nobody gets in here while the agent is away", rule->file,
            rule->line);
    if (stack_rule_argument(rule, "monitor", NULL))
        doctor_say(doctor, DOCTOR_INFO, NULL,
            "/etc/pam.d/%s:%u: monitor: decisions are recorded, nothing is refused", rule->file,
            rule->line);
}

static void check_control(struct doctor *doctor, const struct stack_rule *rule)
{
    bool sufficient = strcasecmp(rule->control, "sufficient") == 0 ||
                      strstr(rule->control, "success=done") != NULL;
    bool weak = strcasecmp(rule->control, "optional") == 0 ||
                (rule->control[0] == '[' && strstr(rule->control, "default=bad") == NULL &&
                    strstr(rule->control, "default=die") == NULL);
    if (sufficient)
        doctor_say(doctor, DOCTOR_ERROR, "write `required`",
            "/etc/pam.d/%s:%u: `%s`: what Assent allows would skip every check behind it",
            rule->file, rule->line, rule->control);
    else if (weak && (rule->type & (STACK_AUTH | STACK_ACCOUNT)) != 0)
        doctor_say(doctor, DOCTOR_ERROR, "write `required`",
            "/etc/pam.d/%s:%u: `%s`: a refusal by Assent would be passed over", rule->file,
            rule->line, rule->control);
    if (rule->type == STACK_PASSWORD)
        doctor_say(doctor, DOCTOR_ERROR, "take the line out",
            "/etc/pam.d/%s:%u: pam_assent.so has no password phase", rule->file, rule->line);
}

static void look_at_lines(struct doctor *doctor, const char *service)
{
    CLEANUP(stack_done) struct stack stack = {0};
    if (!load_own(doctor, service, &stack))
        return;
    if (stack.missing != NULL)
        doctor_say(doctor, DOCTOR_ERROR, "mend the include",
            "/etc/pam.d/%s includes %s, which is not there: PAM refuses everybody", service,
            stack.missing);
    for (size_t i = 0; i < stack.count; i++) {
        const struct stack_rule *rule = &stack.rules[i];
        if (!stack_rule_is_ours(rule) || strcmp(rule->file, service) != 0)
            continue;
        check_arguments(doctor, rule);
        check_control(doctor, rule);
        if (strncmp(service, "common-", 7) == 0)
            doctor_say(doctor, DOCTOR_ERROR, "move it: assent setup enable DOOR",
                "/etc/pam.d/%s:%u: gates cron, systemd's user services and printing as well",
                service, rule->line);
        else if (!is_one_of(service, known_services, ARRAY_SIZE(known_services)))
            doctor_say(doctor, DOCTOR_WARN, "take the line out",
                "/etc/pam.d/%s:%u: pam_assent.so is not made for this service", service,
                rule->line);
    }
}

void check_pam_lines(struct doctor *doctor)
{
    for_each_service(doctor, look_at_lines);
}

static void look_at_order(struct doctor *doctor, const char *service)
{
    static const unsigned phases[] = {STACK_AUTH, STACK_ACCOUNT};
    CLEANUP(stack_done) struct stack stack = {0};
    if (!load_own(doctor, service, &stack))
        return;
    for (size_t i = 0; i < ARRAY_SIZE(phases); i++) {
        size_t ours = stack_find_ours(&stack, phases[i], 0);
        if (ours == stack.count)
            continue;
        const struct stack_rule *skip = stack_skips(&stack, phases[i], ours);
        if (skip != NULL)
            doctor_say(doctor, phases[i] == STACK_ACCOUNT ? DOCTOR_ERROR : DOCTOR_WARN,
                "put pam_assent.so before it: assent setup enable DOOR",
                "/etc/pam.d/%s: %s (%s, line %u of %s) can end the phase before pam_assent.so "
                "is asked",
                service, base_name(skip->module), skip->control, skip->line, skip->file);
    }
}

void check_pam_order(struct doctor *doctor)
{
    for_each_service(doctor, look_at_order);
}

static void look_at_proof(struct doctor *doctor, const char *service)
{
    CLEANUP(stack_done) struct stack stack = {0};
    bool proof = false;
    /* In sshd the key is the proof; check_sshd_methods looks whether there is one. */
    if (strcmp(service, "sshd") == 0 || !load_own(doctor, service, &stack) ||
        stack_find_ours(&stack, STACK_AUTH, 0) == stack.count)
        return;
    for (size_t i = 0; i < stack.count && !proof; i++) {
        const struct stack_rule *rule = &stack.rules[i];
        proof = (rule->type & STACK_AUTH) != 0 && !stack_rule_is_ours(rule) &&
                !is_one_of(base_name(rule->module), no_proof, ARRAY_SIZE(no_proof));
    }
    if (!proof)
        doctor_say(doctor, DOCTOR_ERROR, "put `@include common-auth` back before it",
            "/etc/pam.d/%s: pam_assent.so is the only authentication, so it refuses everybody",
            service);
}

void check_pam_only(struct doctor *doctor)
{
    for_each_service(doctor, look_at_proof);
}

static bool names_us(struct doctor *doctor)
{
    static const char *const services[] = {"sshd", "sudo", "sudo-i", "su", "su-l", "login"};
    bool found = false;
    for (size_t i = 0; i < ARRAY_SIZE(services) && !found; i++) {
        CLEANUP(stack_done) struct stack stack = {0};
        found = load_own(doctor, services[i], &stack);
    }
    return found;
}

static void judge_module(struct doctor *doctor, const char *path)
{
    struct stat status;
    const char *shown = path + strlen(doctor->root);
    if (stat(path, &status) < 0)
        doctor_say(doctor, DOCTOR_ERROR, NULL, "%s: %s", shown, strerror(errno));
    else if ((status.st_uid != 0 && doctor->root[0] == '\0') ||
             (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        doctor_say(doctor, DOCTOR_ERROR, "chown root:root FILE; chmod 644 FILE",
            "%s can be changed by others than root: whoever does owns every login", shown);
}

void check_pam_module(struct doctor *doctor)
{
    static const char *const places[] = {"lib/*/security/" STACK_MODULE,
        "lib/security/" STACK_MODULE, "lib64/security/" STACK_MODULE,
        "usr/lib/*/security/" STACK_MODULE};
    glob_t found = {0};
    for (size_t i = 0; i < ARRAY_SIZE(places) && found.gl_pathc == 0; i++) {
        AUTO_FREE char *pattern = setup_path(doctor->root, places[i]);
        if (pattern == NULL || glob(pattern, GLOB_NOSORT, NULL, &found) != 0)
            continue;
    }
    for (size_t i = 0; i < found.gl_pathc; i++)
        judge_module(doctor, found.gl_pathv[i]);
    if (found.gl_pathc == 0)
        doctor_say(doctor, names_us(doctor) ? DOCTOR_ERROR : DOCTOR_WARN,
            "apt-get install --reinstall libpam-assent", "pam_assent.so is not installed%s",
            names_us(doctor) ? ", but /etc/pam.d names it: every login there fails" : "");
    globfree(&found);
}
