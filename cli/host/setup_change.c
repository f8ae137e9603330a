#include "setup_change.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../../common/accounts.h"
#include "../../common/clock.h"
#include "../../common/str.h"
#include "../base/json.h"
#include "../base/output.h"
#include "../view/style.h"
#include "../view/when.h"
#include "candidate.h"
#include "doctor_view.h"
#include "selftest.h"
#include "setup_pending.h"
#include "setup_sshd.h"
#include "setup_system.h"
#include "setup_view.h"

/* Everything one run works with. */
struct job {
    const struct setup_request *request;
    const struct cli_options *options;
    struct setup_plan plan;
    struct candidate candidate;
    struct doctor doctor;
    struct selftest test;
    char *names; /* of the doors */
    char *diff;
    char *backup;  /* name, once written */
    char *problem; /* why it stopped, already said */
    bool applied;
    uint64_t deadline_us; /* wall clock; 0: none */
};

static void job_done(struct job *job)
{
    setup_plan_done(&job->plan);
    candidate_done(&job->candidate);
    doctor_done(&job->doctor);
    selftest_done(&job->test);
    free(job->names);
    free(job->diff);
    free(job->backup);
    free(job->problem);
}

/* Says why it stops and remembers it for the JSON. Returns CLI_FAILED. */
static int stop(struct job *job, const char *format, ...) PRINTF_LIKE(2, 3);
static int stop(struct job *job, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = NULL;
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    cli_error("%s", text != NULL ? text : "out of memory");
    free(job->problem);
    job->problem = text;
    return CLI_FAILED;
}

static bool reloads_sshd(const struct job *job)
{
    for (unsigned i = 0; door_table[i].name != NULL; i++) {
        if ((job->request->doors & 1u << i) != 0 && door_table[i].reloads_sshd)
            return true;
    }
    return false;
}

static int show(const struct job *job, struct str_builder *out)
{
    if (!job->options->json)
        return output_text(out);
    str_builder_done(out);
    return CLI_OK;
}

/* A door that leans on another must not be left alone. */
static int check_needs(struct job *job, unsigned on)
{
    unsigned wanted = job->request->enable ? on | job->request->doors : on & ~job->request->doors;
    for (unsigned i = 0; door_table[i].name != NULL; i++) {
        const struct door *needed =
            door_table[i].needs != NULL ? door_find(door_table[i].needs) : NULL;
        if (needed == NULL || (wanted & 1u << i) == 0 ||
            (wanted & 1u << (unsigned)(needed - door_table)) != 0)
            continue;
        if (job->request->enable)
            return stop(job, "%s needs %s: assent setup enable %s %s", door_table[i].name,
                needed->name, needed->name, door_table[i].name);
        return stop(job, "%s leans on %s: assent setup disable %s %s", door_table[i].name,
            needed->name, door_table[i].name, needed->name);
    }
    return CLI_OK;
}

static int work_out(struct job *job)
{
    for (unsigned i = 0; door_table[i].name != NULL; i++) {
        if ((job->request->doors & 1u << i) == 0)
            continue;
        AUTO_FREE char *problem = NULL;
        int r = setup_plan_door(&job->plan, &door_table[i], job->request->enable, &problem);
        if (r < 0)
            return stop(job, "%s", problem != NULL ? problem : strerror(-r));
    }
    int r = setup_plan_diff(&job->plan, &job->diff);
    return r < 0 ? stop(job, "cannot show the change: %s", strerror(-r)) : CLI_OK;
}

/* Passwords are checked by the lines that ours replace. */
static void print_password_warning(struct str_builder *out, const struct job *job)
{
    CLEANUP(sshd_settings_done) struct sshd_settings settings = {0};
    if ((job->request->doors & DOOR_BIT_INTERACTIVE) == 0 || !job->request->enable ||
        job->request->root[0] != '\0' || sshd_settings_read(NULL, NULL, &settings) < 0)
        return;
    if (settings.known && !settings.password && !settings.kbdinteractive)
        return;
    str_appendf(out,
        "%sPASSWORDS OVER SSH STOP WORKING, FOR EVERYBODY.%s sshd still offers them; the lines "
        "that check\nthem are replaced below. Be sure that every account you need has a key.\n\n",
        style_on(job->options, STYLE_BAD), style_off(job->options, STYLE_BAD));
}

static int show_diff(struct job *job)
{
    struct str_builder out = {0};
    print_password_warning(&out, job);
    setup_print_diff(&out, job->diff, job->options);
    return show(job, &out);
}

static int look(struct job *job, const char *confdir, unsigned on)
{
    job->doctor.root = job->request->root;
    job->doctor.confdir = confdir;
    job->doctor.socket = job->options->socket;
    job->doctor.doors = on | job->request->doors;
    job->doctor.planned = true;
    doctor_run(&job->doctor, job->request->doors);
    struct str_builder out = {0};
    doctor_print(&out, &job->doctor, job->options, true);
    if (out.length > 0)
        str_append(&out, "\n");
    int r = show(job, &out);
    if (r == CLI_OK && doctor_worst(&job->doctor) == DOCTOR_ERROR)
        r = stop(job, "nothing is changed: first mend what is marked \"error\"");
    return r;
}

