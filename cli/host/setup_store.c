#include "setup_store.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "../../common/file.h"
#include "../../common/str.h"

#define PENDING STORE_DIR "/pending"
#define LOCK STORE_DIR "/lock"
#define BACKUP STORE_DIR "/backup"

static void cleanup_json(json_t **value)
{
    json_decref(*value);
}
#define AUTO_JSON CLEANUP(cleanup_json)

void store_pending_done(struct store_pending *pending)
{
    free(pending->backup);
    free(pending->doors);
    *pending = (struct store_pending){0};
}

char *store_backup_path(const char *root, const char *name)
{
    char *path;
    return asprintf(&path, "%s/" BACKUP "/%s", root, name) < 0 ? NULL : path;
}

static int make_directory(const char *root, const char *path)
{
    AUTO_FREE char *full = setup_path(root, path);
    if (full == NULL)
        return -ENOMEM;
    return mkdir(full, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static int make_directories(const char *root)
{
    int r = make_directory(root, STORE_DIR);
    return r < 0 ? r : make_directory(root, BACKUP);
}

int store_lock(const char *root)
{
    int r = make_directories(root);
    AUTO_FREE char *path = setup_path(root, LOCK);
    if (r < 0 || path == NULL)
        return r < 0 ? r : -ENOMEM;
    AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
        return -errno;
    return TAKE_FD(fd);
}

static int write_json(const char *path, const json_t *value)
{
    AUTO_FREE char *text = json_dumps(value, JSON_INDENT(2));
    return text != NULL ? file_write_atomic(path, text, strlen(text), 0600) : -ENOMEM;
}

static int read_json(const char *root, const char *path, json_t **ret_value)
{
    AUTO_FREE char *text = NULL;
    int r = setup_read(root, path, &text, NULL);
    if (r < 0)
        return r;
    if (text == NULL)
        return -ENOENT;
    json_t *value = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    if (value == NULL)
        return -EBADMSG;
    *ret_value = value;
    return 0;
}

/* Writes one side of a change as NUMBER.before or NUMBER.after. */
static int write_side(const char *directory, size_t number, const char *side, const char *text)
{
    AUTO_FREE char *path = NULL;
    if (asprintf(&path, "%s/%zu.%s", directory, number, side) < 0)
        return -ENOMEM;
    return text != NULL ? file_write_atomic(path, text, strlen(text), 0600) : 0;
}

static int write_change(
    const char *directory, size_t number, const struct setup_change *change, json_t *files)
{
    int r = write_side(directory, number, "before", change->before);
    if (r == 0)
        r = write_side(directory, number, "after", change->after);
    if (r < 0)
        return r;
    json_t *entry = json_pack("{s:s, s:b, s:b, s:i, s:i, s:i}", "path", change->path, "before",
        change->before != NULL, "after", change->after != NULL, "mode", (int)change->mode, "uid",
        (int)change->uid, "gid", (int)change->gid);
    return json_array_append_new(files, entry) < 0 ? -ENOMEM : 0;
}

static int write_manifest(const struct setup_plan *plan, const char *doors, const char *directory)
{
    AUTO_JSON json_t *files = json_array();
    AUTO_FREE char *path = setup_path(directory, "manifest");
    if (files == NULL || path == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < plan->count; i++) {
        int r = write_change(directory, i, &plan->changes[i], files);
        if (r < 0)
            return r;
    }
    AUTO_JSON json_t *manifest = json_pack("{s:s, s:O}", "doors", doors, "files", files);
    return manifest != NULL ? write_json(path, manifest) : -ENOMEM;
}

/* A name nobody has: the time, the doors, and a number should two fall into one second. */
static int make_backup_directory(const char *root, const char *doors, char **ret_name)
{
    char stamp[32];
    time_t now = time(NULL);
    struct tm utc;
    if (gmtime_r(&now, &utc) == NULL || strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc) == 0)
        return -EOVERFLOW;
    for (unsigned attempt = 0; attempt < 100; attempt++) {
        AUTO_FREE char *name = NULL;
        char suffix[8] = "";
        if (attempt > 0)
            snprintf(suffix, sizeof(suffix), ".%u", attempt);
        if (asprintf(&name, "%s-%s%s", stamp, doors, suffix) < 0)
            return -ENOMEM;
        for (char *at = name; *at != '\0'; at++)
            *at = *at == ' ' ? '+' : *at;
        AUTO_FREE char *path = store_backup_path(root, name);
        if (path == NULL)
            return -ENOMEM;
        if (mkdir(path, 0700) == 0) {
            *ret_name = TAKE_PTR(name);
            return 0;
        }
        if (errno != EEXIST)
            return -errno;
    }
    return -EEXIST;
}

int store_backup(const struct setup_plan *plan, const char *doors, char **ret_name)
{
    AUTO_FREE char *name = NULL;
    int r = make_directories(plan->root);
    if (r == 0)
        r = make_backup_directory(plan->root, doors, &name);
    if (r < 0)
        return r;
    AUTO_FREE char *path = store_backup_path(plan->root, name);
    if (path == NULL)
        return -ENOMEM;
    r = write_manifest(plan, doors, path);
    if (r == 0)
        *ret_name = TAKE_PTR(name);
    return r;
}

/* A service file may be a link into a place the administrator manages: the file it leads to
 * is replaced, not the link. */
static char *real_target(const char *root, const char *path)
{
    AUTO_FREE char *full = setup_path(root, path);
    if (full == NULL)
        return NULL;
    char *target = realpath(full, NULL);
    return target != NULL ? target : TAKE_PTR(full);
}

/* Makes the file what `text` says, NULL: gone; with the change's mode and owner. */
static int write_target(const char *root, const struct setup_change *change, const char *text)
{
    AUTO_FREE char *target = real_target(root, change->path);
    if (target == NULL)
        return -ENOMEM;
    if (text == NULL)
        return unlink(target) < 0 && errno != ENOENT ? -errno : 0;
    int r = file_write_atomic(target, text, strlen(text), change->mode);
    if (r < 0 || (change->uid == geteuid() && change->gid == getegid()))
        return r;
    return lchown(target, change->uid, change->gid) < 0 ? -errno : 0;
}

int store_apply(const struct setup_plan *plan, const char **ret_failed)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct setup_change *change = &plan->changes[i];
        if (str_equal(change->before, change->after))
            continue;
        int r = write_target(plan->root, change, change->after);
        if (r == 0)
            continue;
        *ret_failed = change->path;
        for (size_t done = i; done-- > 0;)
            (void)write_target(plan->root, &plan->changes[done], plan->changes[done].before);
        return r;
    }
    return 0;
}

