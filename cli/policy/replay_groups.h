/* Like decisions are told once, with their number. Part of replay.c. */
#pragma once

#include "../../common/macro.h"
#include "replay.h"

/* Counts the decision whose facts are in replay->record. Returns 0 or -ENOMEM. */
MUST_USE int replay_groups_add(struct replay *replay, const json_t *decision,
    enum replay_change change, const struct replay_answer answers[2]);

void replay_groups_sort(struct replay *replay);
void replay_groups_done(struct replay *replay);
