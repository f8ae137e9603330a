#include "selftest.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <string.h>

#include "../../common/accounts.h"
#include "../../common/str.h"
#include "pamtry.h"
#include "stack.h"

#define HUMAN_UID_MIN 1000
#define HUMAN_UID_MAX 60000
#define RECORD_MAX ((size_t)256 * 1024) /* a line of /etc/group */

enum expect {
    EXPECT_ANY,     /* policy decides; only a broken set-up counts */
    EXPECT_ALLOWED, /* lock-out otherwise */
    EXPECT_REFUSED, /* an open door otherwise */
    EXPECT_BEFORE,  /* without Assent: whether this account can be tried at all */
};

/* One row to come. */
struct trial {
    const char *situation;
    const char *kind; /* CANDIDATE_UP ... */
    const char *subject;
    enum pamtry_phase phase;
    enum expect expect;
};

struct run {
    struct selftest *test;
    const struct candidate *candidate;
    const struct door *door;
    bool setuid;
};

void selftest_done(struct selftest *test)
{
    for (size_t i = 0; i < test->count; i++) {
        free(test->rows[i].user);
        free(test->rows[i].result);
    }
    test->count = 0;
}

char *selftest_first_member(const char *name)
{
    AUTO_FREE char *buffer = malloc(RECORD_MAX);
    FILE *file = buffer != NULL ? fopen("/etc/group", "re") : NULL;
    struct group group = {0}, *read = NULL;
    char *found = NULL;
    while (file != NULL && fgetgrent_r(file, &group, buffer, RECORD_MAX, &read) == 0) {
        if (strcmp(group.gr_name, name) != 0 || group.gr_mem[0] == NULL)
            continue;
        found = strdup(group.gr_mem[0]);
        break;
    }
    if (file != NULL)
        fclose(file);
    return found;
}

/* The first account of a person in /etc/passwd. */
static char *first_person(void)
{
    AUTO_FREE char *buffer = malloc(RECORD_MAX);
    FILE *file = buffer != NULL ? fopen("/etc/passwd", "re") : NULL;
    struct passwd account = {0}, *read = NULL;
    char *found = NULL;
    while (file != NULL && fgetpwent_r(file, &account, buffer, RECORD_MAX, &read) == 0) {
        if (account.pw_uid < HUMAN_UID_MIN || account.pw_uid >= HUMAN_UID_MAX)
            continue;
        found = strdup(account.pw_name);
        break;
    }
    if (file != NULL)
        fclose(file);
    return found;
}

char *selftest_pick_user(void)
{
    const char *caller = getenv("SUDO_USER");
    uid_t uid;
    if (caller != NULL && accounts_uid(caller, &uid) == 0 && uid >= HUMAN_UID_MIN)
        return strdup(caller);
    return first_person();
}

/* Codes that mean that the stack cannot work, whatever policy says. */
static bool is_broken(int code)
{
    switch (code) {
    case PAM_OPEN_ERR:
    case PAM_SYMBOL_ERR:
    case PAM_SERVICE_ERR:
    case PAM_SYSTEM_ERR:
    case PAM_BUF_ERR:
    case PAM_MODULE_UNKNOWN:
    case PAM_ABORT:
        return true;
    default:
        return false;
    }
}

static enum selftest_level judge(const struct trial *trial, const struct pamtry_result *result)
{
    if (result->no_plugin)
        return SELFTEST_BAD;
    switch (trial->expect) {
    case EXPECT_ALLOWED:
    case EXPECT_BEFORE:
        return result->code == PAM_SUCCESS ? SELFTEST_OK : SELFTEST_BAD;
    case EXPECT_REFUSED:
        return result->code != PAM_SUCCESS ? SELFTEST_OK : SELFTEST_BAD;
    case EXPECT_ANY:
        break;
    }
    if (result->code == PAM_SUCCESS)
        return SELFTEST_OK;
    return is_broken(result->code) || result->code == PAM_AUTHINFO_UNAVAIL ? SELFTEST_BAD
                                                                           : SELFTEST_NOTE;
}

