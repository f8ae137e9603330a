#include "reasons.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/str.h"
#include "../ledger/ledger.h"
#include "../ledger/ledger_decisions.h"
#include "../policy/policy.h"
#include "../state/request.h"

struct given {
    uint64_t hash; /* 0: free */
    uint64_t at_us;
};

struct reasons_of {
    uint64_t latest_us;
    struct given given[REASONS_OF_ONE];
};

/* FNV-1a. */
static uint64_t mix(uint64_t hash, unsigned char c)
{
    return (hash ^ (c >= 'A' && c <= 'Z' ? c | 0x20u : c)) * UINT64_C(0x100000001b3);
}

/* Over the normalised text; 0 when nothing is left of it. Whoever finds two texts with one hash
 * has made it harder for themselves alone. */
static uint64_t hash_text(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    bool blank = false, any = false;

    for (const char *p = text ? text : ""; *p != '\0'; p++) {
        if (strchr(" \t\r\n", *p)) {
            blank = true;
            continue;
        }
        if (blank && any)
            hash = mix(hash, ' ');
        hash = mix(hash, (unsigned char)*p);
        blank = false;
        any = true;
    }
    if (!any)
        return 0;
    return hash ? hash : 1;
}

static struct reasons_of *find(const struct reasons *reasons, uid_t uid)
{
    for (size_t i = 0; i < reasons->count; i++)
        if (reasons->uids[i] == uid)
            return reasons->accounts[i];
    return NULL;
}

/* Also across a clock that was set back: the distance counts. */
static bool is_in_window(uint64_t at_us, uint64_t now_us)
{
    return (at_us > now_us ? at_us - now_us : now_us - at_us) < REASONS_WINDOW_US;
}

unsigned reasons_seen(const struct reasons *reasons, uid_t uid, const char *text, uint64_t now_us)
{
    const struct reasons_of *of = find(reasons, uid);
    uint64_t hash = hash_text(text);
    unsigned count = 0;

    if (!of || hash == 0)
        return 0;
    for (size_t i = 0; i < REASONS_OF_ONE; i++)
        count += of->given[i].hash == hash && is_in_window(of->given[i].at_us, now_us);
    return count;
}

/* Two names of a person may be one account. */
static bool is_repeated(const struct person *person, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (person->uids[i] == person->uids[at])
            return true;
    return false;
}

unsigned reasons_seen_of(const struct reasons *reasons, const struct policy *policy, uid_t uid,
    const char *text, uint64_t now_us)
{
    int64_t index = policy_person_of(policy, uid);
    const struct person *person;
    unsigned count = 0;

    if (index < 0)
        return reasons_seen(reasons, uid, text, now_us);
    person = policy_person(policy, (uint32_t)index);
    for (size_t i = 0; i < person->uid_count; i++)
        if (!is_repeated(person, i))
            count += reasons_seen(reasons, person->uids[i], text, now_us);
    return count;
}

/* Where there is room for one account more: the end, or the place of who has been silent longest;
 * REASONS_ACCOUNTS when that is the new one itself. */
static size_t find_room(const struct reasons *reasons, uint64_t at_us)
{
    size_t silent = 0;

    if (reasons->count < REASONS_ACCOUNTS)
        return reasons->count;
    for (size_t i = 1; i < reasons->count; i++)
        if (reasons->accounts[i]->latest_us < reasons->accounts[silent]->latest_us)
            silent = i;
    return at_us < reasons->accounts[silent]->latest_us ? REASONS_ACCOUNTS : silent;
}

static struct reasons_of *add(struct reasons *reasons, uid_t uid, uint64_t at_us)
{
    size_t room = find_room(reasons, at_us);

    if (room == REASONS_ACCOUNTS)
        return NULL;
    if (room == reasons->count) {
        reasons->accounts[room] = malloc(sizeof(*reasons->accounts[room]));
        if (!reasons->accounts[room])
            return NULL;
        reasons->count++;
    }
    *reasons->accounts[room] = (struct reasons_of){0};
    reasons->uids[room] = uid;
    return reasons->accounts[room];
}

static struct given *oldest(struct reasons_of *of)
{
    struct given *oldest = &of->given[0];

    for (size_t i = 0; i < REASONS_OF_ONE; i++)
        if (of->given[i].at_us < oldest->at_us)
            oldest = &of->given[i];
    return oldest;
}

void reasons_note(struct reasons *reasons, uid_t uid, const char *text, uint64_t at_us)
{
    uint64_t hash = hash_text(text);
    struct reasons_of *of = find(reasons, uid);
    struct given *place;

    if (hash == 0)
        return;
    if (!of)
        of = add(reasons, uid, at_us);
    if (!of)
        return;
    place = oldest(of);
    if (place->hash != 0 && at_us < place->at_us)
        return;
    *place = (struct given){hash, at_us};
    if (at_us > of->latest_us)
        of->latest_us = at_us;
}

struct filling {
    struct reasons *reasons;
    uint64_t now_us;
    size_t bytes;
};

/* Newest first: the walk ends with the first that is too old. */
static int take_request(const char *id, const char *body, void *userdata)
{
    struct filling *filling = userdata;
    struct request *request;
    int r = 0;

    (void)id;
    filling->bytes += strlen(body);
    if (filling->bytes > REASONS_FILL_BYTES)
        return -ECANCELED;
    if (request_load(body, &request) < 0)
        return 0; /* from a later version: it stays in the ledger */
    if (is_in_window(request->created_real_us, filling->now_us))
        reasons_note(
            filling->reasons, request->subject.uid, request->reason, request->created_real_us);
    else if (request->created_real_us < filling->now_us)
        r = -ECANCELED;
    request_free(request);
    return r;
}

/* A request that a rule allows at once is never opened: its decision alone is kept. */
static int take_allowed(uint32_t uid, const char *reason, uint64_t at_us, void *userdata)
{
    struct filling *filling = userdata;

    if (is_in_window(at_us, filling->now_us))
        reasons_note(filling->reasons, uid, reason, at_us);
    return 0;
}

int reasons_fill(struct reasons *reasons, struct ledger *ledger, uint64_t now_us)
{
    struct filling filling = {.reasons = reasons, .now_us = now_us};
    uint64_t since = now_us > REASONS_WINDOW_US ? now_us - REASONS_WINDOW_US : 0;
    int r = ledger_each_recent(ledger, LEDGER_REQUEST, REASONS_FILL_MAX, take_request, &filling);

    if (r < 0 && r != -ECANCELED)
        return r;
    return ledger_reader_each_reason(
        ledger_own_reader(ledger), since, REASONS_FILL_RECORDS, take_allowed, &filling);
}

void reasons_done(struct reasons *reasons)
{
    for (size_t i = 0; i < reasons->count; i++)
        free(reasons->accounts[i]);
    *reasons = (struct reasons){0};
}
