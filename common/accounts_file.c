#include "accounts_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "clock.h"
#include "file.h"
#include "parse.h"
#include "str.h"

#define HEAD "assent-accounts 1 " /* with the version */
#define SECONDS_PER_DAY INT64_C(86400)
#define NSEC_PER_SEC UINT64_C(1000000000)
#define LINE_MIN (sizeof("a locked -\n") - 1)

/* ---- days ---- */

#define DAY_SIZE sizeof("9999-12-31")

static void format_day(int64_t day, char ret_text[DAY_SIZE])
{
    time_t seconds = (time_t)(day * SECONDS_PER_DAY);
    struct tm tm;

    if (day == ACCOUNTS_DAY_NONE || !gmtime_r(&seconds, &tm) ||
        strftime(ret_text, DAY_SIZE, "%Y-%m-%d", &tm) == 0)
        snprintf(ret_text, DAY_SIZE, "-");
}

static bool has_shape_of_day(const char *text)
{
    static const char shape[] = "0000-00-00";

    for (size_t i = 0; i < sizeof(shape) - 1; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';

        if (shape[i] == '0' ? !digit : text[i] != shape[i])
            return false;
    }
    return text[sizeof(shape) - 1] == '\0';
}

static int number(const char *digits, size_t length)
{
    int value = 0;

    for (size_t i = 0; i < length; i++)
        value = value * 10 + (digits[i] - '0');
    return value;
}

/* A day that does not exist (30 February) becomes another one on the way through timegm(3). */
static int parse_day(const char *text, int64_t *ret_day)
{
    struct tm tm = {0};
    char back[DAY_SIZE];
    int64_t day;

    if (!has_shape_of_day(text))
        return -EBADMSG;
    tm.tm_year = number(text, 4) - 1900;
    tm.tm_mon = number(text + 5, 2) - 1;
    tm.tm_mday = number(text + 8, 2);
    day = timegm(&tm) / SECONDS_PER_DAY;
    if (day < 0 || day > ACCOUNTS_DAY_MAX)
        return -EBADMSG;
    format_day(day, back);
    if (strcmp(back, text) != 0)
        return -EBADMSG;
    *ret_day = day;
    return 0;
}

/* ---- reading ---- */

/* The word at the cursor, which goes on behind it. NULL when it is empty or ends in anything but
 * `end`. */
static char *take_word(char **cursor, char end)
{
    char *word = *cursor;
    size_t length = strcspn(word, " \n");

    if (length == 0 || word[length] != end)
        return NULL;
    word[length] = '\0';
    *cursor = word + length + 1;
    return word;
}

static int parse_entry(char **cursor, struct accounts_entry *entry)
{
    const char *state, *expires;

    entry->name = take_word(cursor, ' ');
    state = entry->name ? take_word(cursor, ' ') : NULL;
    expires = state ? take_word(cursor, '\n') : NULL;
    if (!expires || !str_is_name(entry->name))
        return -EBADMSG;
    entry->locked = strcmp(state, "locked") == 0;
    if (!entry->locked && strcmp(state, "open") != 0)
        return -EBADMSG;
    entry->expires_day = ACCOUNTS_DAY_NONE;
    if (strcmp(expires, "-") == 0)
        return entry->locked ? 0 : -EBADMSG;
    return parse_day(expires, &entry->expires_day);
}

static int parse_number(char **cursor, char end, uint64_t max, uint64_t *ret_value)
{
    const char *word = take_word(cursor, end);

    return word && parse_u64(word, max, ret_value) == 0 ? 0 : -EBADMSG;
}

/* The head, and room for the entries that follow it. */
static int parse_head(char **cursor, struct accounts_file *file, size_t *ret_count)
{
    size_t length = strlen(HEAD);
    uint64_t count;

    if (strncmp(*cursor, HEAD, length) != 0)
        return -EBADMSG;
    *cursor += length;
    if (parse_number(cursor, ' ', strlen(*cursor) / LINE_MIN, &count) < 0 ||
        parse_number(cursor, ' ', UINT64_MAX, &file->source.changed_ns) < 0 ||
        parse_number(cursor, '\n', UINT64_MAX, &file->source.inode) < 0)
        return -EBADMSG;
    file->entries = calloc(count + 1, sizeof(*file->entries));
    *ret_count = count;
    return file->entries ? 0 : -ENOMEM;
}

