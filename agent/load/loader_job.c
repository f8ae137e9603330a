#include "loader_job.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "../../common/clock.h"
#include "../../common/realdir.h"
#include "../../common/str.h"
#include "../ledger/ledger.h"
#include "../yaml/yaml.h"
#include "loader_text.h"
#include "resolve.h"

#define RESOLVE_TIMEOUT_US (10 * USEC_PER_SEC)
#define WARNINGS_MAX 100

static void finish(struct load_job *job)
{
    ledger_reader_close(TAKE_PTR(job->reader));
    job->finished(job);
}

/* ---- what is said ---- */

/* A list for people: out of memory, one line less. */
static void note(struct texts *texts, const char *text)
{
    if (texts_add(texts, text) < 0)
        fprintf(stderr, "%s\n", text);
}

static void note_errors(struct texts *texts, const struct yaml_errors *errors)
{
    for (size_t i = 0; i < errors->count; i++) {
        const struct yaml_error *e = &errors->items[i];
        struct str_builder line = {0};
        AUTO_FREE char *text = NULL;

        if (e->line > 0)
            str_appendf(&line, "%s:%u:%u: %s", e->file, e->line, e->column, e->message);
        else
            str_appendf(&line, "%s: %s", e->file, e->message);
        text = str_builder_take(&line);
        note(texts, text ? text : "out of memory");
    }
}

/* /bin is /usr/bin on most hosts: a pattern below it matches no command at all. */
static void warn_of_path(const char *pattern, void *userdata)
{
    struct texts *warnings = userdata;
    struct str_builder line = {0};
    AUTO_FREE char *real = NULL, *text = NULL;

    if (texts_count(warnings) >= WARNINGS_MAX || realdir_leads_elsewhere(pattern, &real) <= 0)
        return;
    str_appendf(
        &line, "the command pattern \"%s\" matches nothing: its directory is %s", pattern, real);
    text = str_builder_take(&line);
    note(warnings, text ? text : "out of memory");
}

/* Names that do not exist match nobody: said, since a typo looks just like that. */
static void warn(struct load_result *result, const struct resolve_name *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char line[STR_NAME_MAX + 64];

        if (names[i].exists)
            continue;
        snprintf(line, sizeof(line), "there is no %s \"%s\": it matches nobody",
            names[i].is_group ? "group" : "account", names[i].name);
        note(&result->warnings, line);
    }
    policy_each_command(result->policy, warn_of_path, &result->warnings);
}

/* ---- certificates and people ---- */

static int open_reader(struct load_job *job)
{
    return job->reader ? 0 : ledger_reader_open(job->order.ledger, &job->reader);
}

/* Rules whose certificates cannot be read ask their owners: better that than no policy. */
static void read_certificates(struct load_job *job, struct certificates *ret_certificates)
{
    char line[160];
    int r = open_reader(job);

    *ret_certificates = (struct certificates){0};
    if (r == 0)
        r = certificates_read(job->reader, ret_certificates);
    if (r < 0) {
        snprintf(line, sizeof(line),
            "the certificates in the ledger cannot be read, so only those in the files count: %s",
            strerrordesc_np(-r));
        note(&job->result.warnings, line);
    }
    if (ret_certificates->unreadable > 0) {
        snprintf(line, sizeof(line), "%zu certificate%s in the ledger cannot be read",
            ret_certificates->unreadable, ret_certificates->unreadable == 1 ? "" : "s");
        note(&job->result.warnings, line);
        fprintf(stderr, SD_WARNING "%s: the rules ask their owners\n", line);
    }
}

static int look_after(struct load_job *job)
{
    CLEANUP(certificates_done) struct certificates certificates;

    read_certificates(job, &certificates);
    return survey_take(job->result.policy, &certificates, clock_realtime_us(), &job->result.survey);
}

/* ---- names ---- */

static void tell_names(
    struct policy *policy, const struct resolve_name *names, size_t users, size_t groups)
{
    for (size_t i = 0; i < users; i++) {
        policy_resolve_user(policy, i, names[i].exists, names[i].id);
        if (names[i].exists)
            policy_note_account(policy, i, names[i].locked, names[i].expires_us);
    }
    for (size_t i = 0; i < groups; i++)
        policy_resolve_group(policy, i, names[users + i].exists, names[users + i].id);
}

