/* ListGrants, RevokeGrant, CompleteGrant. */
#include <errno.h>
#include <string.h>

#include "../../common/str.h"
#include "../core/agent.h"
#include "../core/audit.h"
#include "../core/lifecycle.h"
#include "../ledger/ledger.h"
#include "../state/people.h"
#include "methods.h"
#include "view.h"

#define RECENT_MAX 200
#define RECENT_BYTES ((size_t)2 << 20) /* of the ledger, in one call: it holds up the loop */
#define REASON_MAX 500

struct listing {
    struct agent *agent;
    struct public_call *call;
    bool all;
    size_t bytes;
    json_t *array;
};

static void list_one(struct listing *listing, const struct grant *grant)
{
    if (listing->all || method_owns(listing->agent, listing->call, grant->subject.uid))
        json_array_append_new(listing->array, view_grant(listing->agent, grant));
}

static int list_ended(const char *id, const char *body, void *userdata)
{
    struct listing *listing = userdata;
    struct grant *grant;

    listing->bytes += strlen(body);
    if (listing->bytes > RECENT_BYTES)
        return -ECANCELED;
    if (book_grant(&listing->agent->book, id) || grant_load(body, &grant) < 0)
        return 0;
    list_one(listing, grant);
    grant_free(grant);
    return 0;
}

void method_list_grants(struct public_call *call, json_t *parameters, void *userdata)
{
    struct agent *agent = userdata;
    struct listing listing = {.agent = agent, .call = call};
    const char *scope;
    bool ended;
    int r = 0;

    if (!method_text(call, parameters, "scope", false, &scope) ||
        !method_flag(call, parameters, "ended", &ended))
        return;
    listing.all = str_equal(scope, "all");
    if (listing.all && !method_sees_all(agent, call)) {
        method_error(call, ERROR_NOT_ALLOWED, "message",
            "only root and the auditors' group see everybody's grants");
        return;
    }
    listing.array = json_array();
    for (struct grant *g = NULL; (g = book_next_grant(&agent->book, g));)
        if (g->committed && (g->state == GRANT_ACTIVE || ended))
            list_one(&listing, g);
    if (ended)
        r = ledger_each_recent(agent->ledger, LEDGER_GRANT, RECENT_MAX, list_ended, &listing);
    if (r < 0 && r != -ECANCELED) {
        json_decref(listing.array);
        method_unavailable(call, -EIO);
        return;
    }
    public_reply(call, json_pack("{s:o}", "grants", listing.array));
}

static void on_ended(int result, struct grant *grant, void *userdata)
{
    struct method_pending *pending = userdata;
    struct public_call *call = pending->call;

    if (result == 0 && grant)
        public_reply(call, json_pack("{s:o}", "grant", view_grant(pending->agent, grant)));
    else
        method_unavailable(call, result);
    pending->call = NULL;
    method_pending_free(pending);
}

static bool was_asked(const struct agent *agent, const struct grant *grant, uid_t uid)
{
    int64_t person = policy_person_of(agent->policy, uid);

    return person >= 0 &&
           texts_contain(&grant->asked, policy_person(agent->policy, (uint32_t)person)->name);
}

/* The live grant with parameter "id" that the caller may see, or NULL after an error. */
static struct grant *find(struct public_call *call, json_t *parameters, struct agent *agent)
{
    struct grant *grant = NULL;
    char id[IDS_SIZE];
    const char *text;

    if (!method_text(call, parameters, "id", true, &text))
        return NULL;
    if (ids_normalise(text, id) == 0)
        grant = book_grant(&agent->book, id);
    if (!grant || !grant->committed ||
        (!method_sees_all(agent, call) && !method_owns(agent, call, grant->subject.uid) &&
            !was_asked(agent, grant, public_peer(call)->uid))) {
        method_error(call, ERROR_NOT_FOUND, "id", text);
        return NULL;
    }
    if (grant->state != GRANT_ACTIVE) {
        public_error(call, ERROR_ALREADY_ENDED,
            json_pack("{s:s, s:s}", "id", grant->id, "state", grant_state_to_string(grant->state)));
        return NULL;
    }
    return grant;
}

void method_revoke_grant(struct public_call *call, json_t *parameters, void *userdata)
{
    struct agent *agent = userdata;
    uid_t uid = public_peer(call)->uid;
    struct grant *grant = find(call, parameters, agent);
    struct method_pending *pending;
    char escaped[REASON_MAX];
    const char *reason;

    if (!grant || !method_text(call, parameters, "reason", true, &reason))
        return;
    if (uid != 0 && !was_asked(agent, grant, uid) &&
        !method_owns(agent, call, grant->subject.uid)) {
        method_error(call, ERROR_NOT_ALLOWED, "message",
            "only those who could approve it, its owner and root can revoke a grant");
        return;
    }
    pending = method_pending_new(agent, call);
    if (pending)
        lifecycle_end_grant(agent, grant, EVENT_REVOKED,
            str_escape(reason, strlen(reason), escaped, sizeof(escaped)), on_ended, pending);
}

void method_complete_grant(struct public_call *call, json_t *parameters, void *userdata)
{
    struct agent *agent = userdata;
    struct grant *grant = find(call, parameters, agent);
    struct method_pending *pending;

    if (!grant)
        return;
    if (!method_owns(agent, call, grant->subject.uid)) {
        method_error(call, ERROR_NOT_ALLOWED, "message",
            "only its owner gives a grant back; to end somebody else's: assent revoke");
        return;
    }
    pending = method_pending_new(agent, call);
    if (pending)
        lifecycle_end_grant(
            agent, grant, EVENT_COMPLETED, "given back by its owner", on_ended, pending);
}
