#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "../agent/policy/policy.h"
#include "../agent/yaml/yaml.h"
#include "../common/names.h"
#include "../common/realdir.h"
#include "json.h"
#include "output.h"
#include "text.h"
#include "verbs.h"

/* What a check found. Strings in `unknown` are names that match nobody on this host, in `dead`
 * command patterns that match nothing here. */
struct check {
    const char *directory;
    struct yaml_errors errors;
    struct policy *policy;
    json_t *unknown;
    json_t *dead;
};

static void check_done(struct check *check)
{
    policy_free(check->policy);
    yaml_errors_done(&check->errors);
    json_decref(check->unknown);
    json_decref(check->dead);
}

/* An empty or missing directory is a policy to the agent, but surely a mistake here. */
static int check_directory(const char *directory)
{
    AUTO_CLOSE int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = fd < 0 ? errno : 0;
    AUTO_FREE char *escaped = NULL;

    if (error == 0)
        return CLI_OK;
    escaped = str_escape_new(directory);
    cli_error("cannot read the directory %s: %s", escaped ? escaped : "?", strerror(error));
    return error == ENOENT || error == ENOTDIR ? CLI_USAGE : CLI_FAILED;
}

/* Accounts and groups may come from a directory service: this is the person's own process,
 * where asking it is fine. */
static void find_unknown(struct check *check)
{
    for (size_t i = 0; i < policy_user_count(check->policy); i++) {
        const char *name = policy_user_name(check->policy, i);

        if (!getpwnam(name))
            (void)json_array_append_new(check->unknown, json_string(name));
    }
    for (size_t i = 0; i < policy_group_count(check->policy); i++) {
        const char *name = policy_group_name(check->policy, i);

        if (!getgrnam(name))
            (void)json_array_append_new(check->unknown, json_string(name));
    }
}

static void find_dead(const char *pattern, void *userdata)
{
    struct check *check = userdata;
    AUTO_FREE char *real = NULL;

    if (realdir_leads_elsewhere(pattern, &real) > 0)
        (void)json_array_append_new(check->dead, json_string(pattern));
}

static json_t *error_to_json(const struct yaml_error *error)
{
    return json_pack("{s:s, s:i, s:i, s:s}", "file", error->file, "line", (int)error->line,
        "column", (int)error->column, "message", error->message);
}

static int print_json(const struct check *check)
{
    AUTO_JSON json_t *result = json_object();
    json_t *errors = json_array();

    for (size_t i = 0; i < check->errors.count; i++)
        (void)json_array_append_new(errors, error_to_json(&check->errors.items[i]));
    (void)json_object_set_new(result, "directory", json_string(check->directory));
    (void)json_object_set_new(result, "errors", errors);
    if (check->policy) {
        (void)json_object_set_new(result, "digest", json_string(policy_digest(check->policy)));
        (void)json_object_set_new(
            result, "rules", json_integer((json_int_t)policy_rule_count(check->policy)));
        (void)json_object_set_new(
            result, "people", json_integer((json_int_t)policy_person_count(check->policy)));
        (void)json_object_set(result, "unknown_names", check->unknown);
        (void)json_object_set(result, "dead_patterns", check->dead);
    }
    return output_json(result);
}

static void put_errors(struct str_builder *out, const struct yaml_errors *errors)
{
    for (size_t i = 0; i < errors->count; i++) {
        const struct yaml_error *error = &errors->items[i];

        text_put(out, error->file);
        str_appendf(out, ":%u:%u: %s\n", error->line, error->column, error->message);
    }
    if (errors->dropped > 0)
        str_appendf(out, "and %zu more errors\n", errors->dropped);
}

static void put_list(struct str_builder *out, const char *what, const json_t *list)
{
    if (json_array_size(list) == 0)
        return;
    str_appendf(out, "%s: ", what);
    for (size_t i = 0; i < json_array_size(list); i++) {
        str_append(out, i > 0 ? ", " : "");
        text_put(out, json_string_value(json_array_get(list, i)));
    }
    str_append(out, "\n");
}

static void put_good(struct str_builder *out, const struct check *check)
{
    size_t rules = policy_rule_count(check->policy), people = policy_person_count(check->policy);

    str_appendf(out, "good: %zu rule%s, %zu %s\ndigest %s\n", rules, rules == 1 ? "" : "s", people,
        people == 1 ? "person" : "people", policy_digest(check->policy));
    put_list(out, "not known on this host, so they match nobody here", check->unknown);
    put_list(out, "below a directory that is only a link, so they match no command", check->dead);
}

int verb_policy_check(int argc, char **argv, const struct cli_options *options)
{
    CLEANUP(check_done)
    struct check check = {.directory = argc > 1 ? argv[1] : ASSENT_POLICY_DIR};
    struct str_builder out = {0};
    int r = check_directory(check.directory);

    if (r != CLI_OK)
        return r;
    check.unknown = json_array();
    check.dead = json_array();
    check.policy = policy_load(check.directory, getuid(), &check.errors);
    if (check.policy) {
        find_unknown(&check);
        policy_each_command(check.policy, find_dead, &check);
    }
    if (options->json) {
        r = print_json(&check);
    } else {
        put_errors(&out, &check.errors);
        if (check.policy)
            put_good(&out, &check);
        r = output_text(&out);
    }
    return r == CLI_OK && (!check.policy || check.errors.count > 0) ? CLI_USAGE : r;
}
