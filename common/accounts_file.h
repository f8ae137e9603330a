/* What assent-accounts (root, reads /etc/shadow) tells the agent (user assent, may not):
 * which local accounts are locked or have a day on which they end. Never a password's hash.
 *
 *   assent-accounts 1 COUNT CHANGED INODE
 *                                      the format's version, how many lines follow, and which
 *                                      state of /etc/shadow they were made from: its ctime
 *                                      (nanoseconds since the epoch) and inode
 *   NAME STATE EXPIRES                 in byte order of the names, each once. STATE is "locked" or
 *                                      "open". EXPIRES is the first day on which nobody can use
 *                                      the account any more, YYYY-MM-DD in UTC (the day of
 *                                      shadow(5)), or "-"
 *
 * One blank between two words, a newline behind every line, nothing else. "NAME open -" says
 * nothing and does not occur: an account that is not listed is open and does not end. Whatever is
 * not of exactly this form is refused as a whole. Published as ASSENT_ACCOUNTS, root:assent 0640,
 * in one step. Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "macro.h"

#define ACCOUNTS_FILE_MAX ((size_t)8 << 20) /* bytes; some two hundred thousand accounts */
#define ACCOUNTS_DAY_NONE INT64_C(-1)
#define ACCOUNTS_DAY_MAX INT64_C(2932896) /* 9999-12-31 */

struct stat;

struct accounts_entry {
    char *name;
    bool locked;
    int64_t expires_day; /* days since 1970-01-01, 0..ACCOUNTS_DAY_MAX or ACCOUNTS_DAY_NONE */
};

/* A state of the file that this was made from. The clock of a file system stands still for some
 * milliseconds; whoever changes /etc/shadow makes a new file of it. */
struct accounts_source {
    uint64_t changed_ns;
    uint64_t inode;
};

/* Zero-initialise; free with accounts_file_done. */
struct accounts_file {
    struct accounts_source source;
    struct accounts_entry *entries; /* in byte order of the names */
    size_t count;
    char *text; /* what the names point into */
};

/* Reads the text of such a file into `ret_file` (caller frees). Returns 0, -EBADMSG when it is not
 * of the form above, or -ENOMEM. */
MUST_USE int accounts_file_parse(const char *text, size_t length, struct accounts_file *ret_file);

/* The same from a file that must belong to `owner` or root and that nobody else may write
 * (file_open_trusted). Returns also -EFBIG and other -errno; -ENOENT: none was published. */
MUST_USE int accounts_file_load(const char *path, uid_t owner, struct accounts_file *ret_file);

/* The text of such a file (caller frees). The entries must be in order. Returns 0, -EFBIG when it
 * would be longer than readers take, or -ENOMEM. */
MUST_USE int accounts_file_format(const struct accounts_file *file, char **ret_text);

/* The entry of that name, or NULL: then nothing is wrong with the account. Valid with `file`. */
const struct accounts_entry *accounts_file_find(const struct accounts_file *file, const char *name);

/* When the account ends, microseconds since the epoch; 0: never (an account that ended with
 * the epoch gives 1). */
uint64_t accounts_entry_expires_us(const struct accounts_entry *entry);

/* The state of a file with that status, and whether two are the same. */
struct accounts_source accounts_source_of(const struct stat *status);
bool accounts_source_equal(const struct accounts_source *a, const struct accounts_source *b);

void accounts_file_done(struct accounts_file *file);
