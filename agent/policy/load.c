#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "../../common/file.h"
#include "../../common/str.h"
#include "../yaml/yaml.h"
#include "policy.h"

void policy_files_done(struct policy_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        free((char *)(uintptr_t)files->items[i].name);
        free((char *)(uintptr_t)files->items[i].text);
    }
    free(files->items);
    *files = (struct policy_files){0};
}

int policy_files_add(struct policy_files *files, char *name, char *text, size_t length)
{
    AUTO_FREE char *owned_name = name, *owned_text = text;
    struct policy_file *items =
        name ? reallocarray(files->items, files->count + 1, sizeof(*files->items)) : NULL;

    if (!items)
        return -ENOMEM;
    files->items = items;
    files->items[files->count++] = (struct policy_file){
        .name = TAKE_PTR(owned_name),
        .text = TAKE_PTR(owned_text),
        .length = length,
    };
    files->size += length;
    return 0;
}

static bool ends_in(const char *name, const char *end)
{
    size_t length = strlen(name);

    return length > strlen(end) && strcmp(name + length - strlen(end), end) == 0;
}

static char *path_of(const char *directory, const char *name)
{
    struct str_builder path = {0};

    str_appendf(&path, "%s/%s", directory, name);
    return str_builder_take(&path);
}

/* A file that looks like policy and is not read would be a hole nobody sees. */
static void refuse_yml(const char *directory, const char *name, struct yaml_errors *errors)
{
    AUTO_FREE char *path = path_of(directory, name);

    yaml_errors_add(errors, path ? path : name, 0, 0,
        "policy files end in .yaml; rename this one, or move it away if it is not meant");
}

static int list_directory(
    DIR *stream, const char *directory, struct policy_files *files, struct yaml_errors *errors)
{
    const struct dirent *entry;
    int r = 0;

    while (r == 0 && (errno = 0, entry = readdir(stream)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        if (ends_in(entry->d_name, ".yml"))
            refuse_yml(directory, entry->d_name, errors);
        if (!ends_in(entry->d_name, ".yaml"))
            continue;
        r = files->count < POLICY_FILES_MAX
                ? policy_files_add(files, path_of(directory, entry->d_name), NULL, 0)
                : -E2BIG;
    }
    return r < 0 ? r : -errno;
}

static int compare_files(const void *left, const void *right)
{
    const struct policy_file *a = left, *b = right;

    return strcmp(a->name, b->name);
}

static void cleanup_directory(DIR **stream)
{
    if (*stream)
        closedir(*stream);
}

static bool is_trusted(DIR *stream, uid_t owner)
{
    struct stat st;

    return fstat(dirfd(stream), &st) == 0 && (st.st_uid == 0 || st.st_uid == owner) &&
           (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static int read_directory(
    const char *directory, uid_t owner, struct policy_files *files, struct yaml_errors *errors)
{
    CLEANUP(cleanup_directory) DIR *stream = opendir(directory);
    int r;

    if (!stream)
        return -errno;
    if (!is_trusted(stream, owner))
        return -EPERM;
    r = list_directory(stream, directory, files, errors);
    if (files->count > 1)
        qsort(files->items, files->count, sizeof(*files->items), compare_files);
    return r;
}

static void refuse(const char *path, int error, struct yaml_errors *errors)
{
    if (error == -EPERM)
        yaml_errors_add(errors, path, 0, 0,
            "others than root can write this, so it is not trusted; "
            "chown it to root and chmod go-w it");
    else if (error == -ELOOP)
        yaml_errors_add(errors, path, 0, 0, "it is a symbolic link; put the file itself here");
    else if (error == -EINVAL)
        yaml_errors_add(errors, path, 0, 0, "it is not a file; move it away, or call it otherwise");
    else if (error == -EFBIG)
        yaml_errors_add(errors, path, 0, 0, "the file is larger than %zu MiB", YAML_SIZE_MAX >> 20);
    else if (error == -E2BIG)
        yaml_errors_add(errors, path, 0, 0,
            "a policy is at most %d files and %zu MiB in all; what is beyond is not read",
            POLICY_FILES_MAX, POLICY_SIZE_MAX >> 20);
    else
        yaml_errors_add(errors, path, 0, 0, "it cannot be read: %s", strerrordesc_np(-error));
}

/* Lowers what is left of the room for all files. */
static int read_file(struct policy_file *file, uid_t owner, size_t *room)
{
    AUTO_CLOSE int fd = file_open_trusted(file->name, owner);
    char *text = NULL;
    int r = fd < 0 ? fd : file_read_all(fd, YAML_SIZE_MAX, &text, &file->length);

    if (r < 0)
        return r;
    file->text = text;
    if (file->length > *room)
        return -E2BIG;
    *room -= file->length;
    return 0;
}

void policy_read(
    const char *directory, uid_t owner, struct policy_files *ret_files, struct yaml_errors *errors)
{
    size_t room = POLICY_SIZE_MAX;
    int r;

    *ret_files = (struct policy_files){0};
    r = read_directory(directory, owner, ret_files, errors);
    if (r < 0 && r != -ENOENT)
        refuse(directory, r, errors);
    for (size_t i = 0; i < ret_files->count; i++) {
        struct policy_file *file = &ret_files->items[i];

        r = read_file(file, owner, &room);
        ret_files->size += file->length;
        if (r < 0)
            refuse(file->name, r, errors);
        if (r == -E2BIG)
            break;
    }
}

struct policy *policy_load(const char *directory, uid_t owner, struct yaml_errors *errors)
{
    CLEANUP(cleanup_policy) struct policy *policy = NULL;
    CLEANUP(policy_files_done) struct policy_files files;
    size_t before = yaml_errors_total(errors);

    policy_read(directory, owner, &files, errors);
    policy = policy_compile(files.items, files.count, errors);
    return yaml_errors_total(errors) == before ? TAKE_PTR(policy) : NULL;
}
