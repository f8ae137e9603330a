#include "pairs.h"

#include <stddef.h>
#include <string.h>

const char *pairs_get(char *const pairs[], const char *name)
{
    size_t length = strlen(name);
    const char *value = NULL;

    for (size_t i = 0; pairs && pairs[i]; i++)
        if (strncmp(pairs[i], name, length) == 0 && pairs[i][length] == '=')
            value = pairs[i] + length + 1;
    return value;
}
