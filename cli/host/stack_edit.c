#include "stack_edit.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "../../common/str.h"
#include "stack.h"

#define BEGIN "# assent begin "
#define END "# assent end"
#define KEEPS "# assent keeps: "
#define NEW_FILE " new-file"

/* A logical line of a service file and what it gives to the stack. */
struct entry {
    const char *start;
    size_t length;
    unsigned types; /* of the rules it stands for */
    unsigned ends;  /* of those, the types whose phase it may end, as any include may */
    bool include;
};

struct entries {
    struct entry *at;
    size_t count;
};

static void entries_done(struct entries *entries)
{
    free(entries->at);
}

static bool starts_with(const char *line, size_t length, const char *prefix)
{
    return length >= strlen(prefix) && memcmp(line, prefix, strlen(prefix)) == 0;
}

static size_t bare_length(const char *line, size_t length)
{
    return length > 0 && line[length - 1] == '\n' ? length - 1 : length;
}

/* Whether the line begins a block of `door` (of any door: NULL). */
static bool is_begin(const char *line, size_t length, const char *door)
{
    length = bare_length(line, length);
    if (!starts_with(line, length, BEGIN))
        return false;
    if (door == NULL)
        return true;
    const char *rest = line + strlen(BEGIN);
    length -= strlen(BEGIN);
    if (!starts_with(rest, length, door))
        return false;
    rest += strlen(door);
    length -= strlen(door);
    return length == 0 || (length == strlen(NEW_FILE) && starts_with(rest, length, NEW_FILE));
}

static bool is_end(const char *line, size_t length)
{
    return bare_length(line, length) == strlen(END) && starts_with(line, length, END);
}

static size_t physical_length(const char *text)
{
    const char *newline = strchr(text, '\n');
    return newline != NULL ? (size_t)(newline - text) + 1 : strlen(text);
}

/* Adds the lines a block keeps. Gives the length of the block with its markers. */
static int unfold_block(const char *block, struct str_builder *out, size_t *ret_length)
{
    size_t kept_from = out->length;
    const char *at = block + physical_length(block);
    for (;;) {
        size_t length = physical_length(at);
        if (length == 0 || is_begin(at, length, NULL))
            return -EINVAL;
        if (is_end(at, length))
            break;
        if (starts_with(at, length, KEEPS))
            str_append_n(out, at + strlen(KEEPS), length - strlen(KEEPS));
        at += length;
    }
    size_t end = physical_length(at);
    /* A block at the end of a file that had no last newline: give that back too. */
    if (at[end - 1] != '\n' && out->length > 0 && !out->failed) {
        bool kept = out->length > kept_from;
        if (kept || out->text[out->length - 1] == '\n')
            out->text[--out->length] = '\0';
    }
    *ret_length = (size_t)(at - block) + end;
    return 0;
}

/* Takes out the blocks of `door`; says whether one of them marked the file as new. */
static int unfold(const char *text, const char *door, struct str_builder *out, bool *ret_new)
{
    bool is_new = false;
    for (const char *at = text; *at != '\0';) {
        size_t length = physical_length(at);
        if (!is_begin(at, length, door)) {
            str_append_n(out, at, length);
            at += length;
            continue;
        }
        if (memmem(at, length, NEW_FILE, strlen(NEW_FILE)) != NULL)
            is_new = true;
        int r = unfold_block(at, out, &length);
        if (r < 0)
            return r;
        at += length;
    }
    *ret_new = is_new;
    return 0;
}

int stack_edit_remove(const char *text, const char *door, char **ret_text)
{
    CLEANUP(str_builder_done) struct str_builder out = {0};
    bool is_new = false;
    int r = unfold(text, door, &out, &is_new);
    if (r < 0)
        return r;
    AUTO_FREE char *result = str_builder_take(&out);
    if (result == NULL)
        return -ENOMEM;
    *ret_text = is_new && result[0] == '\0' ? NULL : TAKE_PTR(result);
    return 0;
}

int stack_edit_has(const char *text, const char *door)
{
    for (const char *at = text; *at != '\0';) {
        size_t length = physical_length(at);
        if (is_begin(at, length, door))
            return 1;
        at += length;
    }
    return 0;
}

int stack_edit_append(const char *text, const char *door, const char *line, char **ret_text)
{
    AUTO_FREE char *clean = NULL;
    if (text != NULL) {
        int r = stack_edit_remove(text, door, &clean);
        if (r < 0)
            return r;
    }
    bool unended = clean != NULL && clean[0] != '\0' && clean[strlen(clean) - 1] != '\n';
    struct str_builder out = {0};
    str_append(&out, clean != NULL ? clean : "");
    str_appendf(&out, "%s" BEGIN "%s%s\n%s\n" END "%s", unended ? "\n" : "", door,
        clean == NULL ? NEW_FILE : "", line, unended ? "" : "\n");
    char *result = str_builder_take(&out);
    if (result == NULL)
        return -ENOMEM;
    *ret_text = result;
    return 0;
}

/* What an included service gives: its types; all of them when it cannot be read. */
static unsigned included_types(const char *confdir, const struct stack_rule *rule)
{
    CLEANUP(stack_done) struct stack stack = {0};
    if (stack_load(confdir, rule->module, &stack) < 0)
        return rule->type;
    unsigned types = 0;
    for (size_t i = 0; i < stack.count; i++)
        types |= stack.rules[i].type;
    return types & rule->type;
}

static int read_entry(const char *confdir, const char *line, struct entry *entry)
{
    CLEANUP(stack_rule_done) struct stack_rule rule = {0};
    *entry = (struct entry){.start = line, .length = stack_line_length(line)};
    int r = stack_parse_line(line, entry->length, &rule);
    if (r <= 0)
        return r;
    entry->include = rule.include;
    entry->types = rule.include ? included_types(confdir, &rule) : rule.type;
    entry->ends = rule.include || stack_rule_may_skip(&rule) ? entry->types : 0;
    return 0;
}