static void on_resolved(int result, const struct resolve_name *names, size_t count, void *userdata)
{
    struct load_job *job = userdata;
    struct policy *policy = job->result.policy;
    size_t users = policy_user_count(policy), groups = policy_group_count(policy);
    const char *warning = result < 0 ? NULL : resolve_accounts_warning(job->resolve);

    job->resolve = NULL;
    if (warning)
        note(&job->result.warnings, warning);
    if (result < 0 || count != users + groups + 1) {
        note(&job->result.errors, "the accounts it names could not be looked up in time");
        job->result.unresolved = true;
        policy_free(TAKE_PTR(job->result.policy));
        finish(job);
        return;
    }
    tell_names(policy, names, users, groups);
    policy_ready(policy);
    job->result.auditors_known = names[users + groups].exists;
    job->result.auditors = names[users + groups].id;
    warn(&job->result, names, count);
    if (look_after(job) < 0 || chunks_cut(&job->result.files, &job->result.chunks) < 0) {
        note(&job->result.errors, "out of memory");
        policy_free(TAKE_PTR(job->result.policy));
    }
    finish(job);
}

static int start_resolving(struct load_job *job)
{
    const struct policy *policy = job->result.policy;
    size_t users = policy_user_count(policy), groups = policy_group_count(policy);
    AUTO_FREE struct resolve_name *names = calloc(users + groups + 1, sizeof(*names));

    if (!names)
        return -ENOMEM;
    /* borrowed for the call: resolve_start copies */
    for (size_t i = 0; i < users; i++)
        names[i].name = (char *)(uintptr_t)policy_user_name(policy, i);
    for (size_t i = 0; i < groups; i++) {
        names[users + i].name = (char *)(uintptr_t)policy_group_name(policy, i);
        names[users + i].is_group = true;
    }
    names[users + groups].name = job->result.has_config ? job->result.config.auditors
                                                        : (char *)(uintptr_t)job->order.auditors;
    names[users + groups].is_group = true;
    return resolve_start(job->event,
        &(struct resolve_question){
            .names = names,
            .count = users + groups + 1,
            .accounts = job->order.accounts,
            .timeout_us = RESOLVE_TIMEOUT_US,
            .done = on_resolved,
            .userdata = job,
        },
        &job->resolve);
}

/* ---- text ---- */

/* The one that was in force before, which the ledger keeps. */
static int load_kept_config(struct load_job *job)
{
    struct yaml_errors errors = {0};
    AUTO_FREE char *text = NULL;
    int r = open_reader(job);

    if (r == 0)
        r = ledger_reader_meta(job->reader, CONFIG_META, &text);
    if (r == 0)
        r = config_parse(&job->result.config, job->order.config, text, &errors);
    yaml_errors_done(&errors);
    return r;
}

/* With nothing in force yet, an earlier configuration is better than none, too. */
static int load_config(struct load_job *job, struct yaml_errors *errors)
{
    int r = config_init(&job->result.config);

    if (r < 0)
        return r;
    job->result.has_config = true;
    r = config_load(&job->result.config, job->order.config, job->order.owner, errors);
    if (r == 0 || !job->order.any)
        return r;
    return load_kept_config(job) == 0 ? 0 : r;
}

/* A version out of the ledger. Returns 0, or -errno with the reason in the result's errors. */
static int load_version(struct load_job *job, const char *digest, struct texts *texts)
{
    struct yaml_errors errors = {0};
    int r = open_reader(job);

    if (r == 0)
        r = loader_text_compile(
            job->reader, digest, &job->result.policy, &job->result.files, &errors);
    if (r < 0) {
        char line[160];

        snprintf(line, sizeof(line), "version %.12s, which the ledger keeps, cannot be loaded: %s",
            digest, loader_text_why(r));
        note(texts, line);
        note_errors(texts, &errors);
    }
    job->result.from_ledger = r == 0;
    yaml_errors_done(&errors);
    return r;
}

