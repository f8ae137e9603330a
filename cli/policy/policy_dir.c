#include "policy_dir.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../base/text.h"
#include "directory.h"
#include "errors.h"

void policy_dir_done(struct policy_dir *dir)
{
    policy_free(dir->policy);
    json_decref(dir->users);
    json_decref(dir->unknown);
    free(dir->gids);
    *dir = (struct policy_dir){0};
}

int policy_dir_say_errors(const struct yaml_errors *errors)
{
    struct str_builder out = {0};
    AUTO_FREE char *text = NULL;

    errors_put(&out, errors, cli_width(STDERR_FILENO));
    text = str_builder_take(&out);
    fputs(text ? text : "", stderr);
    cli_error("the policy does not load");
    return CLI_USAGE;
}

static void resolve_users(struct policy_dir *dir)
{
    for (size_t i = 0; i < policy_user_count(dir->policy); i++) {
        const char *name = policy_user_name(dir->policy, i);
        const struct passwd *entry = getpwnam(name);

        policy_resolve_user(dir->policy, i, entry != NULL, entry ? entry->pw_uid : 0);
        (void)json_object_set_new(
            dir->users, name, entry ? json_integer(entry->pw_uid) : json_null());
        if (!entry)
            (void)json_array_append_new(dir->unknown, json_string(name));
    }
}

static int resolve_groups(struct policy_dir *dir)
{
    dir->gids = calloc(policy_group_count(dir->policy) + 1, sizeof(*dir->gids));
    if (!dir->gids)
        return -ENOMEM;
    for (size_t i = 0; i < policy_group_count(dir->policy); i++) {
        const char *name = policy_group_name(dir->policy, i);
        const struct group *entry = getgrnam(name);

        policy_resolve_group(dir->policy, i, entry != NULL, entry ? entry->gr_gid : 0);
        if (entry)
            dir->gids[dir->gid_count++] = entry->gr_gid;
        else
            (void)json_array_append_new(dir->unknown, json_string(name));
    }
    return 0;
}

int policy_dir_take(struct policy_dir *dir, const char *path, struct policy *policy)
{
    dir->path = path;
    dir->policy = policy;
    dir->users = json_object();
    dir->unknown = json_array();
    resolve_users(dir);
    if (resolve_groups(dir) < 0) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    policy_ready(dir->policy);
    return CLI_OK;
}

int policy_dir_load(struct policy_dir *dir, const char *path)
{
    CLEANUP(yaml_errors_done) struct yaml_errors errors = {0};
    struct policy *policy;
    int r = directory_check(path);

    if (r != CLI_OK)
        return r;
    policy = policy_load(path, getuid(), &errors);
    return policy ? policy_dir_take(dir, path, policy) : policy_dir_say_errors(&errors);
}