/* What sshd says to its configuration as it will be. */
static int try_sshd(struct job *job)
{
    AUTO_FREE char *config = NULL, *problem = NULL;
    int r = sshd_write_candidate(&job->plan, job->candidate.directory, &config);
    if (r == -ENOENT)
        return stop(job, "there is no /etc/ssh/sshd_config; is openssh-server installed?");
    if (r == -ENODATA)
        return stop(job, "/etc/ssh/sshd_config does not include /etc/ssh/sshd_config.d/*.conf; "
                         "put `Include /etc/ssh/sshd_config.d/*.conf` at its top");
    if (r == 0 && job->request->root[0] == '\0')
        r = sshd_test(config, &problem);
    if (r == -EINVAL)
        return stop(job, "sshd does not accept the change, so nothing is changed: %s",
            problem != NULL ? problem : "");
    return r < 0 ? stop(job, "cannot try the sshd configuration: %s", strerror(-r)) : CLI_OK;
}

static char *pick_user(const struct job *job)
{
    return job->request->test_user != NULL ? strdup(job->request->test_user) : selftest_pick_user();
}

static int try_stacks(struct job *job)
{
    AUTO_FREE char *user = pick_user(job);
    uid_t uid;
    if (user == NULL)
        return stop(job, "there is no account to try the stack with; name one with --test-user");
    if (accounts_uid(user, &uid) == -ENOENT && job->request->test_user == NULL)
        return stop(job, "there is no account %s to try the stack with", user);
    for (unsigned i = 0; door_table[i].name != NULL; i++) {
        if ((job->request->doors & 1u << i) == 0)
            continue;
        int r = selftest_run(&job->test, &job->candidate, &door_table[i], user);
        if (r < 0)
            return stop(job, "cannot try the stack: %s", strerror(-r));
    }
    struct str_builder out = {0};
    setup_print_tests(&out, &job->test, job->options);
    str_append(&out, "\n");
    int r = show(job, &out);
    if (r == CLI_OK && setup_tests_are_bad(&job->test))
        r = stop(job, "nothing is changed: the trial went wrong where it says BAD");
    return r;
}

/* Everything that can be known before a file is touched. */
static int examine(struct job *job, unsigned on)
{
    if (!job->request->enable)
        return CLI_OK;
    int r = candidate_write(&job->plan, &job->candidate);
    AUTO_FREE char *confdir = candidate_path(&job->candidate, CANDIDATE_UP);
    if (r < 0 || confdir == NULL)
        return stop(job, "cannot write the stack to try it: %s", strerror(r < 0 ? -r : ENOMEM));
    r = look(job, confdir, on);
    if (r == CLI_OK && reloads_sshd(job))
        r = try_sshd(job);
    if (r == CLI_OK && job->request->root[0] == '\0')
        r = try_stacks(job);
    return r;
}

static int consent(struct job *job)
{
    if (job->request->yes)
        return CLI_OK;
    if (!job->options->tty_in || job->options->json)
        return stop(job, "nothing is changed: say --yes where nobody can be asked");
    return setup_ask("Apply this change?") ? CLI_OK : stop(job, "nothing is changed");
}

static void take_back(struct job *job, const struct store_pending *pending)
{
    unsigned found = 0;
    if (job->deadline_us != 0 || reloads_sshd(job))
        (void)!pending_revert(job->request->root, pending, false, &found);
}

static int arm(struct job *job, struct store_pending *pending)
{
    AUTO_FREE char *problem = NULL;
    if (job->request->within_us == 0 || !job->request->enable)
        return CLI_OK;
    int r = setup_login_current(&pending->login);
    pending->deadline_us = clock_realtime_us() + job->request->within_us;
    if (r == 0)
        r = pending_arm(job->request->root, pending, job->request->within_us, &problem);
    if (r < 0)
        return stop(job,
            "nothing is changed: the way back by itself cannot be prepared (%s). "
            "--confirm-within 0 goes without",
            problem != NULL ? problem : strerror(-r));
    job->deadline_us = pending->deadline_us;
    return CLI_OK;
}

static int write_files(struct job *job, const struct store_pending *pending)
{
    const char *failed = NULL;
    int r = store_apply(&job->plan, &failed);
    if (r < 0) {
        take_back(job, pending);
        return stop(job, "/%s cannot be changed, all is as before: %s", failed, strerror(-r));
    }
    if (!reloads_sshd(job) || job->request->root[0] != '\0')
        return CLI_OK;
    AUTO_FREE char *problem = NULL;
    if (system_reload_sshd(true, &problem) == 0)
        return CLI_OK;
    if (!job->request->enable) {
        cli_error("the door is off, but sshd does not reload: %s", problem != NULL ? problem : "");
        return CLI_OK;
    }
    take_back(job, pending);
    return stop(job, "sshd does not reload, all is as before: %s", problem != NULL ? problem : "");
}

