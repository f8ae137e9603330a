/* Reload, RollbackPolicy, ListVersions, ReadVersion: the policy and its versions. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../common/str.h"
#include "../core/agent.h"
#include "../core/reload.h"
#include "../ledger/ledger.h"
#include "../ledger/ledger_policy.h"
#include "../state/session.h"
#include "methods.h"
#include "view.h"

#define VERSIONS_MAX 200
#define PREFIX_MIN 8
#define REASON_MAX 500
#define ERRORS_SHOWN 20

/* ---- who asks ---- */

/* Root has no name of its own: the person whose login it came from has. */
static struct reload_order order_of(const struct agent *agent, const struct public_call *call)
{
    const struct peer *peer = public_peer(call);
    struct login_session login = {0};
    struct reload_order order = {
        .cause = LOADING_CALL,
        .by = peer->uid == 0 ? "root" : NULL,
        .uid = peer->uid,
        .login_uid = UID_NONE,
    };
    int64_t person;

    if (session_of(peer->pid, peer->pidfd, &login) < 0 || !login.known)
        return order;
    order.login_uid = login.uid;
    person = policy_person_of(agent->policy, login.uid);
    if (person >= 0)
        order.by = policy_person(agent->policy, (uint32_t)person)->name;
    return order;
}

/* ---- Reload and RollbackPolicy ---- */

static void on_reloaded(struct agent *agent, const struct texts *errors, void *userdata)
{
    struct method_pending *pending = userdata;

    (void)errors; /* they are in the answer: the policy's own */
    public_reply(pending->call, json_pack("{s:o}", "policy", view_policy(agent, pending->call)));
    pending->call = NULL;
    method_pending_free(pending);
}

static void on_rolled_back(struct agent *agent, const struct texts *errors, void *userdata)
{
    struct method_pending *pending = userdata;
    struct str_builder message = {0};
    AUTO_FREE char *text = NULL;
    size_t shown = 0;

    if (texts_count(errors) == 0) {
        on_reloaded(agent, errors, pending);
        return;
    }
    str_append(&message, "refused, the policy in force stays:");
    for (const char *e = NULL; shown < ERRORS_SHOWN && (e = texts_next(errors, e)); shown++)
        str_appendf(&message, "\n%s", e);
    if (texts_count(errors) > shown)
        str_appendf(&message, "\nand %zu more", texts_count(errors) - shown);
    text = str_builder_take(&message);
    method_error(pending->call, ERROR_INVALID, "message", text);
    pending->call = NULL;
    method_pending_free(pending);
}

/* The reload goes on without them. */
static void on_caller_gone(struct public_call *call, void *userdata)
{
    struct method_pending *pending = userdata;

    (void)call;
    reload_forget(pending->agent, pending);
    pending->call = NULL;
    method_pending_free(pending);
}

static void start(struct public_call *call, struct agent *agent, const struct reload_order *order,
    reload_done_fn done)
{
    struct method_pending *pending = method_pending_new(agent, call);
    int r;

    if (!pending)
        return;
    public_on_gone(call, on_caller_gone, pending);
    r = reload_start(agent, order, done, pending);
    if (r == 0)
        return;
    if (r == -EBUSY)
        method_error(call, ERROR_UNAVAILABLE, "message", "a reload is under way; try again");
    else
        method_unavailable(call, r);
    pending->call = NULL;
    method_pending_free(pending);
}

void method_reload(struct public_call *call, json_t *parameters, void *userdata)
{
    struct agent *agent = userdata;
    struct reload_order order = order_of(agent, call);

    (void)parameters;
    start(call, agent, &order, on_reloaded);
}

/* The whole digest of the version that parameter "digest" means. False after having answered. */
static bool find_version(struct public_call *call, json_t *parameters, struct agent *agent,
    char ret_digest[POLICY_DIGEST_SIZE])
{
    const char *prefix;
    int r;

    if (!method_text(call, parameters, "digest", true, &prefix))
        return false;
    if (strlen(prefix) < PREFIX_MIN || strlen(prefix) >= POLICY_DIGEST_SIZE ||
        prefix[strspn(prefix, "0123456789abcdef")] != '\0') {
        method_error(call, ERROR_INVALID, "message",
            "a version is named by its digest: at least the first 8 of its hex digits");
        return false;
    }
    r = ledger_reader_find_version(ledger_own_reader(agent->ledger), prefix, ret_digest);
    if (r == 0)
        return true;
    if (r == -ENOENT)
        method_not_found(call, prefix,
            "no policy that was in force begins so; assent policy versions lists them");
    else if (r == -ENOTUNIQ)
        method_error(call, ERROR_INVALID, "message",
            "more than one version begins with these digits; give more of them");
    else
        method_unavailable(call, r);
    return false;
}

