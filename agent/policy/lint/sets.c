#include "sets.h"

#include <string.h>

bool set_has(const struct numbers *set, uint32_t number)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->items[i] == number)
            return true;
    return false;
}

bool set_covers(const struct numbers *wide, const struct numbers *narrow)
{
    if (wide->count == 0)
        return true;
    for (size_t i = 0; i < narrow->count; i++)
        if (!set_has(wide, narrow->items[i]))
            return false;
    return narrow->count > 0;
}

bool set_covers_mask(unsigned wide, unsigned narrow)
{
    return wide == 0 || (narrow != 0 && (narrow & ~wide) == 0);
}

static bool has_text(const struct text_list *texts, const char *text)
{
    for (size_t i = 0; i < texts->count; i++)
        if (strcmp(texts->items[i], text) == 0)
            return true;
    return false;
}

bool set_covers_texts(const struct text_list *wide, const struct text_list *narrow)
{
    if (wide->count == 0)
        return true;
    for (size_t i = 0; i < narrow->count; i++)
        if (!has_text(wide, narrow->items[i]))
            return false;
    return narrow->count > 0;
}

bool set_texts_meet(const struct text_list *a, const struct text_list *b)
{
    for (size_t i = 0; i < b->count; i++)
        if (has_text(a, b->items[i]))
            return true;
    return false;
}

static bool is_same_user(const struct policy *policy, uint32_t a, uint32_t b)
{
    const struct user *of_a = &policy->users[a], *of_b = &policy->users[b];

    return a == b || (of_a->exists && of_b->exists && of_a->uid == of_b->uid);
}

static bool has_user(const struct policy *policy, const struct numbers *users, uint32_t user)
{
    for (size_t i = 0; i < users->count; i++)
        if (is_same_user(policy, users->items[i], user))
            return true;
    return false;
}

bool set_covers_users(
    const struct policy *policy, const struct numbers *wide, const struct numbers *narrow)
{
    if (wide->count == 0)
        return true;
    for (size_t i = 0; i < narrow->count; i++)
        if (!has_user(policy, wide, narrow->items[i]))
            return false;
    return narrow->count > 0;
}

bool set_users_meet(const struct policy *policy, const struct numbers *a, const struct numbers *b)
{
    for (size_t i = 0; i < b->count; i++)
        if (has_user(policy, a, b->items[i]))
            return true;
    return false;
}

static bool is_same_command(const struct command *a, const struct command *b)
{
    if (a->any)
        return true;
    if (b->any || a->words.count != b->words.count)
        return false;
    for (size_t i = 0; i < a->words.count; i++)
        if (strcmp(a->words.items[i], b->words.items[i]) != 0)
            return false;
    return true;
}

bool set_same_commands(const struct what *wide, const struct what *narrow)
{
    if (wide->command_count == 0)
        return true;
    for (size_t i = 0; i < narrow->command_count; i++) {
        bool same = false;

        for (size_t j = 0; j < wide->command_count && !same; j++)
            same = is_same_command(&wide->commands[j], &narrow->commands[i]);
        if (!same)
            return false;
    }
    return narrow->command_count > 0;
}

/* ---- windows --------------------------------------------------------------------------- */

/* Whether the weekly part is open then. */
static bool is_open(const struct window *window, int weekday, int minute)
{
    const struct window week = {
        .set = window->set, .days = window->days, .from = window->from, .to = window->to};
    const struct zone_time now = {.known = true, .weekday = weekday, .minute = minute};
    const struct facts facts = {.zones = &now};

    return window_match(&week, &facts) == TRUTH_YES;
}

/* Calls `test` for every stretch of the week in which neither window changes; false as soon as one
 * is. */
typedef bool stretch_test(const struct window *a, const struct window *b, int weekday, int minute);

static bool each_stretch(const struct window *a, const struct window *b, stretch_test *test)
{
    const int begins[] = {0, a->from, a->to, b->from, b->to};

    for (int weekday = 0; weekday < 7; weekday++)
        for (size_t i = 0; i < ARRAY_SIZE(begins); i++)
            if (begins[i] < WINDOW_MINUTES && !test(a, b, weekday, begins[i]))
                return false;
    return true;
}

static bool is_covered_then(const struct window *a, const struct window *b, int weekday, int minute)
{
    return is_open(a, weekday, minute) || !is_open(b, weekday, minute);
}

static bool is_apart_then(const struct window *a, const struct window *b, int weekday, int minute)
{
    return !is_open(a, weekday, minute) || !is_open(b, weekday, minute);
}

/* Whether both moments mean the same clock. */
static bool is_comparable(const struct moment *a, const struct moment *b, const struct window *of_a,
    const struct window *of_b)
{
    return a->kind == b->kind && (a->kind == MOMENT_EXACT || of_a->zone == of_b->zone);
}

static bool covers_span(const struct window *wide, const struct window *narrow)
{
    if (wide->since.kind != MOMENT_NONE &&
        (!is_comparable(&wide->since, &narrow->since, wide, narrow) ||
            narrow->since.value < wide->since.value))
        return false;
    return wide->before.kind == MOMENT_NONE ||
           (is_comparable(&wide->before, &narrow->before, wide, narrow) &&
               narrow->before.value <= wide->before.value);
}

bool set_covers_window(const struct window *wide, const struct window *narrow)
{
    if (!covers_span(wide, narrow))
        return false;
    if (!wide->set)
        return true;
    return narrow->set && wide->zone == narrow->zone && each_stretch(wide, narrow, is_covered_then);
}

/* The one is over before the other begins. */
static bool is_before(const struct window *early, const struct window *late)
{
    return early->before.kind != MOMENT_NONE && late->since.kind != MOMENT_NONE &&
           is_comparable(&early->before, &late->since, early, late) &&
           early->before.value <= late->since.value;
}

bool set_windows_meet(const struct window *a, const struct window *b)
{
    if (is_before(a, b) || is_before(b, a))
        return false;
    return !a->set || !b->set || a->zone != b->zone || !each_stretch(a, b, is_apart_then);
}
