#include "meta.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "../../common/parse.h"
#include "../ledger/ledger.h"
#include "agent.h"

#define META_SEAL "seal-key"          /* in hex */
#define META_IDS "ids"                /* "KEY NEXT": key in hex, first id not reserved */
#define META_JOURNAL "journal-cursor" /* a sequence number */

#define IDS_KEY_BYTES 16
#define IDS_KEY_HEX ((size_t)2 * IDS_KEY_BYTES)

static const char hex_digits[] = "0123456789abcdef";

/* Room for 2 * count + 1 characters. */
static void to_hex(const uint8_t *bytes, size_t count, char *ret_hex)
{
    for (size_t i = 0; i < count; i++) {
        ret_hex[2 * i] = hex_digits[bytes[i] >> 4];
        ret_hex[2 * i + 1] = hex_digits[bytes[i] & 15];
    }
    ret_hex[2 * count] = '\0';
}

/* The first 2 * count characters; what follows is the caller's to look at. */
static int from_hex(const char *hex, size_t count, uint8_t *ret_bytes)
{
    if (strspn(hex, hex_digits) < 2 * count)
        return -EUCLEAN;
    for (size_t i = 0; i < count; i++) {
        size_t high = (size_t)(strchr(hex_digits, hex[2 * i]) - hex_digits);
        size_t low = (size_t)(strchr(hex_digits, hex[2 * i + 1]) - hex_digits);

        ret_bytes[i] = (uint8_t)(high << 4 | low);
    }
    return 0;
}

/* Up to 256 bytes come whole or not at all: getrandom(2). */
static int make_key(uint8_t *key, size_t size)
{
    return getrandom(key, size, 0) == (ssize_t)size ? 0 : -EIO;
}

static int load_seal(struct agent *agent, struct ledger_batch *batch)
{
    AUTO_FREE char *value = NULL;
    char hex[2 * sizeof(agent->seal_key) + 1];
    int r = ledger_meta(agent->ledger, META_SEAL, &value);

    if (r == 0)
        return strlen(value) == 2 * sizeof(agent->seal_key)
                   ? from_hex(value, sizeof(agent->seal_key), agent->seal_key)
                   : -EUCLEAN;
    if (r == -ENOENT)
        r = make_key(agent->seal_key, sizeof(agent->seal_key));
    if (r < 0)
        return r;
    to_hex(agent->seal_key, sizeof(agent->seal_key), hex);
    ledger_batch_meta(batch, META_SEAL, hex);
    return 0;
}

static int parse_ids(const char *value, uint8_t ret_key[IDS_KEY_BYTES], uint64_t *ret_next)
{
    if (from_hex(value, IDS_KEY_BYTES, ret_key) < 0 || value[IDS_KEY_HEX] != ' ' ||
        parse_u64(value + IDS_KEY_HEX + 1, UINT64_MAX / 2, ret_next) < 0)
        return -EUCLEAN;
    return 0;
}

static int load_ids(struct agent *agent)
{
    AUTO_FREE char *value = NULL;
    uint8_t key[IDS_KEY_BYTES];
    uint64_t next = 0;
    int r = ledger_meta(agent->ledger, META_IDS, &value);

    if (r == 0)
        r = parse_ids(value, key, &next);
    else if (r == -ENOENT)
        r = make_key(key, sizeof(key));
    if (r < 0)
        return r;
    ids_init(&agent->ids, key, next);
    meta_reserve_ids(agent);
    return 0;
}

/* Unreadable: all that the ledger still has is copied again, which is better than a gap. */
static int load_cursor(struct agent *agent)
{
    AUTO_FREE char *value = NULL;
    int r = ledger_meta(agent->ledger, META_JOURNAL, &value);

    if (r == 0 && parse_u64(value, INT64_MAX, &agent->journal_saved) < 0)
        agent->journal_saved = 0;
    return r == -ENOENT ? 0 : r;
}

int meta_load(struct agent *agent, struct ledger_batch *batch)
{
    int r = load_seal(agent, batch);

    if (r == 0)
        r = load_ids(agent);
    if (r == 0)
        r = load_cursor(agent);
    return r;
}

static void on_reserved(int result, uint64_t first_seq, void *userdata)
{
    struct agent *agent = userdata;

    (void)first_seq;
    agent->reserving = false;
    if (result == 0)
        ids_reserved(&agent->ids, agent->reserving_limit);
}

void meta_reserve_ids(struct agent *agent)
{
    struct ledger_batch *batch;
    char key[IDS_KEY_HEX + 1], value[IDS_KEY_HEX + 24];

    if (agent->reserving || !ids_run_short(&agent->ids, &agent->reserving_limit))
        return;
    batch = ledger_batch_new();
    if (!batch)
        return;
    to_hex((const uint8_t *)agent->ids.keys, IDS_KEY_BYTES, key);
    snprintf(value, sizeof(value), "%s %llu", key, (unsigned long long)agent->reserving_limit);
    ledger_batch_meta(batch, META_IDS, value);
    agent->reserving = true;
    ledger_submit(agent->ledger, batch, true, on_reserved, agent);
}

void meta_save_cursor(struct agent *agent, uint64_t cursor)
{
    struct ledger_batch *batch = cursor != agent->journal_saved ? ledger_batch_new() : NULL;
    char value[24];

    if (!batch)
        return;
    snprintf(value, sizeof(value), "%llu", (unsigned long long)cursor);
    ledger_batch_meta(batch, META_JOURNAL, value);
    ledger_submit(agent->ledger, batch, true, NULL, NULL);
    agent->journal_saved = cursor;
}