void method_rollback_policy(struct public_call *call, json_t *parameters, void *userdata)
{
    struct agent *agent = userdata;
    struct reload_order order = order_of(agent, call);
    char digest[POLICY_DIGEST_SIZE], escaped[REASON_MAX];
    const char *reason;

    if (!find_version(call, parameters, agent, digest) ||
        !method_text(call, parameters, "reason", false, &reason))
        return;
    if (agent->policy_real_us > 0 && str_equal(digest, policy_digest(agent->policy))) {
        method_error(call, ERROR_INVALID, "message", "this version is in force already");
        return;
    }
    order.cause = LOADING_ROLLBACK;
    order.version = digest;
    if (!str_empty(reason))
        order.reason = str_escape(reason, strlen(reason), escaped, sizeof(escaped));
    start(call, agent, &order, on_rolled_back);
}

/* ---- ListVersions and ReadVersion ---- */

struct listing {
    const struct agent *agent;
    json_t *array;
};

static const char *state_of(const struct agent *agent, const char *digest)
{
    bool is_loaded = agent->policy_real_us > 0;

    if (is_loaded && str_equal(digest, policy_digest(agent->policy)))
        return agent->loading.held[0] != '\0' ? "in force by rollback" : "in force";
    return str_equal(digest, agent->loading.held) ? "rolled back from" : NULL;
}

/* Of a record that cannot be read nothing is known; its version is listed all the same. */
static void load(const char *record, struct loading *ret_loading)
{
    if (loading_load(record, ret_loading) < 0) {
        loading_init(ret_loading);
        snprintf(ret_loading->cause, sizeof(ret_loading->cause), "%s", "unknown");
    }
}

static int add_version(const struct ledger_version *version, void *userdata)
{
    struct listing *listing = userdata;
    struct loading first, last;

    load(version->first, &first);
    load(version->last, &last);
    json_array_append_new(listing->array,
        json_pack("{s:s, s:I, s:b, s:s?, s:I, s:o, s:o}", "digest", version->digest, "rules",
            (json_int_t)last.rules, "kept", version->complete, "state",
            state_of(listing->agent, version->digest), "loads", (json_int_t)version->loads, "first",
            view_loading(&first), "last", view_loading(&last)));
    loading_done(&first);
    loading_done(&last);
    return 0;
}

void method_list_versions(struct public_call *call, json_t *parameters, void *userdata)
{
    struct agent *agent = userdata;
    struct listing listing = {agent, json_array()};
    int r = ledger_reader_each_version(
        ledger_own_reader(agent->ledger), VERSIONS_MAX, add_version, &listing);

    (void)parameters;
    if (r < 0) {
        json_decref(listing.array);
        method_unavailable(call, r);
        return;
    }
    public_reply(call, json_pack("{s:o}", "versions", listing.array));
}

/* One part, and whether another follows. */
struct page {
    json_t *file, *text;
    bool more;
};

static int add_part(const struct ledger_part *part, void *userdata)
{
    struct page *page = userdata;

    page->more = page->text != NULL;
    if (page->more)
        return 0;
    page->file = json_string(part->file);
    page->text = json_string(part->text);
    return page->file && page->text ? 0 : -ENOMEM;
}

void method_read_version(struct public_call *call, json_t *parameters, void *userdata)
{
    struct agent *agent = userdata;
    char digest[POLICY_DIGEST_SIZE];
    struct page page = {0};
    uint64_t part;
    int r;

    if (!find_version(call, parameters, agent, digest) ||
        !method_number(call, parameters, "part", &part))
        return;
    r = ledger_reader_each_text(ledger_own_reader(agent->ledger), digest,
        (struct ledger_range){part > 0 ? part - 1 : 0, 2}, add_part, &page);
    if (r == 0)
        public_reply(call, json_pack("{s:s, s:o, s:o, s:b}", "digest", digest, "file",
                               page.file ? page.file : json_null(), "text",
                               page.text ? page.text : json_string(""), "more", page.more));
    else if (r == -ENOENT)
        method_not_found(call, digest,
            "no policy that was in force begins so; assent policy versions lists them");
    else
        method_unavailable(call, r);
    if (r < 0) {
        json_decref(page.file);
        json_decref(page.text);
    }
}
