/* The host under it all: rescue group, names, clock, disk. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "../../common/accounts.h"
#include "../../common/names.h"
#include "doctor.h"
#include "selftest.h"
#include "setup_plan.h"

#define DISK_WARN ((uint64_t)64 * 1024 * 1024)
#define DISK_ERROR ((uint64_t)16 * 1024 * 1024)
#define YEAR_2024 1704067200

/* The group that the account line of `service` names, or the default. */
static char *rescue_group_of(struct doctor *doctor, const char *service)
{
    CLEANUP(stack_done) struct stack stack = {0};
    char *group = NULL;
    if (stack_load(doctor->confdir, service, &stack) == 0) {
        size_t ours = stack_find_ours(&stack, STACK_ACCOUNT, 0);
        if (ours < stack.count)
            (void)stack_rule_argument(&stack.rules[ours], "rescue", &group);
    }
    return group != NULL ? group : strdup(DOOR_RESCUE_GROUP);
}

/* Says what is wrong with the group; true if something is. */
static bool group_is_wrong(struct doctor *doctor, const char *group)
{
    gid_t gid;
    AUTO_FREE char *fix = NULL;
    int r = accounts_gid(group, &gid);
    if (asprintf(&fix, r < 0 ? "groupadd --system %s; gpasswd -a NAME %s" : "gpasswd -a NAME %s",
            group, group) < 0)
        fix = NULL;
    if (r < 0) {
        doctor_say(doctor, DOCTOR_ERROR, fix,
            "there is no rescue group %s in /etc/group: while the agent is away only root at the "
            "console gets in",
            group);
        return true;
    }
    AUTO_FREE char *member = selftest_first_member(group);
    if (member == NULL)
        doctor_say(doctor, DOCTOR_ERROR, fix,
            "nobody is in the rescue group %s: while the agent is away only root at the console "
            "gets in. A member needs it listed in /etc/group itself",
            group);
    return member == NULL;
}

void check_rescue_group(struct doctor *doctor)
{
    static const char *const services[] = {"sshd", "sudo", "su"};
    AUTO_FREE char *seen = NULL;
    if (doctor->root[0] != '\0')
        return;
    for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
        AUTO_FREE char *group = rescue_group_of(doctor, services[i]);
        if (group == NULL || (seen != NULL && strcmp(seen, group) == 0))
            continue;
        free(seen);
        seen = strdup(group);
        if (group_is_wrong(doctor, group))
            return;
    }
}

/* Root's door at the console is the last one, but only for who has root's password. */
void check_console(struct doctor *doctor)
{
    AUTO_FREE char *text = NULL;
    int r = setup_read(doctor->root, "etc/shadow", &text, NULL);
    if (r < 0 || text == NULL) {
        if (r == -EACCES)
            doctor_say(doctor, DOCTOR_INFO, NULL, "/etc/shadow cannot be read: run it as root");
        return;
    }
    const char *line = strncmp(text, "root:", 5) == 0 ? text : strstr(text, "\nroot:");
    const char *password = line != NULL ? strchr(line, ':') + 1 : "*";
    if (password[0] == '!' || password[0] == '*')
        doctor_say(doctor, DOCTOR_WARN, "passwd root, or more members in the rescue group",
            "root has no password, so nobody can log in at the console: while the agent is away "
            "the rescue group is the only way in");
}

static void look_at_nsswitch(struct doctor *doctor, const char *text, const char *database)
{
    size_t length = strlen(database);
    for (const char *at = text; at != NULL && *at != '\0';) {
        const char *newline = strchr(at, '\n');
        if (strncmp(at, database, length) == 0 && at[length] == ':') {
            char first[32] = "";
            if (sscanf(at + length + 1, "%31s", first) == 1 && strcmp(first, "files") != 0)
                doctor_say(doctor, DOCTOR_WARN, "put `files` first in /etc/nsswitch.conf",
                    "/etc/nsswitch.conf asks \"%s\" before the local files for %s: local accounts "
                    "depend on it",
                    first, database);
            return;
        }
        at = newline != NULL ? newline + 1 : NULL;
    }
}

/* Whether a process of that name runs: by /proc, as pidof does. */
static bool is_running(const char *name)
{
    DIR *proc = opendir("/proc");
    bool found = false;
    for (struct dirent *entry; proc != NULL && !found && (entry = readdir(proc)) != NULL;) {
        char path[300], comm[32] = "";
        snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
        FILE *file = entry->d_name[0] >= '0' && entry->d_name[0] <= '9' ? fopen(path, "re") : NULL;
        if (file == NULL)
            continue;
        found = fscanf(file, "%31s", comm) == 1 && strcmp(comm, name) == 0;
        fclose(file);
    }
    if (proc != NULL)
        closedir(proc);
    return found;
}

void check_names(struct doctor *doctor)
{
    AUTO_FREE char *text = NULL;
    int r = setup_read(doctor->root, "etc/nsswitch.conf", &text, NULL);
    if (r < 0)
        doctor_say(doctor, DOCTOR_WARN, NULL, "/etc/nsswitch.conf: %s", strerror(-r));
    look_at_nsswitch(doctor, text, "passwd");
    look_at_nsswitch(doctor, text, "group");
    if (doctor->root[0] == '\0' && is_running("nscd"))
        doctor_say(doctor, DOCTOR_WARN, "systemctl disable --now nscd",
            "nscd keeps old answers: who was taken out of a group still counts as in it for up to "
            "an hour");
}

void check_clock(struct doctor *doctor)
{
    struct timex state = {0};
    if (doctor->root[0] != '\0')
        return;
    if (time(NULL) < YEAR_2024)
        doctor_say(doctor, DOCTOR_ERROR, "set the clock: timedatectl set-ntp true",
            "the clock stands before 2024: rules with days and hours, certificates and dates in "
            "the journal are wrong");
    else if (adjtimex(&state) == TIME_ERROR || (state.status & STA_UNSYNC) != 0)
        doctor_say(doctor, DOCTOR_WARN, "timedatectl set-ntp true",
            "the clock is not synchronised; rules with days and hours go by it");
}

void check_disk(struct doctor *doctor)
{
    struct statvfs disk;
    if (doctor->root[0] != '\0')
        return;
    const char *path = access(ASSENT_STATE_DIR, F_OK) == 0 ? ASSENT_STATE_DIR : "/var/lib";
    if (statvfs(path, &disk) < 0) {
        doctor_say(doctor, DOCTOR_WARN, NULL, "%s: %s", path, strerror(errno));
        return;
    }
    uint64_t left = (uint64_t)disk.f_bavail * disk.f_frsize;
    if (left < DISK_WARN)
        doctor_say(doctor, left < DISK_ERROR ? DOCTOR_ERROR : DOCTOR_WARN,
            "make room below " ASSENT_STATE_DIR,
            "%llu MiB are left for %s: when it is full nobody is let in any more",
            (unsigned long long)(left / 1024 / 1024), path);
    if (disk.f_files > 0 && disk.f_favail < 128)
        doctor_say(doctor, DOCTOR_ERROR, "make room below " ASSENT_STATE_DIR,
            "%llu inodes are left for %s", (unsigned long long)disk.f_favail, path);
}