static int read_side(
    const char *root, const char *name, size_t number, const char *side, char **ret_text)
{
    AUTO_FREE char *path = NULL;
    if (asprintf(&path, BACKUP "/%s/%zu.%s", name, number, side) < 0)
        return -ENOMEM;
    AUTO_FREE char *text = NULL;
    int r = setup_read(root, path, &text, NULL);
    if (r < 0 || text == NULL)
        return r < 0 ? r : -ENOENT;
    *ret_text = TAKE_PTR(text);
    return 0;
}

/* Keeps what stands there now, when it is neither side of the change. */
static int keep_found(const char *root, const char *name, size_t number,
    const struct setup_change *change, unsigned *found)
{
    AUTO_FREE char *now = NULL;
    int r = setup_read(root, change->path, &now, NULL);
    if (r < 0)
        return r;
    if (now == NULL || str_equal(now, change->before) || str_equal(now, change->after))
        return 0;
    AUTO_FREE char *directory = store_backup_path(root, name);
    if (directory == NULL)
        return -ENOMEM;
    ++*found;
    return write_side(directory, number, "found", now);
}

static int restore_file(
    const char *root, const char *name, size_t number, const json_t *entry, unsigned *found)
{
    const char *path;
    int before, after, mode, uid, gid;
    if (json_unpack((json_t *)entry, "{s:s, s:b, s:b, s:i, s:i, s:i}", "path", &path, "before",
            &before, "after", &after, "mode", &mode, "uid", &uid, "gid", &gid) < 0)
        return -EBADMSG;
    struct setup_change change = {
        .path = path, .mode = (mode_t)mode & 07777, .uid = (uid_t)uid, .gid = (gid_t)gid};
    AUTO_FREE char *text_before = NULL, *text_after = NULL;
    int r = before ? read_side(root, name, number, "before", &text_before) : 0;
    if (r == 0 && after)
        r = read_side(root, name, number, "after", &text_after);
    if (r < 0)
        return r;
    change.before = text_before;
    change.after = text_after;
    /* Failing to keep a copy must not keep people locked out. */
    (void)keep_found(root, name, number, &change, found);
    return write_target(root, &change, change.before);
}