/* As one line: where it was broken, with the indent of the next line, stands one blank. */
static void join_lines(char *text)
{
    char *to = text;

    while (*text != '\0') {
        if (*text == '\n') {
            text += strspn(text, "\n ");
            *to++ = ' ';
        } else {
            *to++ = *text++;
        }
    }
    *to = '\0';
}

static char *describe(const struct trial *trial, const struct pamtry_result *result)
{
    struct str_builder out = {0};
    char line[PAMTRY_TEXT_MAX], escaped[PAMTRY_TEXT_MAX * 4];

    memcpy(line, result->text, sizeof(line));
    join_lines(line);
    str_escape(line, strlen(line), escaped, sizeof(escaped));
    str_append(&out, result->code == PAM_SUCCESS ? "allowed" : "refused");
    if (result->code != PAM_SUCCESS)
        str_appendf(&out, " (%s)", pam_strerror(NULL, result->code));
    if (result->no_plugin)
        str_append(&out, ", the sudo plugin does not load");
    if (escaped[0] != '\0')
        str_appendf(&out, ": %s", escaped);
    if (trial->expect == EXPECT_BEFORE && result->code != PAM_SUCCESS)
        str_append(&out, "; choose an account that may log in with --test-user");
    return str_builder_take(&out);
}

static int add_row(
    const struct run *run, const struct trial *trial, enum selftest_level level, char *result)
{
    AUTO_FREE char *owned = result;
    char *user = trial->subject != NULL ? str_escape_new(trial->subject) : strdup("-");
    if (owned == NULL || user == NULL || run->test->count == SELFTEST_ROWS_MAX) {
        free(user);
        return -ENOMEM;
    }
    run->test->rows[run->test->count++] =
        (struct selftest_row){run->door->name, trial->situation, user, TAKE_PTR(owned), level};
    return 0;
}

static int try(const struct run *run, const struct trial *trial)
{
    AUTO_FREE char *confdir = candidate_path(run->candidate, trial->kind);
    if (confdir == NULL)
        return -ENOMEM;
    /* sudo asks PAM about the caller, su about the account it becomes. */
    bool su = strcmp(run->door->service, "su") == 0;
    struct pamtry pamtry = {
        .confdir = confdir,
        .service = run->door->service,
        .pam_user = su ? "root" : trial->subject,
        .subject = trial->subject,
        .setuid = run->setuid,
        .plugin = strcmp(run->door->service, "sudo") == 0 && trial->expect != EXPECT_BEFORE,
        .no_trace = strcmp(trial->kind, CANDIDATE_UP) != 0,
        .phase = trial->phase,
    };
    struct pamtry_result result = {0};
    int r = pamtry_run(&pamtry, &result);
    if (r == -ETIMEDOUT)
        return add_row(run, trial, SELFTEST_BAD, strdup("no answer within 20 s"));
    if (r == -ECHILD)
        return add_row(run, trial, SELFTEST_BAD, strdup("the stack crashed"));
    if (r < 0)
        return r;
    return add_row(run, trial, judge(trial, &result), describe(trial, &result));
}

static int try_all(const struct run *run, const struct trial trials[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int r = try(run, &trials[i]);
        if (r < 0)
            return r;
    }
    return 0;
}

static bool is_rescuer(const char *user)
{
    gid_t gid;
    return accounts_gid(DOOR_RESCUE_GROUP, &gid) == 0 && accounts_in_group(user, gid) == 1;
}

/* Whether the stack as it stands asks us already: then it says nothing about the account. */
static bool asks_already(const struct run *run)
{
    AUTO_FREE char *confdir = candidate_path(run->candidate, CANDIDATE_NOW);
    CLEANUP(stack_done) struct stack stack = {0};
    if (confdir == NULL || stack_load(confdir, run->door->service, &stack) < 0)
        return false;
    return stack_find_ours(&stack, STACK_ACCOUNT, 0) < stack.count;
}

