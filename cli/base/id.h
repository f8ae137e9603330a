/* Ids of requests and grants as people type them. */
#pragma once

#include "../../common/macro.h"

#define ID_SIZE 10 /* "K7QM-2F9X" and a NUL */

/* The printed form of an id typed in lower case, without its dash, with blanks or dashes
 * elsewhere, or with O for 0 and I or L for 1 (Crockford's base 32: those letters are not used, nor
 * U). Returns 0 or -EINVAL. */
MUST_USE int id_normalise(const char *text, char ret_id[ID_SIZE]);
