#include "damage.h"

#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "../../common/str.h"
#include "../ledger/ledger.h"
#include "agent.h"
#include "audit.h"

#define DAMAGE_LINE 512

void damage_note(struct damage *damage, const char *id)
{
    if (damage->count++ == 0)
        str_escape(id, strlen(id), damage->first, sizeof(damage->first));
}

static void describe(
    const struct damage *damage, const char *what, const char *then, char line[DAMAGE_LINE])
{
    snprintf(line, DAMAGE_LINE, "%zu of the ledger's %s cannot be read (the first: \"%s\"): %s",
        damage->count, what, damage->first, then);
}

void damage_warn(const struct damage *damage, const char *what, const char *then)
{
    char line[DAMAGE_LINE];

    if (damage->count == 0)
        return;
    describe(damage, what, then, line);
    fprintf(stderr, SD_WARNING "%s\n", line);
}

void damage_record(
    struct agent *agent, const struct damage *damage, const char *what, const char *then)
{
    struct ledger_batch *batch;
    char line[DAMAGE_LINE];

    if (damage->count == 0)
        return;
    describe(damage, what, then, line);
    batch = ledger_batch_new();
    if (!agent->options.journal || !batch)
        fprintf(stderr, SD_CRIT "%s\n", line);
    if (!batch)
        return;
    audit_agent(batch, EVENT_INTEGRITY_FAILED, NULL, line);
    agent_record(agent, batch);
}
