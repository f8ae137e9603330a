#include "since.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../common/clock.h"
#include "../../common/parse.h"
#include "../../common/rfc3339.h"

int since_parse(const char *text, uint64_t *ret_since_us)
{
    uint64_t length_us, now_us = clock_realtime_us();
    char day[32];

    if (!text)
        text = SINCE_DEFAULT;
    if (parse_duration(text, &length_us) == 0) {
        *ret_since_us = length_us < now_us ? now_us - length_us : 0;
        return 0;
    }
    if (rfc3339_parse(text, ret_since_us) == 0)
        return 0;
    snprintf(day, sizeof(day), "%.10sT00:00:00Z", text);
    return strlen(text) == 10 ? rfc3339_parse(day, ret_since_us) : -EINVAL;
}
