/* What assent-accounts published, as the agent reads it: any bytes. What is taken is written
 * again and read to the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/accounts_file.h"
#include "../../common/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_entry(const struct accounts_file *file, const struct accounts_entry *entry)
{
    must(str_is_name(entry->name));
    must(entry->locked || entry->expires_day != ACCOUNTS_DAY_NONE);
    must(entry->expires_day >= ACCOUNTS_DAY_NONE && entry->expires_day <= ACCOUNTS_DAY_MAX);
    must((accounts_entry_expires_us(entry) == 0) == (entry->expires_day == ACCOUNTS_DAY_NONE));
    must(accounts_file_find(file, entry->name) == entry);
}

static void go_round(const struct accounts_file *file)
{
    struct accounts_file back;
    char *text;

    must(accounts_file_format(file, &text) == 0);
    must(accounts_file_parse(text, strlen(text), &back) == 0);
    must(accounts_source_equal(&back.source, &file->source) && back.count == file->count);
    for (size_t i = 0; i < back.count; i++)
        must(strcmp(back.entries[i].name, file->entries[i].name) == 0 &&
             back.entries[i].locked == file->entries[i].locked &&
             back.entries[i].expires_day == file->entries[i].expires_day);
    accounts_file_done(&back);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct accounts_file file;
    char *text = malloc(size ? size : 1); /* exactly, so that reading past it is seen */

    must(text != NULL);
    memcpy(text, data, size);
    if (accounts_file_parse(text, size, &file) == 0) {
        for (size_t i = 0; i < file.count; i++)
            check_entry(&file, &file.entries[i]);
        go_round(&file);
        accounts_file_done(&file);
    }
    free(text);
    return 0;
}
