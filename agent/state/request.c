#include "request.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "../../common/str.h"
#include "object.h"

static const char *const state_names[REQUEST_STATE_MAX_] = {
    [REQUEST_NEW] = "new",
    [REQUEST_WAITING] = "waiting",
    [REQUEST_APPROVED] = "approved",
    [REQUEST_DENIED] = "denied",
    [REQUEST_EXPIRED] = "expired",
    [REQUEST_WITHDRAWN] = "withdrawn",
};

/* From new only by being opened; from waiting to every end; an end is final. */
static const bool legal[REQUEST_STATE_MAX_][REQUEST_STATE_MAX_] = {
    [REQUEST_NEW] = {[REQUEST_WAITING] = true},
    [REQUEST_WAITING] =
        {
            [REQUEST_APPROVED] = true,
            [REQUEST_DENIED] = true,
            [REQUEST_EXPIRED] = true,
            [REQUEST_WITHDRAWN] = true,
        },
};

static const struct object_field fields[] = {
    {"id", OBJECT_CHARS, offsetof(struct request, id), IDS_SIZE},
    {"uid", OBJECT_ID, offsetof(struct request, subject.uid), 0},
    {"user", OBJECT_TEXT, offsetof(struct request, subject.name), 0},
    {"kind", OBJECT_ID, offsetof(struct request, subject.kind), 0},
    SCOPE_FIELDS(request),
    {"reason", OBJECT_TEXT, offsetof(struct request, reason), 0},
    {"ticket", OBJECT_TEXT, offsetof(struct request, ticket), 0},
    {"control", OBJECT_TEXT, offsetof(struct request, control), 0},
    {"peer", OBJECT_TEXT, offsetof(struct request, peer), 0},
    {"tty", OBJECT_TEXT, offsetof(struct request, tty), 0},
    {"key", OBJECT_TEXT, offsetof(struct request, key), 0},
    {"rule", OBJECT_TEXT, offsetof(struct request, rule), 0},
    {"policy", OBJECT_CHARS, offsetof(struct request, policy), POLICY_DIGEST_SIZE},
    {"created_real", OBJECT_NUMBER, offsetof(struct request, created_real_us), 0},
    {"expires_real", OBJECT_NUMBER, offsetof(struct request, expires_real_us), 0},
    {"ended_real", OBJECT_NUMBER, offsetof(struct request, ended_real_us), 0},
    {"created", OBJECT_NUMBER, offsetof(struct request, created_us), 0},
    {"expires", OBJECT_NUMBER, offsetof(struct request, expires_us), 0},
    {"boot", OBJECT_CHARS, offsetof(struct request, boot_id), CLOCK_BOOT_ID_SIZE},
    {"asked", OBJECT_TEXTS, offsetof(struct request, asked), 0},
    {"need", OBJECT_NUMBER, offsetof(struct request, need), 0},
    {"duration", OBJECT_NUMBER, offsetof(struct request, duration_us), 0},
    {"uses", OBJECT_NUMBER, offsetof(struct request, uses), 0},
    {"lapse", OBJECT_ID, offsetof(struct request, lapse), 0},
    {"keep", OBJECT_FLAG, offsetof(struct request, keep), 0},
    {"attached", OBJECT_FLAG, offsetof(struct request, attached), 0},
    {"survives_reboot", OBJECT_FLAG, offsetof(struct request, survives_reboot), 0},
    {"login_uid", OBJECT_ID, offsetof(struct request, login_uid), 0},
    {"grant", OBJECT_CHARS, offsetof(struct request, grant), IDS_SIZE},
    {"end_reason", OBJECT_TEXT, offsetof(struct request, end_reason), 0},
};

static const struct object_field approval_fields[] = {
    {"person", OBJECT_TEXT, offsetof(struct approval, person), 0},
    {"uid", OBJECT_ID, offsetof(struct approval, uid), 0},
    {"approved", OBJECT_FLAG, offsetof(struct approval, approved), 0},
    {"time", OBJECT_NUMBER, offsetof(struct approval, real_us), 0},
    {"strength", OBJECT_ID, offsetof(struct approval, strength), 0},
    {"reason", OBJECT_TEXT, offsetof(struct approval, reason), 0},
};

void subject_done(struct subject *subject)
{
    free(subject->name);
    *subject = (struct subject){0};
}

int subject_copy(const struct subject *subject, struct subject *ret_copy)
{
    char *name = strdup(subject->name ? subject->name : "");

    if (!name)
        return -ENOMEM;
    *ret_copy = (struct subject){.uid = subject->uid, .name = name, .kind = subject->kind};
    return 0;
}

struct request *request_new(void)
{
    struct request *request = calloc(1, sizeof(*request));

    if (request)
        request->login_uid = UID_NONE;
    return request;
}

static void approval_free(struct approval *approval)
{
    object_done(approval, approval_fields, ARRAY_SIZE(approval_fields));
    free(approval);
}

