#include "ids.h"

#include <errno.h>
#include <string.h>

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

#define HALF_BITS 20
#define HALF_MASK ((UINT32_C(1) << HALF_BITS) - 1)

void ids_init(struct ids *ids, const uint8_t key[16], uint64_t next)
{
    *ids = (struct ids){.next = next, .reserved = next};
    memcpy(ids->keys, key, sizeof(ids->keys));
}

/* A mixing round (the finaliser of MurmurHash3); secrecy is not asked of it. */
static uint32_t mix(uint32_t value, uint32_t key)
{
    value ^= key;
    value *= UINT32_C(0x85ebca6b);
    value ^= value >> 13;
    value *= UINT32_C(0xc2b2ae35);
    value ^= value >> 16;
    return value & HALF_MASK;
}

/* A Feistel network is a permutation whatever its rounds are: no two counters meet. */
static uint64_t permute(const struct ids *ids, uint64_t counter)
{
    uint32_t left = (uint32_t)(counter >> HALF_BITS) & HALF_MASK;
    uint32_t right = (uint32_t)counter & HALF_MASK;

    for (size_t i = 0; i < ARRAY_SIZE(ids->keys); i++) {
        uint32_t next = left ^ mix(right, ids->keys[i]);

        left = right;
        right = next;
    }
    return (uint64_t)left << HALF_BITS | right;
}

int ids_new(struct ids *ids, char ret_id[IDS_SIZE])
{
    uint64_t value;

    if (ids->next >= ids->reserved)
        return -EAGAIN;
    value = permute(ids, ids->next++);
    for (size_t i = 0; i < IDS_SIZE - 1; i++) {
        if (i == 4) {
            ret_id[i] = '-';
            continue;
        }
        ret_id[i] = alphabet[value & 31];
        value >>= 5;
    }
    ret_id[IDS_SIZE - 1] = '\0';
    return 0;
}

bool ids_run_short(const struct ids *ids, uint64_t *ret_limit)
{
    *ret_limit = ids->next + IDS_BLOCK;
    return ids->reserved - ids->next < IDS_BLOCK / 2;
}

void ids_reserved(struct ids *ids, uint64_t limit)
{
    if (limit > ids->reserved)
        ids->reserved = limit;
}

static char canonical(char c)
{
    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    if (c == 'O')
        return '0';
    if (c == 'I' || c == 'L')
        return '1';
    return c != '\0' && strchr(alphabet, c) ? c : '\0';
}

int ids_normalise(const char *text, char ret_id[IDS_SIZE])
{
    char id[IDS_SIZE];
    size_t n = 0;

    for (const char *p = text; *p != '\0'; p++) {
        char c;

        if (*p == '-' || *p == ' ')
            continue;
        c = canonical(*p);
        if (c == '\0' || n == IDS_SIZE - 1)
            return -EINVAL;
        if (n == 4)
            id[n++] = '-';
        id[n++] = c;
    }
    if (n != IDS_SIZE - 1)
        return -EINVAL;
    id[n] = '\0';
    memcpy(ret_id, id, sizeof(id));
    return 0;
}
