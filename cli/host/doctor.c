#include "doctor.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../../common/str.h"
#include "../base/cli.h"
#include "../base/json.h"
#include "../base/output.h"
#include "../base/text.h"
#include "../view/style.h"
#include "setup_plan.h"

const struct cli_option doctor_options[] = {
    {"quiet", NULL, "print only what is wrong"},
    {"root", "DIR", "look at the files below DIR alone, ask nothing"},
    {0},
};

static const struct doctor_check checks[] = {
    {"module", "pam_assent.so is there, and only root can change it", DOOR_BIT_ALL,
        check_pam_module},
    {"pam-lines", "every line with pam_assent.so is understood and stands where it may",
        DOOR_BIT_ALL, check_pam_lines},
    {"pam-order", "nothing in a stack goes round pam_assent.so", DOOR_BIT_ALL, check_pam_order},
    {"pam-only", "pam_assent.so is nowhere the only authentication", DOOR_BIT_ALL, check_pam_only},
    {"sudo-plugin", "PAM and sudo.conf agree about the sudo plugin", DOOR_BIT_SUDO,
        check_sudo_plugin},
    {"sudo-conf", "everything sudo.conf loads is there, and only root can change it", DOOR_BIT_SUDO,
        check_sudo_conf},
    {"sudoers", "sudoers leaves PAM's account phase on", DOOR_BIT_SUDO, check_sudoers},
    {"sshd-pam", "sshd uses PAM", DOOR_BIT_SSH_ANY, check_sshd_pam},
    {"sshd-methods", "sshd asks for a key first, and only people of the group wait",
        DOOR_BIT_INTERACTIVE, check_sshd_methods},
    {"sshd-root", "no rule of sshd's keeps root from the methods it has", DOOR_BIT_SSH_ANY,
        check_sshd_root},
    {"sshd-waiting", "logins that wait leave room and time for others", DOOR_BIT_INTERACTIVE,
        check_sshd_waiting},
    {"doors", "every door that is switched on is switched on whole", DOOR_BIT_ALL,
        check_doors_partly},
    {"beside", "no door stands open beside a protected one", 0, check_doors_beside},
    {"rescue", "somebody can get in while the agent is away", DOOR_BIT_ALL, check_rescue_group},
    {"console", "root can log in at the console", DOOR_BIT_ALL, check_console},
    {"names", "accounts and groups come from the local files first", 0, check_names},
    {"clock", "the clock is right", 0, check_clock},
    {"disk", "there is room for the ledger", 0, check_disk},
    {"units", "the agent starts with the machine", DOOR_BIT_ALL, check_agent_units},
    {"sockets", "both sockets listen", DOOR_BIT_ALL, check_agent_sockets},
    {"agent", "the agent answers and is well", DOOR_BIT_ALL, check_agent_answers},
};

void doctor_say(
    struct doctor *doctor, enum doctor_level level, const char *fix, const char *format, ...)
{
    AUTO_FREE char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    /* A finding that cannot be told is still counted, as the worst. */
    if (length < 0)
        text = NULL;
    if (doctor->count == DOCTOR_FINDINGS_MAX) {
        doctor->findings[doctor->count - 1].level = DOCTOR_ERROR;
        return;
    }
    doctor->findings[doctor->count++] = (struct doctor_finding){
        .check = doctor->check,
        .level = text != NULL ? level : DOCTOR_ERROR,
        .text = text != NULL ? str_escape_new(text) : NULL,
        .fix = fix != NULL ? str_escape_new(fix) : NULL,
    };
}

void doctor_done(struct doctor *doctor)
{
    for (size_t i = 0; i < doctor->count; i++) {
        free(doctor->findings[i].text);
        free(doctor->findings[i].fix);
    }
    doctor->count = 0;
}

void doctor_run(struct doctor *doctor, unsigned which)
{
    for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
        if (which != DOOR_BIT_ALL && checks[i].doors != 0 && (checks[i].doors & which) == 0)
            continue;
        size_t before = doctor->count;
        doctor->check = checks[i].name;
        checks[i].run(doctor);
        if (doctor->count == before)
            doctor_say(doctor, DOCTOR_OK, NULL, "%s", checks[i].fine);
    }
}

enum doctor_level doctor_worst(const struct doctor *doctor)
{
    enum doctor_level worst = DOCTOR_OK;
    for (size_t i = 0; i < doctor->count; i++) {
        if (doctor->findings[i].level > worst)
            worst = doctor->findings[i].level;
    }
    return worst;
}

const char *doctor_level_to_string(enum doctor_level level)
{
    switch (level) {
    case DOCTOR_OK:
        return "ok";
    case DOCTOR_INFO:
        return "info";
    case DOCTOR_WARN:
        return "warn";
    case DOCTOR_ERROR:
        break;
    }
    return "error";
}

unsigned doctor_doors_on(const char *root)
{
    unsigned on = 0;
    for (unsigned i = 0; door_table[i].name != NULL; i++) {
        enum door_state state;
        if (setup_door_state(root, &door_table[i], &state) == 0 && state != DOOR_OFF)
            on |= 1u << i;
    }
    return on;
}

bool doctor_load(struct doctor *doctor, const char *service, struct stack *ret_stack)
{
    int r = stack_load(doctor->confdir, service, ret_stack);
    if (r == -ENOENT)
        return false;
    if (r < 0) {
        doctor_say(doctor, DOCTOR_ERROR, "mend the file, pam.d(5)",
            "/etc/pam.d/%s cannot be read as PAM reads it: %s", service, strerror(-r));
        return false;
    }
    if (ret_stack->missing != NULL)
        doctor_say(doctor, DOCTOR_ERROR, "mend the include",
            "/etc/pam.d/%s includes %s, which is not there: PAM refuses everybody", service,
            ret_stack->missing);
    return true;
}
