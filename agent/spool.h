/* What the modules did without the agent: uses of the rescue door, one small file each in
 * the spool directory (written by root, see pam_assent(8)). Read into the ledger, then removed. */
#pragma once

struct agent;

/* Takes in what is there: at start, and when the agent wakes for other reasons. */
void spool_collect(struct agent *agent);
