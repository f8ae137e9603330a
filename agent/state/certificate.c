#include "certificate.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/str.h"
#include "../ledger/ledger.h"
#include "object.h"
#include "request.h"

/* To the end of the last day. */
#define DAYS_MAX_US ((CERTIFICATE_DAYS_MAX + UINT64_C(1)) * 86400 * USEC_PER_SEC)

static const struct object_field fields[] = {
    {"rule", OBJECT_TEXT, offsetof(struct certificate, rule), 0},
    {"digest", OBJECT_CHARS, offsetof(struct certificate, digest), POLICY_DIGEST_SIZE},
    {"until", OBJECT_NUMBER, offsetof(struct certificate, until_us), 0},
    {"by", OBJECT_TEXT, offsetof(struct certificate, by), 0},
    {"uid", OBJECT_ID, offsetof(struct certificate, uid), 0},
    {"login_uid", OBJECT_ID, offsetof(struct certificate, login_uid), 0},
    {"reason", OBJECT_TEXT, offsetof(struct certificate, reason), 0},
    {"own", OBJECT_FLAG, offsetof(struct certificate, own), 0},
    {"policy", OBJECT_CHARS, offsetof(struct certificate, policy), POLICY_DIGEST_SIZE},
    {"time", OBJECT_NUMBER, offsetof(struct certificate, real_us), 0},
};

void certificate_done(struct certificate *certificate)
{
    object_done(certificate, fields, ARRAY_SIZE(fields));
    *certificate = (struct certificate){0};
}

int certificate_copy(const struct certificate *certificate, struct certificate *ret_certificate)
{
    struct certificate copy = *certificate;

    copy.rule = strdup(certificate->rule);
    copy.by = strdup(certificate->by);
    copy.reason = strdup(certificate->reason);
    if (!copy.rule || !copy.by || !copy.reason) {
        certificate_done(&copy);
        return -ENOMEM;
    }
    *ret_certificate = copy;
    return 0;
}

void certificate_put(struct ledger_batch *batch, const struct certificate *certificate)
{
    json_t *json = json_object();
    AUTO_FREE char *body = NULL;

    if (json && object_store(json, certificate, fields, ARRAY_SIZE(fields)) == 0)
        body = json_dumps(json, JSON_COMPACT);
    ledger_batch_put(batch, LEDGER_CERTIFICATE, certificate->digest, true, body);
    json_decref(json);
}

/* A damaged number never makes it last longer than anybody may vouch for. */
static bool is_sound(const struct certificate *certificate, const char *id)
{
    return certificate->rule && certificate->by && certificate->reason &&
           str_equal(certificate->digest, id) &&
           certificate->until_us <= certificate->real_us + DAYS_MAX_US;
}

static int load(const char *id, const char *body, struct certificate *ret_certificate)
{
    struct certificate certificate = {.login_uid = UID_NONE};
    json_t *json = json_loads(body, JSON_REJECT_DUPLICATES, NULL);
    int r = object_load_strictly(json, &certificate, fields, ARRAY_SIZE(fields), 0);

    json_decref(json);
    if (r == 0 && !is_sound(&certificate, id))
        r = -EINVAL;
    if (r < 0) {
        certificate_done(&certificate);
        return r;
    }
    *ret_certificate = certificate;
    return 0;
}

/* What cannot be read certifies nothing: its rule asks its owner. */
static int add(const char *id, const char *body, void *userdata)
{
    struct certificates *certificates = userdata;
    int r;

    if (certificates->count == certificates->size) {
        size_t size = certificates->size > 0 ? 2 * certificates->size : 64;
        struct certificate *items = reallocarray(certificates->items, size, sizeof(*items));

        if (!items)
            return -ENOMEM;
        certificates->items = items;
        certificates->size = size;
    }
    r = load(id, body, &certificates->items[certificates->count]);
    if (r == 0)
        certificates->count++;
    else if (r == -EINVAL)
        certificates->unreadable++;
    return r == -EINVAL ? 0 : r;
}

static int compare(const void *left, const void *right)
{
    const struct certificate *a = left, *b = right;

    return strcmp(a->rule, b->rule);
}

int certificates_read(struct ledger_reader *reader, struct certificates *ret_certificates)
{
    struct certificates certificates = {0};
    int r = ledger_reader_each_live(reader, LEDGER_CERTIFICATE, add, &certificates);

    if (r < 0) {
        certificates_done(&certificates);
        return r;
    }
    if (certificates.count > 0)
        qsort(certificates.items, certificates.count, sizeof(*certificates.items), compare);
    *ret_certificates = certificates;
    return 0;
}

void certificates_done(struct certificates *certificates)
{
    for (size_t i = 0; i < certificates->count; i++)
        certificate_done(&certificates->items[i]);
    free(certificates->items);
    *certificates = (struct certificates){0};
}

const struct certificate *certificates_of(
    const struct certificates *certificates, const char *id, size_t *ret_count)
{
    size_t low = 0, high = certificates->count, end;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(certificates->items[middle].rule, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    end = low;
    while (end < certificates->count && strcmp(certificates->items[end].rule, id) == 0)
        end++;
    *ret_count = end - low;
    return *ret_count > 0 ? &certificates->items[low] : NULL;
}

void certificate_last_day(uint64_t until_us, char ret_text[CERTIFICATE_DAY_SIZE])
{
    char text[CLOCK_RFC3339_SIZE] = "";

    if (until_us > 0)
        clock_format_rfc3339(until_us - 1, text);
    snprintf(ret_text, CERTIFICATE_DAY_SIZE, "%.10s", text);
}
