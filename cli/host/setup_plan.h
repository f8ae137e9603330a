/* What enabling or disabling doors would change, worked out in memory. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "setup_door.h"

#define SETUP_CHANGES_MAX 16

struct setup_change {
    const char *path; /* below the root, no leading slash; static */
    char *before;     /* NULL: not there */
    char *after;      /* NULL: to be removed */
    mode_t mode;      /* of the file as found, 0644 for a new one */
    uid_t uid;
    gid_t gid;
};

struct setup_plan {
    const char *root; /* "" for the host itself; borrowed */
    struct setup_change changes[SETUP_CHANGES_MAX];
    size_t count;
};

void setup_plan_done(struct setup_plan *plan);

/* Adds what `door` needs (`enable`) or takes it away. Doors that share a file add up. On
 * failure `*ret_problem` says why in one line (caller frees). Returns 0 or -errno. */
MUST_USE int setup_plan_door(
    struct setup_plan *plan, const struct door *door, bool enable, char **ret_problem);

/* Whether anything would change. */
bool setup_plan_changes(const struct setup_plan *plan);

/* The first file that is no longer what the plan was made from, NULL when all still are: between
 * the plan and the answer to "apply?" somebody else may have written it. */
const char *setup_plan_stale(const struct setup_plan *plan);

/* All diffs behind each other; caller frees. */
MUST_USE int setup_plan_diff(const struct setup_plan *plan, char **ret_text);

/* How much of a door is in place. */
enum door_state {
    DOOR_OFF = 0,
    DOOR_PARTLY, /* some of its files: say so, `setup enable` again mends it */
    DOOR_ON,
};
MUST_USE int setup_door_state(const char *root, const struct door *door, enum door_state *ret);
const char *door_state_to_string(enum door_state state);

/* `root` and `path` joined; caller frees. */
char *setup_path(const char *root, const char *path);

/* Reads a file whole. `*ret_text` NULL with 0 when it is not there. `ret_stat` may be NULL. */
struct stat;
MUST_USE int setup_read(const char *root, const char *path, char **ret_text, struct stat *ret_stat);
