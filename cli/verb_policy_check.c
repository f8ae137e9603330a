#include <unistd.h>

#include "../agent/policy/policy.h"
#include "../agent/study/suite.h"
#include "../agent/yaml/yaml.h"
#include "../common/clock.h"
#include "../common/names.h"
#include "../common/realdir.h"
#include "base/json.h"
#include "base/output.h"
#include "base/text.h"
#include "policy/directory.h"
#include "policy/errors.h"
#include "policy/findings.h"
#include "policy/policy_names.h"
#include "verbs.h"

/* What a check found. */
struct check {
    const char *directory;
    bool host; /* what this host knows counts */
    struct yaml_errors errors;
    struct policy *policy;
    struct findings findings;
};

static void check_done(struct check *check)
{
    findings_done(&check->findings);
    policy_free(check->policy);
    yaml_errors_done(&check->errors);
}

static char *real_directory(const char *pattern, void *userdata UNUSED)
{
    char *real = NULL;

    return realdir_leads_elsewhere(pattern, &real) > 0 ? real : NULL;
}

/* Files with errors are no policy; mistakes in its tests are errors here, too. */
static void read_policy(struct check *check)
{
    CLEANUP(policy_files_done) struct policy_files files = {0};

    policy_read(check->directory, getuid(), &files, &check->errors);
    check->policy = policy_compile(files.items, files.count, &check->errors);
    if (yaml_errors_total(&check->errors) == 0) {
        suite_check(files.items, files.count, &check->errors);
        return;
    }
    policy_free(check->policy);
    check->policy = NULL;
}

static int look(struct check *check)
{
    struct lint_options options = {
        .now_us = clock_realtime_us(),
        .host = check->host,
        .real_directory = real_directory,
    };

    if (check->host)
        policy_names_resolve(check->policy);
    else
        policy_names_pretend(check->policy);
    if (findings_collect(&check->findings, check->policy, &options) == 0)
        return CLI_OK;
    cli_error("out of memory");
    return CLI_FAILED;
}

static json_t *counts_to_json(const struct findings *findings)
{
    return json_pack("{s:i, s:i, s:i, s:i}", "errors", (int)findings->levels[LINT_ERROR],
        "warnings", (int)findings->levels[LINT_WARNING], "notes", (int)findings->levels[LINT_NOTE],
        "accepted", (int)findings->accepted);
}

static int print_json(const struct check *check)
{
    AUTO_JSON json_t *result = json_object();

    (void)json_object_set_new(result, "directory", json_string(check->directory));
    (void)json_object_set_new(result, "errors", errors_to_json(&check->errors));
    if (check->policy) {
        (void)json_object_set_new(result, "digest", json_string(policy_digest(check->policy)));
        (void)json_object_set_new(
            result, "rules", json_integer((json_int_t)policy_rule_count(check->policy)));
        (void)json_object_set_new(
            result, "people", json_integer((json_int_t)policy_person_count(check->policy)));
        (void)json_object_set_new(result, "findings", findings_to_json(&check->findings));
        (void)json_object_set_new(result, "counts", counts_to_json(&check->findings));
    }
    return output_json(result);
}

static void put_summary(struct str_builder *out, const struct check *check, bool good)
{
    size_t rules = policy_rule_count(check->policy), people = policy_person_count(check->policy);

    str_appendf(out, "%s: %zu rule%s, %zu %s; ", good ? "good" : "not good", rules,
        rules == 1 ? "" : "s", people, people == 1 ? "person" : "people");
    findings_put_counts(out, &check->findings);
    str_appendf(out, "\ndigest %s\n", policy_digest(check->policy));
}

static int print_text(const struct check *check, const struct cli_options *options, bool good)
{
    struct str_builder out = {0};

    errors_put(&out, &check->errors, options->width);
    if (check->policy) {
        findings_put(&out, &check->findings, options, cli_value(options, "all") != NULL);
        put_summary(&out, check, good);
    }
    return output_text(&out);
}

static bool is_good(const struct check *check, bool strict)
{
    return check->policy && check->errors.count == 0 && check->findings.levels[LINT_ERROR] == 0 &&
           (!strict || check->findings.levels[LINT_WARNING] == 0);
}

int verb_policy_check(int argc, char **argv, const struct cli_options *options)
{
    CLEANUP(check_done)
    struct check check = {
        .directory = argc > 1 ? argv[1] : ASSENT_POLICY_DIR,
        .host = !cli_value(options, "no-accounts"),
    };
    int r = directory_check(check.directory);
    bool good;

    if (r != CLI_OK)
        return r;
    read_policy(&check);
    if (check.policy)
        r = look(&check);
    if (r != CLI_OK)
        return r;
    good = is_good(&check, cli_value(options, "strict") != NULL);
    r = options->json ? print_json(&check) : print_text(&check, options, good);
    return r == CLI_OK && !good ? CLI_USAGE : r;
}