static int parse(struct accounts_file *file)
{
    char *cursor = file->text;
    size_t count = 0;
    int r = parse_head(&cursor, file, &count);

    while (r == 0 && file->count < count) {
        struct accounts_entry *entry = &file->entries[file->count];

        r = parse_entry(&cursor, entry);
        if (r == 0 && file->count > 0 && strcmp(entry[-1].name, entry->name) >= 0)
            r = -EBADMSG;
        file->count++;
    }
    return r < 0 ? r : *cursor == '\0' ? 0 : -EBADMSG;
}

int accounts_file_parse(const char *text, size_t length, struct accounts_file *ret_file)
{
    CLEANUP(accounts_file_done) struct accounts_file file = {0};
    int r;

    if (memchr(text, '\0', length))
        return -EBADMSG;
    file.text = strndup(text, length);
    if (!file.text)
        return -ENOMEM;
    r = parse(&file);
    if (r < 0)
        return r;
    *ret_file = file;
    file = (struct accounts_file){0};
    return 0;
}

int accounts_file_load(const char *path, uid_t owner, struct accounts_file *ret_file)
{
    AUTO_CLOSE int fd = file_open_trusted(path, owner);
    AUTO_FREE char *text = NULL;
    size_t length;
    int r;

    if (fd < 0)
        return fd;
    r = file_read_all(fd, ACCOUNTS_FILE_MAX, &text, &length);
    return r < 0 ? r : accounts_file_parse(text, length, ret_file);
}

/* ---- writing ---- */

int accounts_file_format(const struct accounts_file *file, char **ret_text)
{
    struct str_builder text = {0};
    size_t length;
    char *taken;

    str_appendf(&text, HEAD "%zu %" PRIu64 " %" PRIu64 "\n", file->count, file->source.changed_ns,
        file->source.inode);
    for (size_t i = 0; i < file->count; i++) {
        const struct accounts_entry *entry = &file->entries[i];
        char day[DAY_SIZE];

        format_day(entry->expires_day, day);
        str_appendf(&text, "%s %s %s\n", entry->name, entry->locked ? "locked" : "open", day);
    }
    length = text.length;
    taken = str_builder_take(&text);
    if (!taken)
        return -ENOMEM;
    if (length > ACCOUNTS_FILE_MAX) {
        free(taken);
        return -EFBIG;
    }
    *ret_text = taken;
    return 0;
}

/* ---- asking ---- */

static int compare_name(const void *name, const void *entry)
{
    return strcmp(name, ((const struct accounts_entry *)entry)->name);
}

const struct accounts_entry *accounts_file_find(const struct accounts_file *file, const char *name)
{
    if (file->count == 0)
        return NULL;
    return bsearch(name, file->entries, file->count, sizeof(*file->entries), compare_name);
}

uint64_t accounts_entry_expires_us(const struct accounts_entry *entry)
{
    if (entry->expires_day == ACCOUNTS_DAY_NONE)
        return 0;
    if (entry->expires_day == 0)
        return 1;
    return (uint64_t)entry->expires_day * (uint64_t)SECONDS_PER_DAY * USEC_PER_SEC;
}

struct accounts_source accounts_source_of(const struct stat *status)
{
    return (struct accounts_source){
        .changed_ns =
            (uint64_t)status->st_ctim.tv_sec * NSEC_PER_SEC + (uint64_t)status->st_ctim.tv_nsec,
        .inode = status->st_ino,
    };
}

bool accounts_source_equal(const struct accounts_source *a, const struct accounts_source *b)
{
    return a->changed_ns == b->changed_ns && a->inode == b->inode;
}

void accounts_file_done(struct accounts_file *file)
{
    free(file->entries);
    free(file->text);
    *file = (struct accounts_file){0};
}
