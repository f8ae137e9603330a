#include "pairs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    const char *name;
    uint32_t number;
};

static int compare_entries(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;

    return strcmp(a->name, b->name);
}

/* The names in their order; `ret_count` how many count. */
static struct entry *sort_names(const struct pairs_list *list, uint32_t *ret_count)
{
    struct entry *entries = calloc((size_t)list->count + 1, sizeof(*entries));
    uint32_t count = 0;

    if (!entries)
        return NULL;
    for (uint32_t i = 0; i < list->count; i++) {
        const char *name = list->name(list->list, i);

        if (name)
            entries[count++] = (struct entry){name, i};
    }
    qsort(entries, count, sizeof(*entries), compare_entries);
    *ret_count = count;
    return entries;
}

static uint32_t *make_room(uint32_t count)
{
    uint32_t *room = calloc((size_t)count + 1, sizeof(*room));

    for (uint32_t i = 0; room && i < count; i++)
        room[i] = PAIR_NONE;
    return room;
}

int pairs_build(
    struct pairs *pairs, const struct pairs_list *before, const struct pairs_list *after)
{
    uint32_t count_a = 0, count_b = 0, i = 0, j = 0;
    AUTO_FREE struct entry *a = sort_names(before, &count_a);
    AUTO_FREE struct entry *b = sort_names(after, &count_b);

    pairs->after_of = make_room(before->count);
    pairs->before_of = make_room(after->count);
    if (!a || !b || !pairs->after_of || !pairs->before_of)
        return -ENOMEM;
    while (i < count_a && j < count_b) {
        int order = strcmp(a[i].name, b[j].name);

        if (order == 0) {
            pairs->after_of[a[i].number] = b[j].number;
            pairs->before_of[b[j].number] = a[i].number;
        }
        i += order <= 0;
        j += order >= 0;
    }
    return 0;
}

void pairs_done(struct pairs *pairs)
{
    free(pairs->after_of);
    free(pairs->before_of);
    *pairs = (struct pairs){0};
}
