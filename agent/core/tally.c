#include "tally.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/clock.h"
#include "../../common/str.h"
#include "../ledger/ledger.h"
#include "../state/object.h"
#include "damage.h"

#define COUNT_MAX UINT32_MAX

#define COUNT_FIELD(name, kind)                                                            \
    {                                                                                      \
        name, OBJECT_NUMBER, offsetof(struct tally, counts) + (kind) * sizeof(uint64_t), 0 \
    }

static const struct object_field fields[] = {
    {"entitlement", OBJECT_TEXT, offsetof(struct tally, entitlement), 0},
    {"since", OBJECT_NUMBER, offsetof(struct tally, since_real_us), 0},
    COUNT_FIELD("asked", TALLY_ASKED),
    COUNT_FIELD("approved", TALLY_APPROVED),
    COUNT_FIELD("refused", TALLY_REFUSED),
    COUNT_FIELD("expired", TALLY_EXPIRED),
    COUNT_FIELD("withdrawn", TALLY_WITHDRAWN),
    COUNT_FIELD("allowed", TALLY_ALLOWED),
};

static void tally_free(struct tally *tally)
{
    object_done(tally, fields, ARRAY_SIZE(fields));
    free(tally);
}

const struct tally *tally_of(const struct tally *tallies, const char *entitlement)
{
    for (const struct tally *t = tallies; t; t = t->next)
        if (str_equal(t->entitlement, entitlement))
            return t;
    return NULL;
}

static size_t count_all(const struct tally *tallies)
{
    size_t count = 0;

    for (const struct tally *t = tallies; t; t = t->next)
        count++;
    return count;
}

static struct tally *find_or_add(struct tally **tallies, const char *entitlement)
{
    struct tally *tally;

    for (tally = *tallies; tally; tally = tally->next)
        if (str_equal(tally->entitlement, entitlement))
            return tally;
    if (count_all(*tallies) >= TALLY_MAX)
        return NULL;
    tally = calloc(1, sizeof(*tally));
    if (!tally)
        return NULL;
    tally->entitlement = strdup(entitlement);
    tally->since_real_us = clock_realtime_us();
    if (!tally->entitlement) {
        free(tally);
        return NULL;
    }
    tally->next = *tallies;
    *tallies = tally;
    return tally;
}

void tally_note(struct tally **tallies, struct ledger_batch *batch, const char *entitlement,
    enum tally_kind kind)
{
    struct tally *tally = entitlement ? find_or_add(tallies, entitlement) : NULL;
    json_t *json = tally ? json_object() : NULL;
    char *body = NULL;

    if (!json)
        return;
    if (tally->counts[kind] < COUNT_MAX)
        tally->counts[kind]++;
    if (object_store(json, tally, fields, ARRAY_SIZE(fields)) == 0)
        body = json_dumps(json, JSON_COMPACT);
    /* a NULL body would fail the batch, and a count is not worth that */
    if (body)
        ledger_batch_put(batch, LEDGER_TALLY, entitlement, true, body);
    free(body);
    json_decref(json);
}

struct filling {
    struct tally **tallies;
    size_t count;
    struct damage damage;
};

/* No host is asked more often than COUNT_MAX: that is damage, and would run over one day. */
static bool is_sound(const struct tally *tally, const char *id)
{
    for (unsigned i = 0; i < TALLY_KINDS; i++)
        if (tally->counts[i] > COUNT_MAX)
            return false;
    return str_equal(tally->entitlement, id);
}

static int load(const char *id, const char *body, struct tally *tally)
{
    json_t *json = json_loads(body, JSON_REJECT_DUPLICATES, NULL);
    int r = object_load(json, tally, fields, ARRAY_SIZE(fields));

    json_decref(json);
    return r == 0 && !is_sound(tally, id) ? -EINVAL : r;
}

/* What cannot be read counts from zero again when it is asked for the next time. */
static int load_one(const char *id, const char *body, void *userdata)
{
    struct filling *filling = userdata;
    struct tally *tally = filling->count < TALLY_MAX ? calloc(1, sizeof(*tally)) : NULL;
    int r = tally ? load(id, body, tally) : -ENOBUFS;

    if (r < 0) {
        if (tally)
            tally_free(tally);
        damage_note(&filling->damage, id);
        return 0;
    }
    tally->next = *filling->tallies;
    *filling->tallies = tally;
    filling->count++;
    return 0;
}

int tally_load(struct ledger *ledger, struct tally **ret_tallies)
{
    struct filling filling = {.tallies = ret_tallies};
    int r = ledger_each_live(ledger, LEDGER_TALLY, load_one, &filling);

    damage_warn(&filling.damage, "counts of requests for entitlements", "they begin at zero again");
    return r;
}

void tally_done(struct tally **tallies)
{
    while (*tallies) {
        struct tally *next = (*tallies)->next;

        tally_free(*tallies);
        *tallies = next;
    }
}
