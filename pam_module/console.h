/* The console of the machine, where local root is never refused: whoever stands there can
 * boot another system anyway, and it is the way back in when everything else is locked. */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

struct door;

/* Whether a device (from stat) is a virtual or serial console by its number: the list is in
 * Linux' Documentation/admin-guide/devices.txt. Pseudo-terminals never are. */
bool console_is_device(mode_t mode, dev_t device);

/* Service login, root, no remote host, stdin a console. */
bool console_is_here(const struct door *door);