static int apply(struct job *job)
{
    const char *stale = setup_plan_stale(&job->plan);
    if (stale != NULL)
        return stop(job, "nothing is changed: somebody else has changed /%s meanwhile", stale);
    int r = store_backup(&job->plan, job->names, &job->backup);
    if (r < 0)
        return stop(job, "nothing is changed: the backup cannot be written: %s", strerror(-r));
    struct store_pending pending = {
        .backup = job->backup, .doors = job->names, .reload_sshd = reloads_sshd(job)};
    r = arm(job, &pending);
    if (r == CLI_OK)
        r = write_files(job, &pending);
    job->applied = r == CLI_OK;
    return r;
}

static int tell(struct job *job)
{
    struct str_builder out = {0};
    AUTO_FREE char *backup = store_backup_path(job->request->root, job->backup);
    str_appendf(&out, "Switched %s: %s. The files as they were: %s\n",
        job->request->enable ? "on" : "off", job->names, backup != NULL ? backup : "");
    if (job->deadline_us != 0) {
        char until[WHEN_SIZE], length[WHEN_SIZE];
        when_of_day(job->deadline_us, until);
        when_length(job->request->within_us / USEC_PER_SEC, length);
        str_appendf(&out,
            "%sLog in anew, in another terminal, and run `assent setup confirm` before %s "
            "(%s).%s\nOtherwise everything goes back to what it was. Keep this session open.\n",
            style_on(job->options, STYLE_BOLD), until, length, style_off(job->options, STYLE_BOLD));
    }
    return show(job, &out);
}

static int print_json(struct job *job)
{
    char confirm_by[CLOCK_RFC3339_SIZE];
    AUTO_FREE char *backup =
        job->backup != NULL ? store_backup_path(job->request->root, job->backup) : NULL;
    clock_format_rfc3339(job->deadline_us, confirm_by);
    AUTO_JSON json_t *answer = json_pack("{s:s, s:o, s:b, s:b, s:s, s:o, s:o, s:s?, s:s?, s:s?}",
        "action", job->request->enable ? "enable" : "disable", "doors",
        setup_doors_to_json(job->request->doors), "changes", setup_plan_changes(&job->plan),
        "applied", job->applied, "diff", job->diff != NULL ? job->diff : "", "findings",
        doctor_to_json(&job->doctor), "tests", setup_tests_to_json(&job->test), "backup", backup,
        "confirm_by", job->deadline_us != 0 ? confirm_by : NULL, "problem", job->problem);
    if (answer == NULL) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    return output_json(answer);
}

static int settle_pending(struct job *job)
{
    const char *root = job->request->root;
    CLEANUP(store_pending_done) struct store_pending pending = {0};
    unsigned found = 0;
    int r = store_pending_read(root, &pending);
    if (r == 0)
        return CLI_OK;
    if (r < 0)
        return stop(job, "/" STORE_DIR "/pending cannot be read: %s", strerror(-r));
    if (job->request->dry_run)
        return CLI_OK;
    if (job->request->enable)
        return stop(job,
            "a change of %s waits for `assent setup confirm`; confirm it, or take it back with "
            "`assent setup revert`, first",
            pending.doors);
    /* Off is the safe direction: what nobody confirmed goes first. */
    r = pending_revert(root, &pending, false, &found);
    return r < 0 ? stop(job, "the change of %s that nobody confirmed cannot be taken back: %s",
                       pending.doors, strerror(-r))
                 : CLI_OK;
}

static int change(struct job *job)
{
    int r = settle_pending(job);
    unsigned on = doctor_doors_on(job->request->root);
    if (r == CLI_OK)
        r = check_needs(job, on);
    if (r == CLI_OK)
        r = work_out(job);
    if (r != CLI_OK)
        return r;
    if (!setup_plan_changes(&job->plan)) {
        struct str_builder out = {0};
        str_appendf(&out, "%s: already %s, nothing to change.\n", job->names,
            job->request->enable ? "on" : "off");
        return show(job, &out);
    }
    r = show_diff(job);
    if (r == CLI_OK)
        r = examine(job, on);
    if (r != CLI_OK || job->request->dry_run)
        return r;
    r = consent(job);
    if (r == CLI_OK)
        r = apply(job);
    return r == CLI_OK ? tell(job) : r;
}

int setup_change_doors(const struct setup_request *request, const struct cli_options *options)
{
    CLEANUP(job_done) struct job job = {.request = request, .options = options};
    job.plan.root = request->root;
    job.names = setup_doors_to_text(request->doors);
    AUTO_CLOSE int lock = store_lock(request->root);
    int r;
    if (job.names == NULL)
        r = stop(&job, "out of memory");
    else if (lock < 0)
        r = stop(&job, lock == -EWOULDBLOCK ? "another `assent setup` runs at this moment"
                                            : "cannot write below /" STORE_DIR);
    else
        r = change(&job);
    if (!options->json)
        return r;
    int printed = print_json(&job);
    return r != CLI_OK ? r : printed;
}
