#include "loading.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "../../common/str.h"
#include "../state/object.h"

static const struct object_field fields[] = {
    {"digest", OBJECT_CHARS, offsetof(struct loading, digest), POLICY_DIGEST_SIZE},
    {"cause", OBJECT_CHARS, offsetof(struct loading, cause), sizeof(((struct loading *)0)->cause)},
    {"by", OBJECT_TEXT, offsetof(struct loading, by), 0},
    {"uid", OBJECT_ID, offsetof(struct loading, uid), 0},
    {"login_uid", OBJECT_ID, offsetof(struct loading, login_uid), 0},
    {"reason", OBJECT_TEXT, offsetof(struct loading, reason), 0},
    {"source", OBJECT_TEXT, offsetof(struct loading, source), 0},
    {"from_ledger", OBJECT_FLAG, offsetof(struct loading, from_ledger), 0},
    {"held", OBJECT_CHARS, offsetof(struct loading, held), POLICY_DIGEST_SIZE},
    {"held_by", OBJECT_TEXT, offsetof(struct loading, held_by), 0},
    {"held_time", OBJECT_NUMBER, offsetof(struct loading, held_real_us), 0},
    {"held_reason", OBJECT_TEXT, offsetof(struct loading, held_reason), 0},
    {"time", OBJECT_NUMBER, offsetof(struct loading, real_us), 0},
    {"rules", OBJECT_NUMBER, offsetof(struct loading, rules), 0},
    {"assentd", OBJECT_TEXT, offsetof(struct loading, assentd), 0},
};

void loading_init(struct loading *loading)
{
    *loading = (struct loading){.uid = UID_NONE, .login_uid = UID_NONE};
}

void loading_done(struct loading *loading)
{
    object_done(loading, fields, ARRAY_SIZE(fields));
    loading_init(loading);
}

char *loading_store(const struct loading *loading)
{
    json_t *json = json_object();
    char *text = NULL;

    if (json && object_store(json, loading, fields, ARRAY_SIZE(fields)) == 0)
        text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return text;
}

int loading_load(const char *record, struct loading *ret_loading)
{
    json_t *json = json_loads(record, 0, NULL);
    struct loading loading;
    int r;

    loading_init(&loading);
    r = object_load(json, &loading, fields, ARRAY_SIZE(fields));
    json_decref(json);
    if (r < 0) {
        loading_done(&loading);
        return r;
    }
    *ret_loading = loading;
    return 0;
}

static char *copy(const char *text)
{
    return text ? strdup(text) : NULL;
}

void loading_hold(struct loading *loading, const struct loading *before)
{
    const char *held = before->held[0] != '\0' ? before->held : before->digest;

    if (str_equal(held, loading->digest))
        return;
    snprintf(loading->held, sizeof(loading->held), "%s", held);
    loading->held_by = copy(loading->by);
    loading->held_reason = copy(loading->reason);
    loading->held_real_us = loading->real_us;
}

void loading_go_on_holding(struct loading *loading, const struct loading *before)
{
    memcpy(loading->held, before->held, sizeof(loading->held));
    loading->held_by = copy(before->held_by);
    loading->held_reason = copy(before->held_reason);
    loading->held_real_us = before->held_real_us;
}

void loading_hold_unread(struct loading *loading, const char *held)
{
    loading->unread = held[0] == '\0';
    snprintf(loading->held, sizeof(loading->held), "%s", held);
    loading->held_reason = copy("the record of an earlier rollback, if any, cannot be read");
    loading->held_real_us = loading->real_us;
}

bool loading_is_loud(const struct loading *loading)
{
    return loading->from_ledger || loading->held[0] != '\0';
}

static void put_rollback(struct str_builder *text, const struct loading *loading)
{
    str_appendf(text, "is in force by a rollback, ordered by %s", loading->by);
    if (loading->held[0] != '\0')
        str_appendf(text, ", from %.12s, which the files still say", loading->held);
    if (loading->reason)
        str_appendf(text, ": %s", loading->reason);
}

char *loading_message(const struct loading *loading, const struct loading *before)
{
    struct str_builder text = {0};

    str_appendf(&text, "policy %.12s with %llu rule%s ", loading->digest,
        (unsigned long long)loading->rules, loading->rules == 1 ? "" : "s");
    if (str_equal(loading->cause, LOADING_ROLLBACK))
        put_rollback(&text, loading);
    else if (loading->held[0] != '\0')
        str_appendf(&text,
            "stays in force by a rollback from %.12s; the files say no other policy yet",
            loading->held);
    else if (loading->from_ledger)
        str_append(&text, "was in force before and is again, because the files do not load");
    else
        str_append(&text, "is in force");
    if (loading->held[0] == '\0' && before->held[0] != '\0')
        str_appendf(&text, "; the rollback from %.12s is over", before->held);
    return str_builder_take(&text);
}
