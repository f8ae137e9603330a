#include "names.h"

#include <string.h>

#include "../yaml/yaml.h"

/* A suggestion is not worth more: past this many names it is left out. */
#define NEAREST_MAX 2000

uint64_t names_hash(const char *text, uint64_t seed)
{
    uint64_t hash = (UINT64_C(14695981039346656037) ^ seed) * UINT64_C(1099511628211);

    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        hash = (hash ^ *p) * UINT64_C(1099511628211);
    return hash ^ hash >> 32;
}

/* The hash stands beside the number so that the texts of others need not be fetched. */
struct names_slot {
    uint32_t hash;
    uint32_t number; /* from 1; 0: free */
};

static uint32_t hash_name(const char *text)
{
    return (uint32_t)names_hash(text, 0);
}

/* The slot that holds `text`, or the free one where it belongs. */
static struct names_slot *find_slot(const struct names *names, const char *text, uint32_t hash)
{
    uint32_t mask = names->size * 2 - 1, at = hash & mask;
    const struct names_slot *slots = names->slots;

    while (slots[at].number != 0 &&
           (slots[at].hash != hash || strcmp(names->texts[slots[at].number - 1], text) != 0))
        at = (at + 1) & mask;
    return &names->slots[at];
}

/* Moves the names that are there into `slots`, which are free. */
static void move_slots(struct names *names, struct names_slot *slots, uint32_t size)
{
    uint32_t mask = size * 2 - 1;

    for (uint32_t i = 0; names->slots && i < names->size * 2; i++) {
        uint32_t at = names->slots[i].hash & mask;

        if (names->slots[i].number == 0)
            continue;
        while (slots[at].number != 0)
            at = (at + 1) & mask;
        slots[at] = names->slots[i];
    }
    free(names->slots);
    names->slots = slots;
    names->size = size;
}

static bool resize(void **array, size_t count, size_t size)
{
    void *bigger = reallocarray(*array, count, size);

    if (bigger)
        *array = bigger;
    return bigger != NULL;
}

static bool grow(struct names *names, uint32_t size)
{
    struct names_slot *slots;

    if (size > UINT32_MAX / 4 || !resize((void **)&names->texts, size, sizeof(*names->texts)) ||
        !resize((void **)&names->places, size, sizeof(*names->places)))
        return false;
    slots = calloc((size_t)size * 2, sizeof(*slots));
    if (!slots)
        return false;
    move_slots(names, slots, size);
    return true;
}

bool names_reserve(struct names *names, size_t count)
{
    uint32_t size = names->size ? names->size : 16;

    while (size < count && size <= UINT32_MAX / 4)
        size *= 2;
    return size == names->size || grow(names, size);
}

uint32_t names_add(
    struct names *names, struct arena *arena, const char *text, const struct yaml_node *place)
{
    uint32_t hash = hash_name(text);
    struct names_slot *slot;

    if (names->count == names->size && !names_reserve(names, (size_t)names->count + 1))
        return NAMES_NONE;
    slot = find_slot(names, text, hash);
    if (slot->number == 0) {
        const char *copy = arena_text(arena, text, strlen(text));

        if (!copy)
            return NAMES_NONE;
        names->texts[names->count] = copy;
        names->places[names->count] = place;
        *slot = (struct names_slot){.hash = hash, .number = ++names->count};
    }
    return slot->number - 1;
}

uint32_t names_find(const struct names *names, const char *text)
{
    return names->size == 0 ? NAMES_NONE : find_slot(names, text, hash_name(text))->number - 1;
}

const char *names_nearest(const struct names *names, const char *text)
{
    return names->count > NEAREST_MAX ? NULL : yaml_nearest(text, names->texts, names->count);
}

void names_close(struct names *names)
{
    free(names->places);
    names->places = NULL;
}

void names_seal(struct names *names)
{
    names_close(names);
    free(names->slots);
    names->slots = NULL;
}

void names_done(struct names *names)
{
    names_seal(names);
    free(names->texts);
    *names = (struct names){0};
}
