/* Ownership of jansson values by scope. */
#pragma once

#include <jansson.h>

#include "../../common/macro.h"

static inline void cleanup_json(json_t **value)
{
    json_decref(*value);
}

#define AUTO_JSON CLEANUP(cleanup_json)
