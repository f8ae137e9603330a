/* Watch: public calls that follow events as they become durable. Loop thread. */
#pragma once

struct agent;

/* New records are durable: tells every watcher what it may see. */
void watch_tell(struct agent *agent);
