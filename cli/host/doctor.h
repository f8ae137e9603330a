/* Finding what would lock people out. A check is one row of a table; it looks, and says what it
 * finds with doctor_say(). A check that says nothing worse than "ok" is fine. Checks read
 * files and ask; they change nothing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "../base/cli.h"
#include "setup_door.h"
#include "stack.h"

enum doctor_level {
    DOCTOR_OK = 0,
    DOCTOR_INFO,  /* to be known */
    DOCTOR_WARN,  /* will hurt one day */
    DOCTOR_ERROR, /* somebody is or will be locked out, or a door does not hold */
};

struct doctor_finding {
    const char *check; /* name of the check */
    enum doctor_level level;
    char *text; /* what is wrong; escaped */
    char *fix;  /* a command or a sentence, NULL: none */
};

#define DOCTOR_FINDINGS_MAX 256

/* What the checks look at. */
struct doctor {
    const char *root;    /* "" for this host; else nothing is asked, files alone are read */
    const char *confdir; /* PAM service files: of the host or of a candidate */
    const char *socket;  /* the agent's public socket */
    unsigned doors;      /* bit i: door_table[i] is on, or about to be */
    bool planned;        /* before a change: sudo.conf and drop-ins are not as they will be */
    struct doctor_finding findings[DOCTOR_FINDINGS_MAX];
    size_t count;
    const char *check; /* name of the check that runs */
};

struct doctor_check {
    const char *name;
    const char *fine; /* what it means when there is nothing to say */
    unsigned doors;   /* the doors it concerns; 0: the host as a whole */
    void (*run)(struct doctor *doctor);
};

#define DOOR_BIT_SSHD (1u << 0)
#define DOOR_BIT_INTERACTIVE (1u << 1)
#define DOOR_BIT_SUDO (1u << 2)
#define DOOR_BIT_SU (1u << 3)
#define DOOR_BIT_SSH_ANY (DOOR_BIT_SSHD | DOOR_BIT_INTERACTIVE)
#define DOOR_BIT_ALL 15u

/* Adds a finding of the running check. `fix` may be NULL and is copied. */
void doctor_say(struct doctor *doctor, enum doctor_level level, const char *fix, const char *format,
    ...) PRINTF_LIKE(4, 5);

/* Runs the checks that concern any of the doors `which`, or the host as a whole; DOOR_BIT_ALL: all.
 */
void doctor_run(struct doctor *doctor, unsigned which);
void doctor_done(struct doctor *doctor);

/* The worst level found. */
enum doctor_level doctor_worst(const struct doctor *doctor);
const char *doctor_level_to_string(enum doctor_level level);

/* The doors that are on (or partly) below `root`. */
unsigned doctor_doors_on(const char *root);

/* Loads a service of doctor->confdir; says so itself when it cannot be read. False: no
 * stack to look at. */
bool doctor_load(struct doctor *doctor, const char *service, struct stack *ret_stack);

/* ---- the checks, by file ----------------------------------------------------------------- */

void check_pam_module(struct doctor *doctor);    /* doctor_pam.c */
void check_pam_lines(struct doctor *doctor);     /* doctor_pam.c */
void check_pam_order(struct doctor *doctor);     /* doctor_pam.c */
void check_pam_only(struct doctor *doctor);      /* doctor_pam.c */
void check_sudo_plugin(struct doctor *doctor);   /* doctor_sudo.c */
void check_sudo_conf(struct doctor *doctor);     /* doctor_sudo.c */
void check_sudoers(struct doctor *doctor);       /* doctor_sudo.c */
void check_sshd_pam(struct doctor *doctor);      /* doctor_ssh.c */
void check_sshd_methods(struct doctor *doctor);  /* doctor_ssh.c */
void check_sshd_root(struct doctor *doctor);     /* doctor_ssh.c */
void check_sshd_waiting(struct doctor *doctor);  /* doctor_ssh.c */
void check_doors_beside(struct doctor *doctor);  /* doctor_doors.c */
void check_doors_partly(struct doctor *doctor);  /* doctor_doors.c */
void check_rescue_group(struct doctor *doctor);  /* doctor_host.c */
void check_console(struct doctor *doctor);       /* doctor_host.c */
void check_names(struct doctor *doctor);         /* doctor_host.c */
void check_clock(struct doctor *doctor);         /* doctor_host.c */
void check_disk(struct doctor *doctor);          /* doctor_host.c */
void check_agent_units(struct doctor *doctor);   /* doctor_agent.c */
void check_agent_sockets(struct doctor *doctor); /* doctor_agent.c */
void check_agent_answers(struct doctor *doctor); /* doctor_agent.c */

extern const struct cli_option doctor_options[];
int verb_doctor(int argc, char **argv, const struct cli_options *options);
