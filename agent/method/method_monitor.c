/* LeaveMonitor: what was only watched is enforced from now on. */
#include <errno.h>

#include "../../common/str.h"
#include "../core/agent.h"
#include "../core/audit.h"
#include "../core/caller.h"
#include "../core/monitor.h"
#include "../ledger/ledger.h"
#include "methods.h"

static void on_left(int result, uint64_t first_seq, void *userdata)
{
    struct method_pending *pending = userdata;
    struct public_call *call = pending->call;

    (void)first_seq;
    if (result == 0)
        public_reply(call, json_object());
    else
        method_unavailable(call, result);
    pending->call = NULL;
    if (result == 0)
        agent_committed(pending->agent);
    method_pending_free(pending);
}

static void say_why_not(struct public_call *call, int error)
{
    switch (error) {
    case -ENOENT:
        method_error(
            call, ERROR_INVALID, "message", "this is not in monitor mode; what is: assent status");
        return;
    case -EBUSY:
        method_error(call, ERROR_INVALID, "message",
            "assent.yaml or the policy still says 'monitor' for this; take it out there and reload "
            "first");
        return;
    default:
        method_unavailable(call, error);
    }
}

/* In memory at once, in the ledger a moment later: if it cannot be written, a restart watches
 * again, which refuses nobody. */
void method_leave_monitor(struct public_call *call, json_t *parameters, void *userdata)
{
    struct agent *agent = userdata;
    uid_t uid = public_peer(call)->uid;
    struct method_pending *pending;
    struct ledger_batch *batch;
    char name[STR_NAME_MAX];
    const char *what;
    int r;

    if (!method_text(call, parameters, "what", true, &what))
        return;
    if (!monitor_has_read(agent, uid)) {
        method_error(call, ERROR_NOT_ALLOWED, "message",
            "read first what enforcing would have stopped in the last day at least: assent enforce "
            "shows it and then asks");
        return;
    }
    batch = ledger_batch_new();
    r = batch ? monitor_release(agent, what, batch) : -ENOMEM;
    if (r < 0) {
        ledger_batch_free(batch);
        say_why_not(call, r);
        return;
    }
    caller_name(agent, uid, name);
    audit_enforced(batch, what, name, uid);
    pending = method_pending_new(agent, call);
    if (pending)
        ledger_submit(agent->ledger, batch, false, on_left, pending);
    else
        agent_record(agent, batch);
}
