#include "console.h"

#include <stdint.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "../common/names.h"
#include "../common/str.h"
#include "door.h"

static const struct {
    unsigned major, first, last;
} consoles[] = {
    {4, 0, 255},          /* virtual consoles, ttyS: 8250 serial ports */
    {5, 1, 1},            /* /dev/console */
    {204, 0, UINT32_MAX}, /* low-density serial ports: ttyAMA, ttySC, ttyLP ... */
    {207, 0, UINT32_MAX}, /* ttymxc, ttyCPM */
    {227, 0, UINT32_MAX}, /* 3270 terminals */
    {229, 0, UINT32_MAX}, /* hvc: consoles of hypervisors */
};

bool console_is_device(mode_t mode, dev_t device)
{
    if (!S_ISCHR(mode))
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(consoles); i++)
        if (major(device) == consoles[i].major && minor(device) >= consoles[i].first &&
            minor(device) <= consoles[i].last)
            return true;
    return false;
}

bool console_is_here(const struct door *door)
{
    struct stat st;

    if (door->kind != DOOR_LOGIN || strcmp(door->service, SERVICE_LOGIN) != 0)
        return false;
    if (!door->user || door->uid != 0 || !str_empty(door->rhost))
        return false;
    return fstat(STDIN_FILENO, &st) == 0 && console_is_device(st.st_mode, st.st_rdev);
}
