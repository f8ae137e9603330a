#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <string.h>
#include <sys/stat.h>

#include "../../common/file.h"
#include "../../common/str.h"
#include "../yaml/yaml.h"
#include "policy.h"

/* The files of a directory. */
struct listing {
    struct policy_file *files; /* names and texts owned */
    size_t count;
};

static void listing_done(struct listing *listing)
{
    for (size_t i = 0; i < listing->count; i++) {
        free((char *)(uintptr_t)listing->files[i].name);
        free((char *)(uintptr_t)listing->files[i].text);
    }
    free(listing->files);
}

static bool ends_in(const char *name, const char *end)
{
    size_t length = strlen(name);

    return length > strlen(end) && strcmp(name + length - strlen(end), end) == 0;
}

static bool add_file(struct listing *listing, const char *directory, const char *name)
{
    struct policy_file *files =
        reallocarray(listing->files, listing->count + 1, sizeof(*listing->files));
    struct str_builder path = {0};

    if (!files)
        return false;
    listing->files = files;
    str_appendf(&path, "%s/%s", directory, name);
    files[listing->count] = (struct policy_file){.name = str_builder_take(&path)};
    if (!files[listing->count].name)
        return false;
    listing->count++;
    return true;
}

/* A file that looks like policy and is not read would be a hole nobody sees. */
static void refuse_yml(const char *directory, const char *name, struct yaml_errors *errors)
{
    struct str_builder path = {0};
    AUTO_FREE char *taken = NULL;

    str_appendf(&path, "%s/%s", directory, name);
    taken = str_builder_take(&path);
    yaml_errors_add(errors, taken ? taken : name, 0, 0,
        "policy files end in .yaml; rename this one, or move it away if it is not meant");
}

static int list_directory(
    DIR *stream, const char *directory, struct listing *listing, struct yaml_errors *errors)
{
    const struct dirent *entry;

    while ((errno = 0, entry = readdir(stream)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        if (ends_in(entry->d_name, ".yml"))
            refuse_yml(directory, entry->d_name, errors);
        if (ends_in(entry->d_name, ".yaml") && !add_file(listing, directory, entry->d_name))
            return -ENOMEM;
    }
    return -errno;
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
    const char *directory, uid_t owner, struct listing *listing, struct yaml_errors *errors)
{
    CLEANUP(cleanup_directory) DIR *stream = opendir(directory);
    int r;

    if (!stream)
        return -errno;
    if (!is_trusted(stream, owner))
        return -EPERM;
    r = list_directory(stream, directory, listing, errors);
    if (listing->count > 1)
        qsort(listing->files, listing->count, sizeof(*listing->files), compare_files);
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
    else if (error == -EFBIG)
        yaml_errors_add(errors, path, 0, 0, "the file is larger than %zu MiB", YAML_SIZE_MAX >> 20);
    else
        yaml_errors_add(errors, path, 0, 0, "it cannot be read: %s", strerrordesc_np(-error));
}

static void read_files(struct listing *listing, uid_t owner, struct yaml_errors *errors)
{
    for (size_t i = 0; i < listing->count; i++) {
        struct policy_file *file = &listing->files[i];
        AUTO_CLOSE int fd = file_open_trusted(file->name, owner);
        char *text = NULL;
        int r = fd < 0 ? fd : file_read_all(fd, YAML_SIZE_MAX, &text, &file->length);

        file->text = text;
        if (r < 0)
            refuse(file->name, r, errors);
    }
}

struct policy *policy_load(const char *directory, uid_t owner, struct yaml_errors *errors)
{
    CLEANUP(cleanup_policy) struct policy *policy = NULL;
    struct listing listing = {0};
    size_t before = yaml_errors_total(errors);
    int r = read_directory(directory, owner, &listing, errors);

    if (r < 0 && r != -ENOENT)
        refuse(directory, r, errors);
    read_files(&listing, owner, errors);
    policy = policy_compile(listing.files, listing.count, errors);
    listing_done(&listing);
    /* The text and its tree are many times the policy; without this they stay in the process. */
    (void)malloc_trim(0);
    return yaml_errors_total(errors) == before ? TAKE_PTR(policy) : NULL;
}
