/* A policy directory as the agent would have it: read, and its names resolved on this host. */
#pragma once

#include <jansson.h>

#include "../../agent/policy/policy.h"
#include "../../agent/yaml/yaml.h"
#include "../base/cli.h"

/* Zero-initialise; free with policy_dir_done. */
struct policy_dir {
    const char *path;      /* borrowed */
    struct policy *policy; /* ready to decide */
    json_t *users;         /* each account that it names: its uid, or null: not on this host */
    gid_t *gids;           /* of the groups that it names and that exist */
    size_t gid_count;
    json_t *unknown; /* names of accounts and groups that match nobody here */
};

/* Asks this host's name services, so it may take its time. Returns CLI_OK or the exit code, with
 * every error in the files on standard error. */
int policy_dir_load(struct policy_dir *dir, const char *path);
/* The same with a policy from elsewhere, which it takes over; `path` is what people know it by. */
int policy_dir_take(struct policy_dir *dir, const char *path, struct policy *policy);

/* Puts the errors of a policy that does not load on standard error. Returns CLI_USAGE. */
int policy_dir_say_errors(const struct yaml_errors *errors);

void policy_dir_done(struct policy_dir *dir);
