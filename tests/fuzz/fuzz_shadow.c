/* Any bytes as /etc/shadow: what is found in them is something that the agent's side reads. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../accounts/shadow_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check(const struct accounts_file *file)
{
    struct accounts_file back;
    char *text;

    must(accounts_file_format(file, &text) == 0);
    must(accounts_file_parse(text, strlen(text), &back) == 0);
    must(back.count == file->count);
    accounts_file_done(&back);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FILE *stream = size ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL;
    struct accounts_file file;

    if (!stream)
        return 0;
    if (shadow_file_read(stream, &file) == 0) {
        check(&file);
        accounts_file_done(&file);
    }
    fclose(stream);
    return 0;
}
