/* What a replay found, in words and as JSON. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "../view/view.h"
#include "replay.h"

/* With `rules` also what stays the same by another rule. */
void view_show_replay(struct str_builder *out, const struct view *view, const struct replay *replay,
    uint64_t since_us, bool rules);

/* The groups alone, for who shows them with something else. */
void view_show_changes(
    struct str_builder *out, const struct view *view, const struct replay *replay, bool rules);

/* A new reference, or NULL on OOM. */
json_t *view_replay_to_json(const struct replay *replay, uint64_t since_us);
