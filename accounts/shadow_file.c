#include "shadow_file.h"

#include <errno.h>
#include <shadow.h>
#include <string.h>

#include "../common/str.h"

#define BUFFER_FIRST ((size_t)1024)
#define DES_HASH_LENGTH 13 /* crypt(5): the oldest form, two bytes of salt in front */

bool shadow_file_is_locked(const char *password)
{
    const char *rest = password + strspn(password, "!");

    if (rest == password)
        return false;
    return rest[0] == '$' || rest[0] == '_' || strlen(rest) == DES_HASH_LENGTH;
}

/* ---- the lines ---- */

/* Every account as it is read, since a later line for the same name must not count. The names stand
 * in `names`, each with its NUL, in the order of the entries, whose own `name` is set last. */
struct collection {
    struct str_builder names;
    struct accounts_entry *entries;
    size_t count, size;
};

static void collection_done(struct collection *collection)
{
    str_builder_done(&collection->names);
    free(collection->entries);
}

/* Negative days other than the -1 of an empty field make no sense and end the account for
 * pam_unix(8); so they do here. */
static int64_t day_of(long expire)
{
    if (expire == -1 || expire > ACCOUNTS_DAY_MAX)
        return ACCOUNTS_DAY_NONE;
    return expire < 0 ? 0 : expire;
}

static int make_room(struct collection *collection)
{
    size_t size = collection->size ? collection->size * 2 : 64;
    struct accounts_entry *bigger;

    if (collection->count < collection->size)
        return 0;
    bigger = reallocarray(collection->entries, size, sizeof(*bigger));
    if (!bigger)
        return -ENOMEM;
    collection->entries = bigger;
    collection->size = size;
    return 0;
}

static int collect(struct collection *collection, const struct spwd *line)
{
    int r;

    if (!str_is_name(line->sp_namp) || line->sp_namp[0] == '+')
        return 0;
    r = make_room(collection);
    if (r < 0)
        return r;
    str_append_n(&collection->names, line->sp_namp, strlen(line->sp_namp) + 1);
    collection->entries[collection->count++] = (struct accounts_entry){
        .locked = shadow_file_is_locked(line->sp_pwdp),
        .expires_day = day_of(line->sp_expire),
    };
    return 0;
}

static int skip_line(FILE *stream)
{
    int c;

    do {
        c = getc(stream);
    } while (c != '\n' && c != EOF);
    return ferror(stream) ? -EIO : 0;
}

/* Visits every line that libc understands. After ERANGE it stands before the line again. */
static int read_lines(FILE *stream, struct collection *collection)
{
    AUTO_FREE char *buffer = NULL;
    size_t size = 0;
    int r = ERANGE;

    for (;;) {
        struct spwd line, *found = NULL;

        if (r == ERANGE && size < SHADOW_FILE_LINE_MAX) {
            size = size ? size * 4 : BUFFER_FIRST;
            free(buffer);
            buffer = malloc(size);
            if (!buffer)
                return -ENOMEM;
        } else if (r == ERANGE && skip_line(stream) < 0) {
            return -EIO;
        }
        r = fgetspent_r(stream, &line, buffer, size, &found);
        if (r == 0 && collect(collection, &line) < 0)
            return -ENOMEM;
        if (r == ENOENT)
            return 0;
        if (r != 0 && r != ERANGE)
            return -r;
    }
}

/* ---- in order ---- */

/* Of equal names the one that was read first comes first: its text does. */
static int compare(const void *a, const void *b)
{
    const struct accounts_entry *x = a, *y = b;
    int order = strcmp(x->name, y->name);

    return order != 0 ? order : (x->name > y->name) - (x->name < y->name);
}

static bool says_something(const struct accounts_entry *entry)
{
    return entry->locked || entry->expires_day != ACCOUNTS_DAY_NONE;
}

static void put_in_order(struct accounts_file *file)
{
    const char *last = NULL;
    char *name = file->text;
    size_t kept = 0;

    for (size_t i = 0; i < file->count; i++) {
        file->entries[i].name = name;
        name += strlen(name) + 1;
    }
    if (file->count > 0)
        qsort(file->entries, file->count, sizeof(*file->entries), compare);
    for (size_t i = 0; i < file->count; i++) {
        struct accounts_entry entry = file->entries[i];

        if ((!last || strcmp(last, entry.name) != 0) && says_something(&entry))
            file->entries[kept++] = entry;
        last = entry.name;
    }
    file->count = kept;
}

int shadow_file_read(FILE *stream, struct accounts_file *ret_file)
{
    CLEANUP(collection_done) struct collection collection = {0};
    struct accounts_file file = {0};
    int r = read_lines(stream, &collection);

    if (r < 0)
        return r;
    file.text = str_builder_take(&collection.names);
    if (!file.text)
        return -ENOMEM;
    file.entries = TAKE_PTR(collection.entries);
    file.count = collection.count;
    put_in_order(&file);
    *ret_file = file;
    return 0;
}
