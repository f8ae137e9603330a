#include "tally.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "../common/clock.h"
#include "../common/str.h"
#include "ledger/ledger.h"
#include "object.h"

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
    tally->counts[kind]++;
    if (object_store(json, tally, fields, ARRAY_SIZE(fields)) == 0)
        body = json_dumps(json, JSON_COMPACT);
    /* a NULL body would fail the batch, and a count is not worth that */
    if (body)
        ledger_batch_put(batch, LEDGER_TALLY, entitlement, true, body);
    free(body);
    json_decref(json);
}

static int load_one(const char *id, const char *body, void *userdata)
{
    struct tally **tallies = userdata;
    json_t *json = json_loads(body, JSON_REJECT_DUPLICATES, NULL);
    struct tally *tally = calloc(1, sizeof(*tally));
    int r = json && tally ? object_load(json, tally, fields, ARRAY_SIZE(fields)) : -EINVAL;

    json_decref(json);
    if (r < 0 || !str_equal(tally->entitlement, id)) {
        if (tally)
            tally_free(tally);
        return -EINVAL;
    }
    tally->next = *tallies;
    *tallies = tally;
    return 0;
}

int tally_load(struct ledger *ledger, struct tally **ret_tallies)
{
    return ledger_each_live(ledger, LEDGER_TALLY, load_one, ret_tallies);
}

void tally_done(struct tally **tallies)
{
    while (*tallies) {
        struct tally *next = (*tallies)->next;

        tally_free(*tallies);
        *tallies = next;
    }
}
