#include "grant.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "../../common/names.h"
#include "../../common/str.h"
#include "object.h"

static const char *const state_names[GRANT_STATE_MAX_] = {
    [GRANT_ACTIVE] = "active",
    [GRANT_USED_UP] = "used up",
    [GRANT_COMPLETED] = "completed",
    [GRANT_EXPIRED] = "expired",
    [GRANT_REVOKED] = "revoked",
};

static const struct object_field fields[] = {
    {"id", OBJECT_CHARS, offsetof(struct grant, id), IDS_SIZE},
    {"request", OBJECT_CHARS, offsetof(struct grant, request), IDS_SIZE},
    {"uid", OBJECT_ID, offsetof(struct grant, subject.uid), 0},
    {"user", OBJECT_TEXT, offsetof(struct grant, subject.name), 0},
    {"kind", OBJECT_ID, offsetof(struct grant, subject.kind), 0},
    SCOPE_FIELDS(grant),
    {"limited", OBJECT_FLAG, offsetof(struct grant, limited), 0},
    {"uses_left", OBJECT_NUMBER, offsetof(struct grant, uses_left), 0},
    {"used", OBJECT_NUMBER, offsetof(struct grant, used), 0},
    {"created_real", OBJECT_NUMBER, offsetof(struct grant, created_real_us), 0},
    {"expires_real", OBJECT_NUMBER, offsetof(struct grant, expires_real_us), 0},
    {"ended_real", OBJECT_NUMBER, offsetof(struct grant, ended_real_us), 0},
    {"created", OBJECT_NUMBER, offsetof(struct grant, created_us), 0},
    {"expires", OBJECT_NUMBER, offsetof(struct grant, expires_us), 0},
    {"boot", OBJECT_CHARS, offsetof(struct grant, boot_id), CLOCK_BOOT_ID_SIZE},
    {"survives_reboot", OBJECT_FLAG, offsetof(struct grant, survives_reboot), 0},
    {"rule", OBJECT_TEXT, offsetof(struct grant, rule), 0},
    {"policy", OBJECT_CHARS, offsetof(struct grant, policy), POLICY_DIGEST_SIZE},
    {"purpose", OBJECT_TEXT, offsetof(struct grant, purpose), 0},
    {"ticket", OBJECT_TEXT, offsetof(struct grant, ticket), 0},
    {"control", OBJECT_TEXT, offsetof(struct grant, control), 0},
    {"key", OBJECT_TEXT, offsetof(struct grant, key), 0},
    {"approvers", OBJECT_TEXTS, offsetof(struct grant, approvers), 0},
    {"asked", OBJECT_TEXTS, offsetof(struct grant, asked), 0},
    {"end_reason", OBJECT_TEXT, offsetof(struct grant, end_reason), 0},
};

struct grant *grant_new(void)
{
    return calloc(1, sizeof(struct grant));
}

void grant_free(struct grant *grant)
{
    if (!grant)
        return;
    object_done(grant, fields, ARRAY_SIZE(fields));
    free(grant);
}

static int copy_text(const char *text, char **ret_copy)
{
    *ret_copy = text ? strdup(text) : NULL;
    return text && !*ret_copy ? -ENOMEM : 0;
}

static int copy_from_request(struct grant *grant, const struct request *request)
{
    if (subject_copy(&request->subject, &grant->subject) < 0 ||
        scope_copy(&request->scope, &grant->scope) < 0 ||
        copy_text(request->rule, &grant->rule) < 0 ||
        copy_text(request->reason, &grant->purpose) < 0 ||
        copy_text(request->ticket, &grant->ticket) < 0 ||
        copy_text(request->control, &grant->control) < 0 ||
        copy_text(request->key, &grant->key) < 0)
        return -ENOMEM;
    for (const char *name = NULL; (name = texts_next(&request->asked, name));)
        if (texts_add(&grant->asked, name) < 0)
            return -ENOMEM;
    for (const struct approval *a = request->approvals; a; a = a->next)
        if (a->approved && texts_add(&grant->approvers, a->person) < 0)
            return -ENOMEM;
    return 0;
}

struct grant *grant_from_request(const struct request *request, uint64_t duration_us)
{
    struct grant *grant = grant_new();

    if (!grant)
        return NULL;
    if (copy_from_request(grant, request) < 0) {
        grant_free(grant);
        return NULL;
    }
    memcpy(grant->request, request->id, sizeof(grant->request));
    memcpy(grant->policy, request->policy, sizeof(grant->policy));
    grant->limited = request->uses > 0;
    grant->uses_left = request->uses;
    grant->survives_reboot = request->survives_reboot;
    grant->created_us = clock_boottime_us();
    grant->expires_us = grant->created_us + duration_us;
    grant->created_real_us = clock_realtime_us();
    grant->expires_real_us = grant->created_real_us + duration_us;
    return grant;
}

