#include "environment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../common/str.h"

/* Set by sudo from what is in the facts anyway, or harmless to what a command does. SUDO_* is
 * not here as a whole: SUDO_EDITOR, where it is kept, names a program. */
static const char *const left_out[] = {
    "COLORS",
    "COLORTERM",
    "DISPLAY",
    "HOSTNAME",
    "KRB5CCNAME",
    "LANG",
    "LANGUAGE",
    "LS_COLORS",
    "MAIL",
    "PS1",
    "PS2",
    "SUDO_COMMAND",
    "SUDO_GID",
    "SUDO_HOME",
    "SUDO_TTY",
    "SUDO_UID",
    "SUDO_USER",
    "TERM",
    "XAUTHORITY",
    "XDG_CURRENT_DESKTOP",
};

/* Where the system's programs are: a PATH of these alone, as every distribution's secure_path
 * is, leads nowhere that root did not furnish. */
static const char *const system_directories[] = {
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
    "/snap/bin",
};

static bool has_name(const char *entry, size_t length, const char *name)
{
    return strlen(name) == length && strncmp(entry, name, length) == 0;
}

static bool is_left_out(const char *entry, size_t length)
{
    if (length > 3 && strncmp(entry, "LC_", 3) == 0)
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(left_out); i++)
        if (has_name(entry, length, left_out[i]))
            return true;
    return false;
}

static bool is_system_directory(const char *directory, size_t length)
{
    for (size_t i = 0; i < ARRAY_SIZE(system_directories); i++)
        if (has_name(directory, length, system_directories[i]))
            return true;
    return false;
}

static bool is_system_path(const char *path)
{
    for (;;) {
        size_t length = strcspn(path, ":");

        if (!is_system_directory(path, length))
            return false;
        if (path[length] == '\0')
            return true;
        path += length + 1;
    }
}

/* Names that count only when they say something else than sudo would make of the account. */
static bool is_expected(const char *entry, size_t length, const struct environment_account *account)
{
    const struct {
        const char *name, *value;
    } expected[] = {
        {"HOME", account->home},
        {"LOGNAME", account->name},
        {"USER", account->name},
        {"USERNAME", account->name},
        {"SHELL", account->shell},
    };

    if (has_name(entry, length, "PATH"))
        return is_system_path(entry + length + 1);
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
        if (has_name(entry, length, expected[i].name))
            return expected[i].value && strcmp(entry + length + 1, expected[i].value) == 0;
    return false;
}

static bool counts(const char *entry, const struct environment_account *account)
{
    size_t length = strcspn(entry, "=");

    if (entry[length] == '\0')
        return true;
    return !is_left_out(entry, length) && !is_expected(entry, length, account);
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int join(char *const *entries, size_t count, struct gate_list *ret_list)
{
    struct gate_list list = {0};
    char *data, *at;

    for (size_t i = 0; i < count; i++) {
        list.length += strlen(entries[i]) + 1;
        if (list.length > GATE_ENV_MAX)
            return -E2BIG;
    }
    if (list.length > 0) {
        at = data = malloc(list.length);
        if (!data)
            return -ENOMEM;
        for (size_t i = 0; i < count; i++)
            at = stpcpy(at, entries[i]) + 1;
        list.data = data;
    }
    *ret_list = list;
    return 0;
}

int environment_collect(
    char *const envp[], const struct environment_account *account, struct gate_list *ret_list)
{
    AUTO_FREE char **kept = NULL;
    size_t total = 0, count = 0;

    while (envp && envp[total])
        total++;
    kept = calloc(total + 1, sizeof(*kept));
    if (!kept)
        return -ENOMEM;
    for (size_t i = 0; i < total; i++)
        if (counts(envp[i], account))
            kept[count++] = envp[i];
    qsort(kept, count, sizeof(*kept), compare);
    return join(kept, count, ret_list);
}
