#include "refusals.h"

#include <stdlib.h>
#include <string.h>

#include "../../common/str.h"

void refusals_clear(struct refusal *slot)
{
    free(slot->rule);
    free(slot->record);
    free(slot->service);
    *slot = (struct refusal){0};
}

void refusals_done(struct refusals *refusals)
{
    for (size_t i = 0; i < REFUSALS_SLOTS; i++)
        refusals_clear(&refusals->slots[i]);
}

struct refusal *refusals_slot(struct refusals *refusals, uint32_t uid, const char *scope)
{
    uint32_t hash = uid * UINT32_C(2654435761);

    for (const char *p = scope; *p != '\0'; p++)
        hash = hash * 31 + (unsigned char)*p;
    return &refusals->slots[hash % REFUSALS_SLOTS];
}

struct refusal *refusals_find(
    struct refusals *refusals, uint32_t uid, const char *scope, const char *rule, uint64_t now_us)
{
    struct refusal *slot = refusals_slot(refusals, uid, scope);

    if (slot->uid != uid || strcmp(slot->scope, scope) != 0 || !str_equal(slot->rule, rule) ||
        now_us >= slot->until_us)
        return NULL;
    return slot;
}

/* The subject's own share, else the one that ends first (those of long ago before all). */
static struct refusal_share *find_share(struct refusals *refusals, uint32_t uid)
{
    struct refusal_share *oldest = &refusals->shares[0];

    for (size_t i = 0; i < REFUSALS_SHARES; i++) {
        struct refusal_share *share = &refusals->shares[i];

        if (share->uid == uid && share->until_us > 0)
            return share;
        if (share->until_us < oldest->until_us)
            oldest = share;
    }
    return oldest;
}

bool refusals_take_share(struct refusals *refusals, uint32_t uid, uint64_t now_us)
{
    struct refusal_share *share = find_share(refusals, uid);

    if (share->uid != uid || now_us >= share->until_us)
        *share = (struct refusal_share){.uid = uid, .until_us = now_us + REFUSALS_WINDOW_US};
    if (share->recorded >= REFUSALS_OF_ONE)
        return false;
    share->recorded++;
    return true;
}

void refusals_start(struct refusal *slot, uint32_t uid, const struct scope *scope, const char *name,
    const char *rule, uint64_t now_us)
{
    AUTO_FREE char *what = scope ? scope_describe(scope) : strdup("do many different things");
    struct str_builder builder = {0};

    refusals_clear(slot);
    str_appendf(&builder, "%s may not %s", name, what ? what : "");
    slot->record = str_builder_take(&builder);
    slot->service = scope ? strdup(scope->service) : NULL;
    slot->rule = rule ? strdup(rule) : NULL;
    if (!what || !slot->record || (scope && !slot->service) || (rule && !slot->rule)) {
        refusals_clear(slot);
        return;
    }
    if (scope)
        memcpy(slot->scope, scope->id, sizeof(slot->scope));
    slot->uid = uid;
    slot->until_us = now_us + REFUSALS_WINDOW_US;
}