int grant_set_state(struct grant *grant, enum grant_state state)
{
    /* Every end is final, and all ends are reached from active alone. */
    if (grant->state != GRANT_ACTIVE || state == GRANT_ACTIVE ||
        (unsigned)state >= GRANT_STATE_MAX_)
        return -EINVAL;
    grant->state = state;
    grant->ended_us = clock_boottime_us();
    grant->ended_real_us = clock_realtime_us();
    return 0;
}

const char *grant_state_to_string(enum grant_state state)
{
    return (unsigned)state < GRANT_STATE_MAX_ ? state_names[state] : "unknown";
}

static bool is_live(const struct grant *grant, const struct doorway *door)
{
    return grant->committed && grant->state == GRANT_ACTIVE && grant->subject.uid == door->uid &&
           door->now_us < grant->expires_us && (!grant->limited || grant->uses_left > 0);
}

/* PAM's account phase of sudo runs for questions too: it must not take a use that is counted. */
static bool can_count(const struct grant *grant, const struct doorway *door)
{
    return !grant->limited || door->scope->command ||
           !str_equal(door->scope->service, SERVICE_SUDO);
}

/* Plain publickey reveals the key only in the session phase: door_session.c looks again. */
static bool has_key(const struct grant *grant, const struct doorway *door)
{
    return !grant->key || !door->key || digest_equal(grant->key, door->key);
}

bool grant_opens(const struct grant *grant, const struct doorway *door)
{
    return is_live(grant, door) && can_count(grant, door) && has_key(grant, door) &&
           scope_opens(&grant->scope, door);
}

bool grant_may_open(const struct grant *grant, const struct doorway *door)
{
    return is_live(grant, door) && scope_may_open(&grant->scope, door);
}

void grant_use(struct grant *grant)
{
    grant->used++;
    if (grant->limited && --grant->uses_left == 0)
        grant_set_state(grant, GRANT_USED_UP);
}

void grant_return(struct grant *grant)
{
    grant->used--;
    if (!grant->limited)
        return;
    grant->uses_left++;
    if (grant->state == GRANT_USED_UP) {
        grant->state = GRANT_ACTIVE;
        grant->ended_us = 0;
        grant->ended_real_us = 0;
    }
}

bool grant_rebase(struct grant *grant, const char *boot_id)
{
    uint64_t now_real = clock_realtime_us(), now = clock_boottime_us();
    uint64_t given = grant->expires_real_us - grant->created_real_us;

    if (strcmp(grant->boot_id, boot_id) == 0)
        return now < grant->expires_us;
    if (!grant->survives_reboot || now_real >= grant->expires_real_us ||
        now_real < grant->created_real_us || grant->expires_real_us < grant->created_real_us)
        return false;
    grant->expires_us = now + grant->expires_real_us - now_real;
    grant->created_us = grant->expires_us > given ? grant->expires_us - given : 0;
    memcpy(grant->boot_id, boot_id, CLOCK_BOOT_ID_SIZE);
    return true;
}

char *grant_store(const struct grant *grant)
{
    json_t *json = json_object();
    char *body = NULL;

    if (object_store(json, grant, fields, ARRAY_SIZE(fields)) == 0 &&
        json_object_set_new(json, "state", json_string(state_names[grant->state])) == 0)
        body = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return body;
}

static int load_state(const char *text, enum grant_state *ret_state)
{
    for (unsigned i = 0; i < GRANT_STATE_MAX_; i++) {
        if (strcmp(text, state_names[i]) == 0) {
            *ret_state = (enum grant_state)i;
            return 0;
        }
    }
    return -EINVAL;
}

/* Both clocks say how long it was given for: a damaged number never makes that longer. */
static bool is_sound(const struct grant *grant)
{
    return grant->subject.name && grant->scope.service && grant->id[0] != '\0' &&
           grant->expires_us >= grant->created_us &&
           grant->expires_real_us >= grant->created_real_us &&
           grant->expires_us - grant->created_us <= grant->expires_real_us - grant->created_real_us;
}

int grant_load(const char *body, struct grant **ret_grant)
{
    json_t *json = json_loads(body, JSON_REJECT_DUPLICATES, NULL);
    struct grant *grant = grant_new();
    const char *state = json_string_value(json_object_get(json, "state"));
    int r = json && grant && state ? 0 : -EINVAL;

    if (r == 0)
        r = object_load_strictly(json, grant, fields, ARRAY_SIZE(fields), 1);
    if (r == 0 && !is_sound(grant))
        r = -EINVAL;
    if (r == 0)
        r = load_state(state, &grant->state);
    json_decref(json);
    if (r < 0) {
        grant_free(grant);
        return r;
    }
    grant->committed = true;
    if (grant->state != GRANT_ACTIVE)
        grant->ended_us = clock_boottime_us();
    *ret_grant = grant;
    return 0;
}
