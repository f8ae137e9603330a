#include "agent.h"

#include "../ledger/ledger.h"
#include "meta.h"

int agent_new_id(struct agent *agent, char ret_id[IDS_SIZE])
{
    int r = ids_new(&agent->ids, ret_id);

    meta_reserve_ids(agent);
    return r;
}

void agent_committed(struct agent *agent)
{
    if (agent->on_committed)
        agent->on_committed(agent);
}

static void on_recorded(int result, uint64_t first_seq, void *userdata)
{
    (void)first_seq;
    if (result == 0)
        agent_committed(userdata);
}

void agent_record(struct agent *agent, struct ledger_batch *batch)
{
    ledger_submit(agent->ledger, batch, true, on_recorded, agent);
}

void agent_sweep_at(struct agent *agent, uint64_t when_us)
{
    if (when_us >= agent->sweep_us)
        return;
    agent->sweep_us = when_us;
    sd_event_source_set_time(agent->sweep, when_us);
    sd_event_source_set_enabled(agent->sweep, SD_EVENT_ONESHOT);
}
