#include "style.h"

#include <string.h>

static const char *const sequences[] = {
    [STYLE_PLAIN] = "",
    [STYLE_BOLD] = "\033[1m",
    [STYLE_DIM] = "\033[2m",
    [STYLE_GOOD] = "\033[32m",
    [STYLE_WARN] = "\033[33m",
    [STYLE_BAD] = "\033[31m",
    [STYLE_ID] = "\033[36m",
};

const char *style_on(const struct cli_options *options, enum style style)
{
    return options->colour ? sequences[style] : "";
}

const char *style_off(const struct cli_options *options, enum style style)
{
    return options->colour && style != STYLE_PLAIN ? "\033[0m" : "";
}

enum style style_of_state(const char *state)
{
    static const struct {
        const char *state;
        enum style style;
    } table[] = {
        {"approved", STYLE_GOOD},
        {"active", STYLE_GOOD},
        {"waiting", STYLE_WARN},
        {"new", STYLE_WARN},
        {"void", STYLE_WARN},
        {"denied", STYLE_BAD},
        {"revoked", STYLE_BAD},
        {"expired", STYLE_DIM},
        {"withdrawn", STYLE_DIM},
        {"completed", STYLE_DIM},
        {"used up", STYLE_DIM},
    };

    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        if (strcmp(table[i].state, state) == 0)
            return table[i].style;
    return STYLE_PLAIN;
}