int store_restore(const char *root, const char *name, unsigned *ret_found)
{
    AUTO_FREE char *path = NULL;
    AUTO_JSON json_t *manifest = NULL;
    unsigned found = 0;
    if (asprintf(&path, BACKUP "/%s/manifest", name) < 0)
        return -ENOMEM;
    int r = read_json(root, path, &manifest);
    if (r < 0)
        return r;
    const json_t *files = json_object_get(manifest, "files");
    if (!json_is_array(files))
        return -EBADMSG;
    /* One file that fails does not stop the others. */
    for (size_t i = 0; i < json_array_size(files); i++) {
        int one = restore_file(root, name, i, json_array_get(files, i), &found);
        if (one < 0)
            r = one;
    }
    if (r == 0)
        *ret_found = found;
    return r;
}

int store_pending_write(const char *root, const struct store_pending *pending)
{
    AUTO_FREE char *path = setup_path(root, PENDING);
    AUTO_JSON json_t *value = json_pack("{s:s, s:s, s:b, s:I, s:s, s:s, s:i, s:I}", "backup",
        pending->backup, "doors", pending->doors, "reload_sshd", pending->reload_sshd,
        "deadline_us", (json_int_t)pending->deadline_us, "session", pending->login.session,
        "boot_id", pending->login.boot_id, "sid", (int)pending->login.sid, "at_us",
        (json_int_t)pending->login.at_us);
    if (path == NULL || value == NULL)
        return -ENOMEM;
    return write_json(path, value);
}

/* The name must stay one directory below backup/. */
static bool is_backup_name(const char *name)
{
    return name[0] != '.' && name[0] != '\0' && strchr(name, '/') == NULL;
}

static bool copy_text(char *target, size_t size, const char *text)
{
    return snprintf(target, size, "%s", text) < (int)size;
}

static int unpack_pending(json_t *value, struct store_pending *pending)
{
    const char *backup, *doors, *session, *boot_id;
    json_int_t deadline, at;
    int sid, reload;
    if (json_unpack(value, "{s:s, s:s, s:b, s:I, s:s, s:s, s:i, s:I}", "backup", &backup, "doors",
            &doors, "reload_sshd", &reload, "deadline_us", &deadline, "session", &session,
            "boot_id", &boot_id, "sid", &sid, "at_us", &at) < 0)
        return -EBADMSG;
    struct setup_login *login = &pending->login;
    if (!is_backup_name(backup) || !copy_text(login->session, sizeof(login->session), session) ||
        !copy_text(login->boot_id, sizeof(login->boot_id), boot_id))
        return -EBADMSG;
    pending->reload_sshd = reload;
    pending->deadline_us = (uint64_t)deadline;
    login->sid = sid;
    login->at_us = (uint64_t)at;
    pending->backup = strdup(backup);
    pending->doors = strdup(doors);
    return pending->backup != NULL && pending->doors != NULL ? 0 : -ENOMEM;
}

int store_pending_read(const char *root, struct store_pending *ret_pending)
{
    AUTO_JSON json_t *value = NULL;
    CLEANUP(store_pending_done) struct store_pending pending = {0};
    int r = read_json(root, PENDING, &value);
    if (r == -ENOENT)
        return 0;
    if (r == 0)
        r = unpack_pending(value, &pending);
    if (r < 0)
        return r;
    *ret_pending = pending;
    pending = (struct store_pending){0};
    return 1;
}

int store_pending_remove(const char *root)
{
    AUTO_FREE char *path = setup_path(root, PENDING);
    AUTO_FREE char *directory = setup_path(root, STORE_DIR);
    if (path == NULL || directory == NULL)
        return -ENOMEM;
    if (unlink(path) < 0 && errno != ENOENT)
        return -errno;
    AUTO_CLOSE int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}
