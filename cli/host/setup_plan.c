#include "setup_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../../common/file.h"
#include "../../common/str.h"
#include "diff.h"
#include "stack.h"

void setup_plan_done(struct setup_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        free(plan->changes[i].before);
        free(plan->changes[i].after);
    }
    plan->count = 0;
}

char *setup_path(const char *root, const char *path)
{
    char *joined;
    return asprintf(&joined, "%s/%s", root, path) < 0 ? NULL : joined;
}

int setup_read(const char *root, const char *path, char **ret_text, struct stat *ret_stat)
{
    AUTO_FREE char *full = setup_path(root, path);
    if (full == NULL)
        return -ENOMEM;
    AUTO_CLOSE int fd = open(full, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 && errno != ENOENT && errno != ENOTDIR)
        return -errno;
    if (fd < 0) {
        *ret_text = NULL;
        return 0;
    }
    struct stat status;
    if (fstat(fd, &status) < 0)
        return -errno;
    if (!S_ISREG(status.st_mode))
        return -EINVAL;
    size_t length;
    char *text;
    int r = file_read_all(fd, STACK_FILE_MAX, &text, &length);
    if (r < 0)
        return r;
    /* A NUL would cut the file short when it is written back. */
    if (strlen(text) != length) {
        free(text);
        return -EINVAL;
    }
    if (ret_stat != NULL)
        *ret_stat = status;
    *ret_text = text;
    return 0;
}

static char *explain(const char *path, const char *text)
{
    char *problem;
    return asprintf(&problem, "/%s: %s", path, text) < 0 ? NULL : problem;
}

static struct setup_change *find_change(struct setup_plan *plan, const char *path)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (strcmp(plan->changes[i].path, path) == 0)
            return &plan->changes[i];
    }
    return NULL;
}

static int add_change(
    struct setup_plan *plan, const struct door_file *file, struct setup_change **ret)
{
    struct setup_change *change = find_change(plan, file->path);
    if (change == NULL) {
        if (plan->count == SETUP_CHANGES_MAX)
            return -E2BIG;
        struct setup_change fresh = {.path = file->path, .mode = 0644};
        struct stat status = {0};
        int r = setup_read(plan->root, file->path, &fresh.before, &status);
        if (r < 0)
            return r;
        if (fresh.before != NULL) {
            fresh.mode = status.st_mode & 07777;
            fresh.uid = status.st_uid;
            fresh.gid = status.st_gid;
            fresh.after = strdup(fresh.before);
        }
        if (fresh.before != NULL && fresh.after == NULL) {
            free(fresh.before);
            return -ENOMEM;
        }
        change = &plan->changes[plan->count++];
        *change = fresh;
    }
    *ret = change;
    return 0;
}

/* Whether the service file includes `through` for its account phase. */
static bool goes_through(const char *text, const char *through)
{
    bool found = false;
    for (const char *at = text; *at != '\0' && !found; at += stack_line_length(at)) {
        CLEANUP(stack_rule_done) struct stack_rule rule = {0};
        if (stack_parse_line(at, stack_line_length(at), &rule) == 1 && rule.include)
            found = (rule.type & STACK_ACCOUNT) != 0 && strcmp(rule.module, through) == 0;
    }
    return found;
}

static bool needs_nothing(const struct door_file *file, const char *text)
{
    if (text == NULL)
        return file->optional;
    return file->through != NULL && goes_through(text, file->through);
}

static int edit_pam(const struct setup_plan *plan, const struct door *door,
    const struct door_file *file, const char *text, char **ret_after)
{
    if (text == NULL)
        return -ENOENT;
    AUTO_FREE char *confdir = setup_path(plan->root, "etc/pam.d");
    if (confdir == NULL)
        return -ENOMEM;
    return stack_edit_add(confdir, text, door->name, file->inserts, ret_after);
}

/* What the file becomes when the door is switched on. */
static int edit_on(const struct setup_plan *plan, const struct door *door,
    const struct door_file *file, const char *text, char **ret_after)
{
    if (file->kind == DOOR_PAM)
        return edit_pam(plan, door, file, text, ret_after);
    if (file->kind == DOOR_LINE)
        return stack_edit_append(text, door->name, file->line, ret_after);
    int r = setup_read(plan->root, file->line, ret_after, NULL);
    return r == 0 && *ret_after == NULL ? -ENOPKG : r;
}

