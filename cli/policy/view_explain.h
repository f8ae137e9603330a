/* A decision explained (type Explanation of io.assent) in words. */
#pragma once

#include "../view/view.h"

void view_show_explanation(
    struct str_builder *out, const struct view *view, const json_t *explanation);
