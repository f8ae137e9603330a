/* An entitlement as JSON: what it gives, who decides, how that goes. Loop thread. */
#pragma once

#include <jansson.h>

struct inquiry;

/* By the verdict on an inquiry that asks for the whole of it; `index` is its number in the
 * inquiry's policy. A new reference. */
json_t *view_entitlement(const struct inquiry *inquiry, size_t index);
