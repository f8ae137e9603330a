/* The "name=value" vectors that sudo hands to plugins: sudo_plugin(5). */
#pragma once

/* The value of the last entry with that name, borrowed; NULL when there is none or the
 * vector itself is NULL. Like sudo's own reading, a later entry counts over an earlier. */
const char *pairs_get(char *const pairs[], const char *name);
