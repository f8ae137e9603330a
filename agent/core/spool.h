/* What the modules did without the agent: uses of the rescue door, one small file each in
 * the spool directory (written by root, see pam_assent(8)). Read into the ledger, then removed. */
#pragma once

struct agent;

/* Takes in what is there, and from now on whatever is written: an agent that was frozen, not
 * dead, hears of it as soon as it runs again. */
void spool_start(struct agent *agent);

/* After the ledger is closed. */
void spool_done(struct agent *agent);
