#include "door_session.h"

#include <string.h>

#include "../../common/names.h"
#include "../../common/str.h"
#include "../core/agent.h"
#include "../core/audit.h"
#include "../ledger/ledger.h"
#include "door.h"
#include "inquiry.h"

/* Plain publickey reveals the key only now. A grant is for the key it was asked for with; one that
 * does not know its key yet is bound to the first that comes, whoever gave it: people or a rule. */
static bool key_fits(const struct inquiry *inquiry, struct grant *grant, struct ledger_batch *batch)
{
    AUTO_FREE char *body = NULL;

    if (grant->key)
        return inquiry->key && digest_equal(grant->key, inquiry->key);
    if (!inquiry->key)
        return true;
    grant->key = strdup(inquiry->key);
    body = grant->key ? grant_store(grant) : NULL;
    /* without a body (out of memory) the batch fails, and with it the login */
    ledger_batch_put(batch, LEDGER_GRANT, grant->id, grant->state == GRANT_ACTIVE, body);
    return true;
}

static const char *check_grant(
    struct inquiry *inquiry, struct grant *grant, struct ledger_batch *batch)
{
    if (grant->state == GRANT_REVOKED || clock_boottime_us() >= grant->expires_us)
        return "Refused: the grant for this login has ended.";
    if (!str_equal(inquiry->ask->service, SERVICE_SSHD))
        return NULL;
    if (!key_fits(inquiry, grant, batch))
        return "Refused: this grant is for a login with another key.\n"
               "Log in with the key that it was asked for or first used with.";
    return NULL;
}

/* Which decision this session came from: told by the tie, or, for sudo beside the plugin (its
 * command was asked about after PAM's last phase), known by the process. */
static bool find_chain(struct inquiry *inquiry)
{
    struct agent *agent = inquiry->agent;
    struct tie_bearer bearer = inquiry_bearer(inquiry);
    const char *chain;

    if (tie_check(agent->seal_key, inquiry->ask->tie, &bearer, inquiry->chain) &&
        inquiry->chain[0] != '\0')
        return true;
    chain = scope_is_setuid_door(inquiry->ask->service)
                ? sessions_find(&agent->sessions, inquiry->pid, inquiry->subject.uid)
                : NULL;
    if (chain)
        memcpy(inquiry->chain, chain, sizeof(inquiry->chain));
    return chain != NULL;
}

void door_session(struct inquiry *inquiry)
{
    struct agent *agent = inquiry->agent;
    AUTO_FREE char *session = inquiry->ask->session ? str_escape_new(inquiry->ask->session) : NULL;
    struct ledger_batch *batch;
    const char *refusal = NULL;
    struct grant *grant;

    if (!find_chain(inquiry)) {
        /* sudo and su were gated before; the session only tells the story. Monitor mode lets
         * through also what it has no number left for. */
        if (scope_is_setuid_door(inquiry->ask->service) || inquiry_is_watched(inquiry))
            inquiry_allow(inquiry, 0);
        else
            inquiry_deny(inquiry, "Refused: this session was not let in by the gate.\n"
                                  "Log in again; if it stays so, run: assent doctor");
        return;
    }
    batch = ledger_batch_new();
    if (!batch) {
        inquiry_busy(inquiry, 0);
        return;
    }
    grant = book_grant(&agent->book, inquiry->chain);
    if (grant && !inquiry_is_watched(inquiry))
        refusal = check_grant(inquiry, grant, batch);
    if (refusal) {
        audit_grant(batch, EVENT_DENIED_USE, grant, refusal, session);
        agent_record(agent, batch);
        inquiry_deny(inquiry, refusal);
        return;
    }
    if (grant)
        audit_grant(batch, EVENT_SESSION_OPENED, grant, NULL, session);
    else
        audit_session(batch, EVENT_SESSION_OPENED, inquiry->chain, &inquiry->subject,
            inquiry->scope.service, session);
    if (scope_is_setuid_door(inquiry->ask->service)) {
        /* Decided and recorded before; PAM asks at sudo and su for the record alone. */
        inquiry_allow(inquiry, 0);
        agent_record(agent, batch);
        return;
    }
    ledger_submit(agent->ledger, batch, false, door_open_durable, inquiry);
}

/* Nobody waits for the record of an end. */
void door_session_end(struct inquiry *inquiry)
{
    struct agent *agent = inquiry->agent;
    AUTO_FREE char *session = inquiry->ask->session ? str_escape_new(inquiry->ask->session) : NULL;
    struct ledger_batch *batch = ledger_batch_new();

    if (batch)
        audit_session(batch, EVENT_SESSION_ENDED,
            sessions_find(&agent->sessions, inquiry->pid, inquiry->subject.uid), &inquiry->subject,
            inquiry->scope.service, session);
    inquiry->answer(inquiry, &(struct gate_answer){.kind = GATE_DENY});
    if (batch)
        agent_record(agent, batch);
}