/* What was in force before, newest first; not what was rolled back from. */
static void load_earlier(struct load_job *job)
{
    struct texts digests = {0}, unsaid = {0};
    int r = open_reader(job);

    if (r == 0)
        r = loader_text_list(job->reader, &digests);
    if (r < 0)
        note(&job->result.errors, "the versions that the ledger keeps cannot be read");
    for (const char *digest = NULL; !job->result.policy && (digest = texts_next(&digests, digest));)
        if (!str_equal(digest, job->order.held))
            (void)load_version(job, digest, &unsaid);
    texts_done(&digests);
    texts_done(&unsaid);
}

/* Whether what the files say shall not take force. */
static bool hold(struct load_job *job, const struct policy *policy)
{
    struct load_order *order = &job->order;
    const char *digest = policy_digest(policy);

    if (order->hold && !str_equal(order->version, digest))
        snprintf(order->held, sizeof(order->held), "%s", digest);
    if (!str_equal(order->held, digest))
        return false;
    snprintf(job->result.held, sizeof(job->result.held), "%s", digest);
    return true;
}

/* While the files say what was rolled back from, the version that was rolled back to goes before
 * them; and with nothing in force, any that loads. */
static void load_files(struct load_job *job, struct yaml_errors *errors)
{
    CLEANUP(policy_files_done) struct policy_files files;
    CLEANUP(cleanup_policy) struct policy *policy = NULL;
    size_t before = yaml_errors_total(errors);
    bool held, good;

    policy_read(job->order.directory, job->order.owner, &files, errors);
    policy = policy_compile(files.items, files.count, errors);
    good = policy && yaml_errors_total(errors) == before;
    held = good && hold(job, policy);
    if (held && load_version(job, job->order.version, &job->result.errors) == 0)
        return;
    if ((held || !good) && job->order.any)
        load_earlier(job);
    if (job->result.policy || !good || (held && !job->order.any))
        return;
    job->result.policy = TAKE_PTR(policy);
    job->result.files = files;
    files = (struct policy_files){0};
}

/* The version in force once more: as the ledger keeps it, or the files if they say the same. */
static void load_same(struct load_job *job)
{
    CLEANUP(texts_done) struct texts unsaid = {0};
    struct yaml_errors errors = {0};

    if (load_version(job, job->order.version, &unsaid) == 0)
        return;
    policy_read(job->order.directory, job->order.owner, &job->result.files, &errors);
    job->result.policy = policy_compile(job->result.files.items, job->result.files.count, &errors);
    if (yaml_errors_total(&errors) > 0 || !job->result.policy ||
        !str_equal(policy_digest(job->result.policy), job->order.version)) {
        policy_free(TAKE_PTR(job->result.policy));
        note(&job->result.errors, "the policy in force is neither in the ledger nor in the files");
    }
    yaml_errors_done(&errors);
}

/* Configuration and policy. Returns 0 or -errno. */
static int load_all(struct load_job *job, struct yaml_errors *errors)
{
    bool is_version =
        job->order.version[0] != '\0' && job->order.held[0] == '\0' && !job->order.hold;
    int r = job->order.auditors ? 0 : load_config(job, errors);

    if (is_version)
        (void)load_version(job, job->order.version, &job->result.errors);
    else
        load_files(job, errors);
    return r;
}

void load_job_run(struct load_job *job)
{
    struct load_result *result = &job->result;
    struct yaml_errors errors = {0};
    int r = 0;

    if (job->order.same)
        load_same(job);
    else
        r = load_all(job, &errors);
    note_errors(&result->errors, &errors);
    if (r < 0 && errors.count == 0)
        note(&result->errors, strerrordesc_np(-r));
    yaml_errors_done(&errors);
    if (r == 0 && result->policy)
        r = start_resolving(job);
    if (r == 0 && result->policy)
        return;
    if (texts_count(&result->errors) == 0)
        note(&result->errors, r < 0 ? strerrordesc_np(-r) : "out of memory");
    policy_free(TAKE_PTR(result->policy));
    finish(job);
}

void load_job_done(struct load_job *job)
{
    resolve_cancel(job->resolve);
    ledger_reader_close(job->reader);
    policy_free(job->result.policy);
    survey_done(&job->result.survey);
    policy_files_done(&job->result.files);
    chunks_done(&job->result.chunks);
    if (job->result.has_config)
        config_done(&job->result.config);
    texts_done(&job->result.errors);
    texts_done(&job->result.warnings);
}