void request_free(struct request *request)
{
    if (!request)
        return;
    object_done(request, fields, ARRAY_SIZE(fields));
    while (request->approvals) {
        struct approval *next = request->approvals->next;

        approval_free(request->approvals);
        request->approvals = next;
    }
    free(request);
}

int request_set_state(struct request *request, enum request_state state)
{
    if ((unsigned)state >= REQUEST_STATE_MAX_ || !legal[request->state][state])
        return -EINVAL;
    request->state = state;
    if (request_has_ended(request)) {
        request->ended_us = clock_boottime_us();
        request->ended_real_us = clock_realtime_us();
    }
    return 0;
}

bool request_has_ended(const struct request *request)
{
    return request->state > REQUEST_WAITING;
}

const char *request_state_to_string(enum request_state state)
{
    return (unsigned)state < REQUEST_STATE_MAX_ ? state_names[state] : "unknown";
}

const struct approval *request_approval_of(const struct request *request, const char *person)
{
    for (const struct approval *a = request->approvals; a; a = a->next)
        if (str_equal(a->person, person))
            return a;
    return NULL;
}

unsigned request_approval_count(const struct request *request)
{
    unsigned count = 0;

    for (const struct approval *a = request->approvals; a; a = a->next)
        count += a->approved && !str_equal(a->person, request->peer);
    return count;
}

bool request_has_enough(const struct request *request)
{
    const struct approval *word =
        request->peer ? request_approval_of(request, request->peer) : NULL;

    return request_approval_count(request) >= request->need &&
           (!request->peer || (word && word->approved));
}

static void append_approval(struct request *request, struct approval *approval)
{
    struct approval **end = &request->approvals;

    while (*end)
        end = &(*end)->next;
    *end = approval;
}

int request_add_approval(
    struct request *request, const char *person, uid_t uid, bool approved, const char *reason)
{
    struct approval *approval;

    if (request_approval_of(request, person))
        return -EEXIST;
    approval = calloc(1, sizeof(*approval));
    if (!approval)
        return -ENOMEM;
    *approval = (struct approval){
        .person = strdup(person),
        .uid = uid,
        .approved = approved,
        .real_us = clock_realtime_us(),
        .strength = STRENGTH_LOCAL,
        .reason = reason ? strdup(reason) : NULL,
    };
    if (!approval->person || (reason && !approval->reason)) {
        approval_free(approval);
        return -ENOMEM;
    }
    append_approval(request, approval);
    return 0;
}

static int store_approvals(json_t *json, const struct request *request)
{
    json_t *array = json_array();

    for (const struct approval *a = request->approvals; a; a = a->next) {
        json_t *item = json_object();

        if (object_store(item, a, approval_fields, ARRAY_SIZE(approval_fields)) < 0) {
            json_decref(item);
            json_decref(array);
            return -ENOMEM;
        }
        json_array_append_new(array, item);
    }
    return json_object_set_new(json, "approvals", array) < 0 ? -ENOMEM : 0;
}

char *request_store(const struct request *request)
{
    json_t *json = json_object();
    char *body = NULL;

    if (object_store(json, request, fields, ARRAY_SIZE(fields)) == 0 &&
        json_object_set_new(json, "state", json_string(state_names[request->state])) == 0 &&
        store_approvals(json, request) == 0)
        body = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return body;
}

static int load_state(const json_t *json, enum request_state *ret_state)
{
    const char *text = json_string_value(json_object_get(json, "state"));

    for (unsigned i = 0; i < REQUEST_STATE_MAX_; i++) {
        if (str_equal(text, state_names[i])) {
            *ret_state = (enum request_state)i;
            return 0;
        }
    }
    return -EINVAL;
}

static int load_approvals(const json_t *json, struct request *request)
{
    size_t index;
    json_t *item;

    json_array_foreach(json_object_get(json, "approvals"), index, item)
    {
        struct approval *approval = calloc(1, sizeof(*approval));
        int r;

        if (!approval)
            return -ENOMEM;
        append_approval(request, approval);
        r = object_load(item, approval, approval_fields, ARRAY_SIZE(approval_fields));
        if (r < 0)
            return r;
        if (!approval->person)
            return -EINVAL;
    }
    return 0;
}

int request_load(const char *body, struct request **ret_request)
{
    json_t *json = json_loads(body, JSON_REJECT_DUPLICATES, NULL);
    struct request *request = request_new();
    int r = json && request ? 0 : -EINVAL;

    if (r == 0)
        r = object_load_strictly(json, request, fields, ARRAY_SIZE(fields), 2);
    if (r == 0)
        r = load_state(json, &request->state);
    if (r == 0)
        r = load_approvals(json, request);
    if (r == 0 && (!request->subject.name || !request->scope.service || request->id[0] == '\0' ||
                      request->lapse > LAPSE_OWNER))
        r = -EINVAL;
    json_decref(json);
    if (r < 0) {
        request_free(request);
        return r;
    }
    request->committed = true;
    *ret_request = request;
    return 0;
}
