#include "ticket.h"

#include <stdlib.h>
#include <string.h>

/* Higher than any pattern that is taken, and small enough that two can be multiplied. */
#define COST_CAP (TICKET_COST_MAX + 1UL)

static unsigned long capped(unsigned long cost)
{
    return cost > COST_CAP ? COST_CAP : cost;
}

/* Behind a set such as "[^]a[:digit:]-]"; `text` stands behind its first bracket. */
static const char *skip_set(const char *text)
{
    text += *text == '^';
    text += *text == ']';
    while (*text != '\0' && *text != ']') {
        const char *end = NULL;

        if (*text == '[' && (text[1] == ':' || text[1] == '.' || text[1] == '=')) {
            const char close[] = {text[1], ']', '\0'};

            end = strstr(text + 2, close);
        }
        text = end ? end + 2 : text + 1;
    }
    return *text == ']' ? text + 1 : text;
}

/* How often "{3,8}" writes its operand: its larger number, and once more where it has no end. */
static unsigned long read_count(const char **text)
{
    char *end;
    unsigned long least = capped(strtoul(*text + 1, &end, 10)), most = least;

    if (*end == ',')
        most = end[1] == '}' ? least + 1 : capped(strtoul(end + 1, &end, 10));
    *text = strchr(end, '}') ? strchr(end, '}') + 1 : end;
    most = most > least ? most : least;
    return most > 1 ? most : 1;
}

static bool is_repeat(char character)
{
    return character != '\0' && strchr("*+?{", character) != NULL;
}

/* What an operand costs with the repeat behind it, if there is one. A repeat of a repeat says
 * nothing that one would not, and a few of them keep regcomp() busy for hours. */
static unsigned long read_repeat(const char **text, unsigned long cost)
{
    char repeat = **text;

    if (!is_repeat(repeat))
        return cost;
    if (repeat == '{')
        cost = capped(cost * read_count(text));
    else
        (*text)++;
    if (repeat == '+')
        cost = capped(2 * cost);
    return is_repeat(**text) ? COST_CAP : cost;
}

bool ticket_pattern_is_small(const char *text)
{
    unsigned long outer[256]; /* what stood before each group that is open */
    unsigned long cost = 0, last;
    size_t depth = 0;

    while (*text != '\0') {
        if (*text == '(') {
            if (depth == sizeof(outer) / sizeof(*outer))
                return false;
            outer[depth++] = cost;
            cost = 0;
            text++;
            continue;
        }
        last = 1;
        if (*text == ')' && depth > 0) {
            last = cost + 1;
            cost = outer[--depth];
            text++;
        } else if (*text == '[') {
            text = skip_set(text + 1);
        } else {
            text += *text == '\\' && text[1] != '\0' ? 2 : 1;
        }
        cost = capped(cost + read_repeat(&text, last));
    }
    return cost + depth <= TICKET_COST_MAX;
}
