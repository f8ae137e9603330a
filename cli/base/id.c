#include "id.h"

#include <errno.h>
#include <string.h>

#define ID_DIGITS 8
#define ID_GROUP 4

static char fold(char c)
{
    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    if (c == 'O')
        return '0';
    return c == 'I' || c == 'L' ? '1' : c;
}

int id_normalise(const char *text, char ret_id[ID_SIZE])
{
    static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    char id[ID_SIZE] = {0};
    size_t used = 0;

    for (; *text != '\0'; text++) {
        char c = fold(*text);

        if (c == '-' || c == ' ')
            continue;
        if (used == ID_SIZE - 1 || !strchr(alphabet, c))
            return -EINVAL;
        if (used == ID_GROUP)
            id[used++] = '-';
        id[used++] = c;
    }
    if (used != ID_DIGITS + 1)
        return -EINVAL;
    memcpy(ret_id, id, sizeof(id));
    return 0;
}