/* Root's own sudo and su are no elevation and pass always; root over ssh is a login like any
 * other. */
static int try_user_and_root(const struct run *run, const char *user)
{
    enum expect away = is_rescuer(user) ? EXPECT_ALLOWED : EXPECT_REFUSED;
    enum expect root = run->setuid ? EXPECT_ALLOWED : EXPECT_ANY;
    enum expect root_away = run->setuid || is_rescuer("root") ? EXPECT_ALLOWED : EXPECT_REFUSED;
    const struct trial trials[] = {
        {"as it is now", CANDIDATE_NOW, user, PAMTRY_ACCOUNT, EXPECT_BEFORE},
        {"agent asked", CANDIDATE_UP, user, PAMTRY_ACCOUNT, EXPECT_ANY},
        {"agent asked", CANDIDATE_UP, "root", PAMTRY_ACCOUNT, root},
        {"agent down", CANDIDATE_DOWN, user, PAMTRY_ACCOUNT, away},
        {"agent down", CANDIDATE_DOWN, "root", PAMTRY_ACCOUNT, root_away},
    };
    size_t first = asks_already(run) ? 1 : 0;
    return try_all(run, trials + first, ARRAY_SIZE(trials) - first);
}

static int try_rescue(const struct run *run, const char *member)
{
    const struct trial trials[] = {
        {"agent down, rescue", CANDIDATE_DOWN, member, PAMTRY_ACCOUNT, EXPECT_ALLOWED},
        {"rescue, whole login", CANDIDATE_OURS, member, PAMTRY_SESSION, EXPECT_ALLOWED},
    };
    if (member != NULL)
        return try_all(run, trials, run->setuid ? 1 : 2);
    return add_row(run, &trials[0], SELFTEST_BAD,
        strdup("nobody is in group " DOOR_RESCUE_GROUP
               " in /etc/group; add yourself: gpasswd -a NAME " DOOR_RESCUE_GROUP));
}

/* Without a key that sshd has accepted the module must refuse: it is never the only proof. */
static int try_interactive(const struct run *run, const char *user)
{
    const struct trial trials[] = {
        {"no key shown", CANDIDATE_UP, user, PAMTRY_AUTH, EXPECT_REFUSED},
        {"no key, agent down", CANDIDATE_DOWN, user, PAMTRY_AUTH, EXPECT_REFUSED},
    };
    return try_all(run, trials, ARRAY_SIZE(trials));
}

/* The way back in that needs no agent and no group: root at the console. */
static int check_console(const struct run *run)
{
    const struct trial trial = {.situation = "console"};
    AUTO_FREE char *confdir = candidate_path(run->candidate, CANDIDATE_UP);
    CLEANUP(stack_done) struct stack stack = {0};
    if (confdir == NULL)
        return -ENOMEM;
    int r = stack_load(confdir, "login", &stack);
    if (r == -ENOENT)
        return add_row(run, &trial, SELFTEST_NOTE, strdup("no /etc/pam.d/login"));
    if (r < 0)
        return r;
    bool free_of_us = stack_find_ours(&stack, STACK_ALL, 0) == stack.count;
    return add_row(run, &trial, free_of_us ? SELFTEST_OK : SELFTEST_NOTE,
        strdup(free_of_us ? "root logs in at the console without asking Assent"
                          : "login asks Assent too; root at the console is never refused"));
}

int selftest_run(struct selftest *test, const struct candidate *candidate, const struct door *door,
    const char *user)
{
    struct run run = {test, candidate, door, strcmp(door->service, "sshd") != 0};
    /* The interactive door adds to the plain one, which has been tried with it. */
    if (door->needs != NULL)
        return try_interactive(&run, user);
    AUTO_FREE char *member = selftest_first_member(DOOR_RESCUE_GROUP);
    int r = try_user_and_root(&run, user);
    if (r == 0)
        r = try_rescue(&run, member);
    return r == 0 ? check_console(&run) : r;
}
