#include "book.h"

#include <string.h>

#include "../../common/str.h"
#include "people.h"

static size_t bucket_of(uint32_t uid)
{
    return (uid ^ uid >> 10) % BOOK_BUCKETS;
}

void book_done(struct book *book)
{
    while (book->requests)
        book_remove_request(book, book->requests);
    for (size_t i = 0; i < BOOK_BUCKETS; i++)
        while (book->grants[i])
            book_remove_grant(book, book->grants[i]);
}

void book_add_request(struct book *book, struct request *request)
{
    request->next = book->requests;
    book->requests = request;
}

void book_add_grant(struct book *book, struct grant *grant)
{
    size_t bucket = bucket_of(grant->subject.uid);

    grant->next = book->grants[bucket];
    book->grants[bucket] = grant;
}

void book_remove_request(struct book *book, struct request *request)
{
    struct request **at = &book->requests;

    while (*at != request)
        at = &(*at)->next;
    *at = request->next;
    request_free(request);
}

void book_remove_grant(struct book *book, struct grant *grant)
{
    struct grant **at = &book->grants[bucket_of(grant->subject.uid)];

    while (*at != grant)
        at = &(*at)->next;
    *at = grant->next;
    grant_free(grant);
}

struct request *book_request(const struct book *book, const char *id)
{
    for (struct request *r = book->requests; r; r = r->next)
        if (strcmp(r->id, id) == 0)
            return r;
    return NULL;
}

struct grant *book_grant(const struct book *book, const char *id)
{
    for (struct grant *g = NULL; (g = book_next_grant(book, g));)
        if (strcmp(g->id, id) == 0)
            return g;
    return NULL;
}

static bool is_about(const struct request *request, uint32_t uid, const struct scope *scope)
{
    return request->committed && request->subject.uid == uid &&
           scope_covers(&request->scope, scope);
}

struct request *book_waiting(const struct book *book, uint32_t uid, const struct scope *scope)
{
    uint64_t now = clock_boottime_us();

    for (struct request *r = book->requests; r; r = r->next)
        if (r->state == REQUEST_WAITING && now < r->expires_us && is_about(r, uid, scope))
            return r;
    return NULL;
}

struct request *book_refused(const struct book *book, uint32_t uid, const struct scope *scope)
{
    uint64_t now = clock_boottime_us();

    for (struct request *r = book->requests; r; r = r->next)
        if (r->state == REQUEST_DENIED && now < r->ended_us + BOOK_REMEMBER_US &&
            is_about(r, uid, scope))
            return r;
    return NULL;
}

struct grant *book_opens(const struct book *book, const struct doorway *door)
{
    struct grant *best = NULL;

    for (struct grant *g = book->grants[bucket_of(door->uid)]; g; g = g->next)
        if (grant_opens(g, door) && (!best || g->expires_us < best->expires_us))
            best = g;
    return best;
}

struct grant *book_same_grant(
    const struct book *book, uint32_t uid, const struct scope *scope, uint64_t now_us)
{
    for (struct grant *g = book->grants[bucket_of(uid)]; g; g = g->next)
        if (g->committed && g->state == GRANT_ACTIVE && g->subject.uid == uid &&
            now_us < g->expires_us && scope_covers(&g->scope, scope))
            return g;
    return NULL;
}

struct grant_count book_grant_count_of(const struct book *book, uint32_t uid)
{
    struct grant_count count = {0};

    for (const struct grant *g = book->grants[bucket_of(uid)]; g; g = g->next) {
        count.active += g->state == GRANT_ACTIVE && g->subject.uid == uid;
        count.kept += g->subject.uid == uid;
    }
    return count;
}

uint64_t book_ends_us(const struct grant *grant)
{
    return grant->state == GRANT_ACTIVE ? grant->expires_us : grant->ended_us + BOOK_ENDED_US;
}

bool book_may_open(const struct book *book, const struct doorway *door)
{
    for (struct grant *g = book->grants[bucket_of(door->uid)]; g; g = g->next)
        if (grant_may_open(g, door))
            return true;
    return false;
}

unsigned book_waiting_count(const struct book *book, const struct policy *policy, uint32_t uid)
{
    unsigned count = 0;

    for (const struct request *r = book->requests; r; r = r->next)
        count += r->state <= REQUEST_WAITING && people_same(policy, r->subject.uid, uid);
    return count;
}

unsigned book_opened_count(const struct book *book, const struct policy *policy, uint32_t uid)
{
    uint64_t now = clock_boottime_us();
    unsigned count = 0;

    for (const struct request *r = book->requests; r; r = r->next)
        count += now < r->created_us + BOOK_REMEMBER_US && people_same(policy, r->subject.uid, uid);
    return count;
}

struct grant *book_next_grant(const struct book *book, const struct grant *previous)
{
    size_t bucket = previous ? bucket_of(previous->subject.uid) + 1 : 0;

    if (previous && previous->next)
        return previous->next;
    for (; bucket < BOOK_BUCKETS; bucket++)
        if (book->grants[bucket])
            return book->grants[bucket];
    return NULL;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t book_recount(struct book *book)
{
    uint64_t first = UINT64_MAX;

    book->request_count = 0;
    book->grant_count = 0;
    for (const struct request *r = book->requests; r; r = r->next) {
        bool waiting = !request_has_ended(r);

        book->request_count += waiting;
        first = earlier(first, waiting ? r->expires_us : r->ended_us + BOOK_REMEMBER_US);
    }
    for (const struct grant *g = NULL; (g = book_next_grant(book, g));) {
        book->grant_count += g->state == GRANT_ACTIVE;
        first = earlier(first, book_ends_us(g));
    }
    return first;
}
