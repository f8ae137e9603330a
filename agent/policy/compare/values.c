/* The kinds of values that descriptions are made of. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../../../common/clock.h"
#include "../../../common/parse.h"
#include "../../../common/str.h"
#include "describe.h"

static struct description_value *add(struct describer *describer, const char *key)
{
    struct description *description = describer->description;
    struct description_value *value = &description->values[description->count++];

    *value = (struct description_value){.key = key};
    return value;
}

void describe_text(struct describer *describer, const char *key, const char *text)
{
    struct description_value *value = add(describer, key);

    if (!text)
        return;
    value->text = arena_text(describer->arena, text, strlen(text));
    describer->failed |= !value->text;
}

void describe_flag(struct describer *describer, const char *key, bool value)
{
    describe_text(describer, key, value ? "yes" : NULL);
}

void describe_number(struct describer *describer, const char *key, unsigned value)
{
    char text[16];

    (void)snprintf(text, sizeof(text), "%u", value);
    describe_text(describer, key, value > 0 ? text : NULL);
}

void describe_duration(struct describer *describer, const char *key, uint64_t us)
{
    char text[PARSE_DURATION_SIZE];

    format_duration(us, text);
    describe_text(describer, key, us > 0 ? text : NULL);
}

/* The last day that ends at `end_us`. */
void describe_day(struct describer *describer, const char *key, uint64_t end_us)
{
    time_t second = (time_t)(end_us / USEC_PER_SEC) - 1;
    char text[16] = "?";
    struct tm day;

    if (gmtime_r(&second, &day))
        (void)strftime(text, sizeof(text), "%Y-%m-%d", &day);
    describe_text(describer, key, end_us > 0 ? text : NULL);
}

/* ---- sets ---------------------------------------------------------------------------------- */

const char **describe_room(struct describer *describer, size_t count)
{
    const char **room = arena_alloc(describer->arena, (count + 1) * sizeof(*room));

    describer->failed |= !room;
    return room;
}

static int compare_texts(const void *left, const void *right)
{
    const char *const *a = left, *const *b = right;

    return strcmp(*a, *b);
}

/* Sorts, and keeps each text once; the new count. */
static size_t make_set(const char **items, size_t count)
{
    size_t used = 0;

    if (count > 0)
        qsort(items, count, sizeof(*items), compare_texts);
    for (size_t i = 0; i < count; i++)
        if (used == 0 || strcmp(items[used - 1], items[i]) != 0)
            items[used++] = items[i];
    return used;
}

static const char *keep(struct describer *describer, struct str_builder *builder)
{
    AUTO_FREE char *text = str_builder_take(builder);
    const char *kept = text ? arena_text(describer->arena, text, strlen(text)) : NULL;

    describer->failed |= !kept;
    return kept;
}

static const char *quoted(struct describer *describer, const char *text, const char *quote)
{
    struct str_builder builder = {0};

    if (*quote == '\0')
        return text;
    str_appendf(&builder, "%s%s%s", quote, text, quote);
    return keep(describer, &builder);
}

/* Takes the items over, which are in the arena. */
static void add_set(struct describer *describer, const char *key, const char **items, size_t count)
{
    struct description_value *value = add(describer, key);
    struct str_builder builder = {0};

    if (!items || count == 0 || describer->failed)
        return;
    value->count = make_set(items, count);
    value->items = items;
    for (size_t i = 0; i < value->count; i++)
        str_appendf(&builder, "%s%s", i > 0 ? ", " : "", items[i]);
    value->text = keep(describer, &builder);
}

void describe_set(
    struct describer *describer, const char *key, const struct text_list *texts, const char *quote)
{
    const char **items = describe_room(describer, texts->count);

    for (size_t i = 0; items && i < texts->count; i++)
        items[i] = quoted(describer, texts->items[i], quote);
    add_set(describer, key, items, texts->count);
}

void describe_names(struct describer *describer, const char *key, const struct names *names,
    const struct numbers *numbers)
{
    const char **items = describe_room(describer, numbers->count);

    for (size_t i = 0; items && i < numbers->count; i++)
        items[i] = names->texts[numbers->items[i]];
    add_set(describer, key, items, numbers->count);
}

void describe_list(struct describer *describer, const char *key, const char *list)
{
    const char **items = describe_room(describer, list ? strlen(list) / 2 + 1 : 0);
    char *rest = list ? arena_text(describer->arena, list, strlen(list)) : NULL;
    size_t count = 0;

    describer->failed |= list && !rest;
    for (char *name; items && rest && (name = strsep(&rest, ",")) != NULL;) {
        name += strspn(name, " ");
        if (*name != '\0')
            items[count++] = name;
    }
    add_set(describer, key, items, count);
}

void describe_bits(
    struct describer *describer, const char *key, unsigned bits, const char *const *words)
{
    const char **items = describe_room(describer, 32);
    size_t count = 0;

    for (unsigned i = 0; items && bits >> i != 0 && i < 32; i++)
        if ((bits >> i & 1) != 0)
            items[count++] = words[i];
    add_set(describer, key, items, count);
}

/* ---- patterns ------------------------------------------------------------------------------ */

static const char *write_pattern(struct describer *describer, const struct text_list *words)
{
    struct str_builder builder = {0};
    AUTO_FREE char *line = pattern_join(words);

    describer->failed |= !line;
    str_appendf(&builder, "'%s'", line ? line : "");
    return keep(describer, &builder);
}

void describe_commands(struct describer *describer, const char *key, const struct what *what)
{
    const char **items = describe_room(describer, what->command_count);

    for (size_t i = 0; items && i < what->command_count; i++)
        items[i] =
            what->commands[i].any ? "any" : write_pattern(describer, &what->commands[i].words);
    add_set(describer, key, items, what->command_count);
}

void describe_patterns(
    struct describer *describer, const char *key, const struct text_list *patterns)
{
    const char **items = describe_room(describer, patterns->count);

    for (size_t i = 0; items && i < patterns->count; i++)
        items[i] = write_pattern(describer, &(struct text_list){&patterns->items[i], 1});
    add_set(describer, key, items, patterns->count);
}