static int read_entries(const char *confdir, const char *text, struct entries *ret)
{
    size_t lines = 0;
    for (const char *at = text; *at != '\0'; at += stack_line_length(at))
        lines++;
    AUTO_FREE struct entry *list = calloc(lines + 1, sizeof(*list));
    if (list == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < lines; i++) {
        int r = read_entry(confdir, text, &list[i]);
        if (r < 0)
            return r;
        text += list[i].length;
    }
    ret->at = TAKE_PTR(list);
    ret->count = lines;
    return 0;
}

static size_t after_last(const struct entries *entries, unsigned type)
{
    size_t i = entries->count;
    while (i > 0 && (entries->at[i - 1].types & type) == 0)
        i--;
    return i;
}

static size_t before_common(const struct entries *entries, unsigned type)
{
    for (size_t i = 0; i < entries->count; i++) {
        if ((entries->at[i].ends & type) != 0)
            return i;
    }
    size_t last = after_last(entries, type);
    return last > 0 ? last : entries->count;
}

/* The one include that gives `type` and nothing else, on a line of its own. */
static int only_include(const struct entries *entries, unsigned type, size_t *ret_index)
{
    size_t found = entries->count;
    for (size_t i = 0; i < entries->count; i++) {
        const struct entry *entry = &entries->at[i];
        if (!entry->include || entry->types != type)
            continue;
        if (found != entries->count || memchr(entry->start, '\\', entry->length) != NULL)
            return -ENODATA;
        found = i;
    }
    if (found == entries->count)
        return -ENODATA;
    *ret_index = found;
    return 0;
}

static int find_place(
    const struct entries *entries, const struct stack_insert *insert, size_t *ret_index)
{
    if (insert->place == STACK_IN_PLACE)
        return only_include(entries, insert->type, ret_index);
    if (insert->place == STACK_BEFORE_COMMON) {
        *ret_index = before_common(entries, insert->type);
        return 0;
    }
    size_t last = after_last(entries, insert->type);
    if (last == 0)
        return -ENODATA;
    *ret_index = last;
    return 0;
}

/* The door's lines and before which entry each of them goes. */
struct layout {
    const char *door;
    const struct stack_insert *inserts;
    size_t places[STACK_INSERT_MAX];
};

/* The block of all lines that go before entry `index`. */
static void print_block(struct str_builder *out, const struct layout *layout, size_t index)
{
    bool open = false;
    for (size_t i = 0; layout->inserts[i].line != NULL; i++) {
        if (layout->places[i] != index || layout->inserts[i].place == STACK_IN_PLACE)
            continue;
        if (!open)
            str_appendf(out, BEGIN "%s\n", layout->door);
        open = true;
        str_appendf(out, "%s\n", layout->inserts[i].line);
    }
    if (open)
        str_append(out, END "\n");
}

/* Entry `index`, or the block that stands in its place. */
static void print_entry(
    struct str_builder *out, const struct layout *layout, const struct entry *entry, size_t index)
{
    size_t bare = bare_length(entry->start, entry->length);
    for (size_t i = 0; layout->inserts[i].line != NULL; i++) {
        if (layout->places[i] != index || layout->inserts[i].place != STACK_IN_PLACE)
            continue;
        str_appendf(out, BEGIN "%s\n" KEEPS "%.*s\n%s\n" END "%s", layout->door, (int)bare,
            entry->start, layout->inserts[i].line, bare < entry->length ? "\n" : "");
        return;
    }
    str_append_n(out, entry->start, entry->length);
}

/* The block behind the last line; where that line has no newline, neither has the block. */
static void print_tail(struct str_builder *out, const struct layout *layout, size_t index)
{
    bool unended = out->length > 0 && out->text[out->length - 1] != '\n';
    struct str_builder block = {0};
    print_block(&block, layout, index);
    AUTO_FREE char *text = str_builder_take(&block);
    if (text == NULL)
        out->failed = true;
    else if (text[0] != '\0')
        str_appendf(out, "%s%.*s", unended ? "\n" : "", (int)(strlen(text) - unended), text);
}

static int lay_out(const struct entries *entries, struct layout *layout)
{
    for (size_t i = 0; layout->inserts[i].line != NULL; i++) {
        int r = find_place(entries, &layout->inserts[i], &layout->places[i]);
        if (r < 0)
            return r;
    }
    return 0;
}

static int insert_all(const char *confdir, const char *text, struct layout *layout, char **ret_text)
{
    CLEANUP(entries_done) struct entries entries = {0};
    int r = read_entries(confdir, text, &entries);
    if (r == 0)
        r = lay_out(&entries, layout);
    if (r < 0)
        return r;
    struct str_builder out = {0};
    for (size_t i = 0; i < entries.count; i++) {
        print_block(&out, layout, i);
        print_entry(&out, layout, &entries.at[i], i);
    }
    print_tail(&out, layout, entries.count);
    char *result = str_builder_take(&out);
    if (result == NULL)
        return -ENOMEM;
    *ret_text = result;
    return 0;
}

int stack_edit_add(const char *confdir, const char *text, const char *door,
    const struct stack_insert inserts[], char **ret_text)
{
    AUTO_FREE char *clean = NULL;
    int r = stack_edit_remove(text, door, &clean);
    if (r < 0)
        return r;
    struct layout layout = {.door = door, .inserts = inserts};
    return insert_all(confdir, clean != NULL ? clean : "", &layout, ret_text);
}