static int edit_off(
    const struct door *door, const struct door_file *file, const char *text, char **ret_after)
{
    *ret_after = NULL;
    if (text == NULL || file->kind == DOOR_WHOLE)
        return 0;
    return stack_edit_remove(text, door->name, ret_after);
}

static const char *reason_of(int r)
{
    switch (r) {
    case -ENOENT:
        return "no such file; is the program behind this door installed?";
    case -ENODATA:
        return "no place for our lines: this stack is not laid out as Debian's. Edit it by hand, "
               "see pam_assent(8)";
    case -EINVAL:
        return "cannot be understood (a line PAM would refuse, or an assent marker without its "
               "end). Mend it first";
    default:
        return strerror(-r);
    }
}

static int plan_file(
    struct setup_plan *plan, const struct door *door, const struct door_file *file, bool enable)
{
    struct setup_change *change;
    int r = add_change(plan, file, &change);
    if (r < 0)
        return r;
    if (needs_nothing(file, change->after))
        return 0;
    char *after = NULL;
    r = enable ? edit_on(plan, door, file, change->after, &after)
               : edit_off(door, file, change->after, &after);
    if (r < 0)
        return r;
    free(change->after);
    change->after = after;
    return 0;
}

int setup_plan_door(
    struct setup_plan *plan, const struct door *door, bool enable, char **ret_problem)
{
    for (size_t i = 0; i < DOOR_FILES_MAX && door->files[i].path != NULL; i++) {
        const struct door_file *file = &door->files[i];
        int r = plan_file(plan, door, file, enable);
        if (r == -ENOPKG)
            *ret_problem = explain(file->line, "missing; install the package assent again");
        else if (r < 0)
            *ret_problem = explain(file->path, reason_of(r));
        if (r < 0)
            return r;
    }
    return 0;
}

bool setup_plan_changes(const struct setup_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (!str_equal(plan->changes[i].before, plan->changes[i].after))
            return true;
    }
    return false;
}

const char *setup_plan_stale(const struct setup_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        AUTO_FREE char *now = NULL;
        if (setup_read(plan->root, plan->changes[i].path, &now, NULL) < 0 ||
            !str_equal(now, plan->changes[i].before))
            return plan->changes[i].path;
    }
    return NULL;
}

int setup_plan_diff(const struct setup_plan *plan, char **ret_text)
{
    struct str_builder out = {0};
    for (size_t i = 0; i < plan->count; i++) {
        const struct setup_change *change = &plan->changes[i];
        AUTO_FREE char *path = setup_path("", change->path);
        AUTO_FREE char *text = NULL;
        int r = path == NULL ? -ENOMEM : diff_unified(path, change->before, change->after, &text);
        if (r < 0) {
            str_builder_done(&out);
            return r;
        }
        str_append(&out, text);
    }
    char *result = str_builder_take(&out);
    if (result == NULL)
        return -ENOMEM;
    *ret_text = result;
    return 0;
}

/* 1 it is there, 0 it is not, -ENODATA the file does not count. */
static int file_state(const char *root, const struct door *door, const struct door_file *file)
{
    AUTO_FREE char *text = NULL;
    int r = setup_read(root, file->path, &text, NULL);
    if (r < 0)
        return r;
    if (needs_nothing(file, text))
        return -ENODATA;
    if (text == NULL)
        return 0;
    return file->kind == DOOR_WHOLE ? 1 : stack_edit_has(text, door->name);
}

int setup_door_state(const char *root, const struct door *door, enum door_state *ret)
{
    unsigned there = 0, missing = 0;
    for (size_t i = 0; i < DOOR_FILES_MAX && door->files[i].path != NULL; i++) {
        int r = file_state(root, door, &door->files[i]);
        if (r < 0 && r != -ENODATA)
            return r;
        there += r == 1;
        missing += r == 0;
    }
    *ret = there == 0 ? DOOR_OFF : missing > 0 ? DOOR_PARTLY : DOOR_ON;
    return 0;
}

const char *door_state_to_string(enum door_state state)
{
    switch (state) {
    case DOOR_ON:
        return "on";
    case DOOR_PARTLY:
        return "partly";
    case DOOR_OFF:
        break;
    }
    return "off";
}
