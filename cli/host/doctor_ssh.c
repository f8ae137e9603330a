/* What sshd is told, as sshd itself reads it (sshd -T). */
#include <stdio.h>
#include <string.h>

#include "../../common/accounts.h"
#include "../../common/clock.h"
#include "../../common/parse.h"
#include "../../common/str.h"
#include "doctor.h"
#include "selftest.h"
#include "setup_sshd.h"

#define DROP_IN "/etc/ssh/sshd_config.d/60-assent-interactive.conf"
#define METHODS "publickey,keyboard-interactive"

/* False when sshd cannot be asked: below another root, or it is not installed. */
static bool ask(struct doctor *doctor, const char *user, struct sshd_settings *settings)
{
    if (doctor->root[0] != '\0' || access("/usr/sbin/sshd", X_OK) < 0)
        return false;
    if (sshd_settings_read(NULL, user, settings) < 0)
        return false;
    if (settings->known)
        return true;
    /* sshd wants to read its host keys before it says anything */
    if (geteuid() != 0)
        doctor_say(doctor, DOCTOR_INFO, NULL, "sshd does not tell its settings: run it as root");
    else
        doctor_say(doctor, DOCTOR_ERROR, "sshd -t",
            "sshd does not understand its own configuration: %s",
            settings->problem != NULL ? settings->problem : "");
    return false;
}

void check_sshd_pam(struct doctor *doctor)
{
    CLEANUP(sshd_settings_done) struct sshd_settings settings = {0};
    if ((doctor->doors & DOOR_BIT_SSH_ANY) == 0 || !ask(doctor, NULL, &settings))
        return;
    if (!settings.use_pam)
        doctor_say(doctor, DOCTOR_ERROR, "set `UsePAM yes` in /etc/ssh/sshd_config",
            "sshd does not use PAM: every ssh login passes Assent by");
}

/* Whether `methods` only lets in who shows a key and then answers the question. */
static bool key_then_question(const char *methods)
{
    return methods != NULL && strncmp(methods, METHODS, strlen(METHODS)) == 0;
}

static void look_at_member(struct doctor *doctor, const char *member)
{
    CLEANUP(sshd_settings_done) struct sshd_settings settings = {0};
    if (!ask(doctor, member, &settings))
        return;
    if (!key_then_question(settings.methods))
        doctor_say(doctor, DOCTOR_ERROR, "assent setup enable sshd-interactive",
            "sshd asks %s for \"%s\" instead of \"" METHODS "\": pam_assent.so is never the only "
            "proof and refuses them",
            member, settings.methods);
    else if (!settings.kbdinteractive)
        doctor_say(doctor, DOCTOR_ERROR, "set `KbdInteractiveAuthentication yes` in " DROP_IN,
            "keyboard-interactive is off for %s, whom " METHODS " is asked of", member);
}

void check_sshd_methods(struct doctor *doctor)
{
    gid_t gid;
    if ((doctor->doors & DOOR_BIT_INTERACTIVE) == 0)
        return;
    if (accounts_gid(DOOR_INTERACTIVE_GROUP, &gid) < 0) {
        doctor_say(doctor, DOCTOR_WARN, "groupadd --system " DOOR_INTERACTIVE_GROUP,
            "there is no group " DOOR_INTERACTIVE_GROUP ", so nobody is asked interactively");
        return;
    }
    AUTO_FREE char *member = selftest_first_member(DOOR_INTERACTIVE_GROUP);
    if (member == NULL)
        doctor_say(doctor, DOCTOR_INFO, "gpasswd -a NAME " DOOR_INTERACTIVE_GROUP,
            "nobody is in group " DOOR_INTERACTIVE_GROUP " yet");
    else if (!doctor->planned)
        look_at_member(doctor, member);
}

void check_sshd_root(struct doctor *doctor)
{
    CLEANUP(sshd_settings_done) struct sshd_settings settings = {0};
    gid_t gid;
    if (accounts_gid(DOOR_INTERACTIVE_GROUP, &gid) == 0 && accounts_in_group("root", gid) == 1)
        doctor_say(doctor, DOCTOR_ERROR, "gpasswd -d root " DOOR_INTERACTIVE_GROUP,
            "root is in group " DOOR_INTERACTIVE_GROUP ": every tool that logs in as root by key "
            "alone stops working");
    if ((doctor->doors & DOOR_BIT_SSH_ANY) == 0 || !ask(doctor, "root", &settings))
        return;
    bool key_only = settings.root_login_text != NULL &&
                    (strcmp(settings.root_login_text, "prohibit-password") == 0 ||
                        strcmp(settings.root_login_text, "without-password") == 0);
    if (key_only && settings.methods != NULL &&
        (strstr(settings.methods, "keyboard-interactive") != NULL ||
            strstr(settings.methods, "password") != NULL))
        doctor_say(doctor, DOCTOR_ERROR, "set `AuthenticationMethods publickey` for root",
            "PermitRootLogin %s forbids what AuthenticationMethods \"%s\" demands: root cannot "
            "log in over ssh at all",
            settings.root_login_text, settings.methods);
}

/* wait= of the auth line, in seconds; 0 when there is none. */
static unsigned waiting_seconds(struct doctor *doctor)
{
    CLEANUP(stack_done) struct stack stack = {0};
    AUTO_FREE char *value = NULL;
    uint64_t us = 60 * USEC_PER_SEC;
    if (stack_load(doctor->confdir, "sshd", &stack) < 0)
        return 0;
    size_t ours = stack_find_ours(&stack, STACK_AUTH, 0);
    if (ours == stack.count)
        return 0;
    if (stack_rule_argument(&stack.rules[ours], "wait", &value) && value != NULL &&
        parse_duration(value, &us) < 0)
        return 0;
    return (unsigned)(us / USEC_PER_SEC);
}

/* pam_assent.so parks at most so many logins of one host: pam_assent(8). */
#define WAITING_MAX 4

void check_sshd_waiting(struct doctor *doctor)
{
    CLEANUP(sshd_settings_done) struct sshd_settings settings = {0};
    unsigned wait = waiting_seconds(doctor);
    if (wait == 0 || !ask(doctor, NULL, &settings))
        return;
    if (settings.grace_s != 0 && wait + 10 > settings.grace_s)
        doctor_say(doctor, DOCTOR_ERROR,
            "shorten wait= in /etc/pam.d/sshd, or raise LoginGraceTime",
            "wait=%us does not fit into LoginGraceTime %us: sshd ends the login before the answer "
            "comes",
            wait, settings.grace_s);
    if (settings.startups != 0 && settings.startups <= WAITING_MAX)
        doctor_say(doctor, DOCTOR_ERROR, "raise MaxStartups to 10:30:100",
            "MaxStartups %u: the %u logins that may wait for people keep everybody else out",
            settings.startups, WAITING_MAX);
    if (settings.kbdinteractive)
        doctor_say(doctor, DOCTOR_WARN,
            "set `KbdInteractiveAuthentication no` outside the Match block",
            "keyboard-interactive is on for everybody: who is not in group " DOOR_INTERACTIVE_GROUP
            " and has no key gets a question that can only be refused");
    if (settings.password)
        doctor_say(doctor, DOCTOR_WARN, "set `PasswordAuthentication no` in /etc/ssh/sshd_config",
            "sshd still offers passwords, which can no longer work: pam_assent.so stands where "
            "they were checked");
}
