/* Doors beside those that are protected: what leads to the same place without being asked. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doctor.h"
#include "setup_plan.h"

static bool is_there(const struct doctor *doctor, const char *path)
{
    AUTO_FREE char *full = setup_path(doctor->root, path);
    return full != NULL && access(full, F_OK) == 0;
}

static bool is_gated(const struct doctor *doctor, const char *service)
{
    CLEANUP(stack_done) struct stack stack = {0};
    return stack_load(doctor->confdir, service, &stack) == 0 &&
           stack_find_ours(&stack, STACK_ACCOUNT, 0) < stack.count;
}

/* What can become root, or somebody else, when sudo is asked and this is not. */
static const struct {
    const char *program; /* below the root */
    const char *service; /* the PAM service that would ask, or NULL */
    enum doctor_level level;
    const char *text, *fix;
} beside_sudo[] = {
    {"usr/bin/su", "su", DOCTOR_WARN,
        "su is not asked: whoever knows root's password needs no sudo", "assent setup enable su"},
    {"usr/bin/doas", "doas", DOCTOR_WARN, "doas is not asked",
        "add the lines by hand to /etc/pam.d/doas, pam_assent(8)"},
    {"usr/bin/pkexec", NULL, DOCTOR_INFO, "pkexec asks polkit, not Assent",
        "restrict it with a rule in /etc/polkit-1/rules.d, or remove it"},
    {"usr/bin/run0", NULL, DOCTOR_INFO, "run0 asks polkit, not Assent",
        "restrict org.freedesktop.systemd1.manage-units in /etc/polkit-1/rules.d"},
    {"usr/bin/machinectl", NULL, DOCTOR_INFO, "machinectl shell asks polkit, not Assent",
        "restrict org.freedesktop.machine1.* in /etc/polkit-1/rules.d"},
    {"usr/bin/docker", NULL, DOCTOR_INFO, "members of group docker are root without being asked",
        "keep the group empty"},
    {"usr/bin/lxc", NULL, DOCTOR_INFO, "members of group lxd are root without being asked",
        "keep the group empty"},
};

static void look_beside_sudo(struct doctor *doctor)
{
    for (size_t i = 0; i < ARRAY_SIZE(beside_sudo); i++) {
        if (!is_there(doctor, beside_sudo[i].program))
            continue;
        if (beside_sudo[i].service != NULL && is_gated(doctor, beside_sudo[i].service))
            continue;
        doctor_say(doctor, beside_sudo[i].level, beside_sudo[i].fix, "sudo is gated, but %s",
            beside_sudo[i].text);
    }
}

static void look_beside_login(struct doctor *doctor)
{
    static const char *const services[] = {
        "gdm-password", "lightdm", "sddm", "cockpit", "vsftpd", "proftpd", "rsh", "rlogin"};
    for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
        CLEANUP(stack_done) struct stack stack = {0};
        if (stack_load(doctor->confdir, services[i], &stack) == 0 &&
            stack_find_ours(&stack, STACK_ACCOUNT, 0) == stack.count)
            doctor_say(doctor, DOCTOR_INFO, NULL,
                "ssh is gated, but %s lets people log in without asking Assent", services[i]);
    }
}

void check_doors_beside(struct doctor *doctor)
{
    unsigned doors = doctor->doors;
    if (doors == 0) {
        doctor_say(doctor, DOCTOR_INFO, "assent setup enable sshd",
            "no door is switched on: Assent is asked about nothing");
        return;
    }
    if ((doors & DOOR_BIT_SUDO) != 0)
        look_beside_sudo(doctor);
    if ((doors & DOOR_BIT_SSHD) != 0)
        look_beside_login(doctor);
    if ((doors & DOOR_BIT_SUDO) == 0 && (doors & DOOR_BIT_SSHD) != 0 &&
        is_there(doctor, "usr/bin/sudo"))
        doctor_say(doctor, DOCTOR_WARN, "assent setup enable sudo",
            "ssh is gated, but sudo is not: who is in can become root unasked");
    if ((doors & DOOR_BIT_SU) != 0 && (doors & DOOR_BIT_SUDO) == 0 &&
        is_there(doctor, "usr/bin/sudo"))
        doctor_say(doctor, DOCTOR_WARN, "assent setup enable sudo", "su is gated, but sudo is not");
    if ((doors & DOOR_BIT_INTERACTIVE) != 0 && (doors & DOOR_BIT_SSHD) == 0)
        doctor_say(doctor, DOCTOR_ERROR, "assent setup enable sshd",
            "ssh waits for people of group " DOOR_INTERACTIVE_GROUP
            ", but logins of everybody else are not asked about");
    if ((doors & (DOOR_BIT_SUDO | DOOR_BIT_SU)) != 0)
        doctor_say(doctor, DOCTOR_INFO, NULL,
            "jobs of cron, at and systemd's user services run without being asked: a grant does "
            "not reach them, and they do not need one");
}

void check_doors_partly(struct doctor *doctor)
{
    for (const struct door *door = door_table; door->name != NULL && !doctor->planned; door++) {
        enum door_state state;
        if (setup_door_state(doctor->root, door, &state) == 0 && state == DOOR_PARTLY) {
            AUTO_FREE char *fix = NULL;
            if (asprintf(&fix, "assent setup enable %s", door->name) < 0)
                fix = NULL;
            doctor_say(doctor, DOCTOR_ERROR, fix,
                "door %s is switched on in some of its files only", door->name);
        }
    }
}
