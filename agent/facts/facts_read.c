/* From JSON. */
#include <errno.h>
#include <string.h>

#include "../../common/rfc3339.h"
#include "../../common/str.h"
#include "address.h"
#include "facts_members.h"
#include "facts_record.h"

/* Borrowed from the JSON where nothing in it was escaped. */
static int load_text(struct arena *arena, const json_t *value, const char **ret_text)
{
    const char *text = json_string_value(value);
    size_t length = json_string_length(value);
    char *copy;

    if (!text || strlen(text) != length)
        return -EINVAL;
    if (!strchr(text, '\\')) {
        *ret_text = text;
        return 0;
    }
    copy = arena_alloc(arena, length + 1);
    if (!copy)
        return -ENOMEM;
    *ret_text = copy;
    return str_unescape(text, length, copy);
}

static int load_list(
    struct arena *arena, const json_t *value, const char *const **ret_items, size_t *ret_count)
{
    size_t count = json_array_size(value);
    const char **items;
    int r = 0;

    if (!json_is_array(value))
        return -EINVAL;
    items = arena_alloc(arena, count * sizeof(*items));
    if (!items)
        return -ENOMEM;
    for (size_t i = 0; i < count && r == 0; i++)
        r = load_text(arena, json_array_get(value, i), &items[i]);
    *ret_items = items;
    *ret_count = count;
    return r;
}

static int load_number(const json_t *value, uint32_t *ret_number)
{
    json_int_t number = json_integer_value(value);

    if (!json_is_integer(value) || number < 0 || number > UINT32_MAX)
        return -EINVAL;
    *ret_number = (uint32_t)number;
    return 0;
}

static int load_groups(struct facts_record *record, const json_t *value)
{
    size_t count = json_array_size(value);
    gid_t *groups;
    int r = 0;

    if (!json_is_array(value))
        return -EINVAL;
    groups = arena_alloc(&record->arena, count * sizeof(*groups));
    if (!groups)
        return -ENOMEM;
    for (size_t i = 0; i < count && r == 0; i++)
        r = load_number(json_array_get(value, i), &groups[i]);
    record->facts.groups_known = true;
    record->facts.groups = groups;
    record->facts.group_count = count;
    return r;
}

static int load_address(struct facts *facts, const char *text)
{
    facts->rhost_is_none = strcmp(text, FACTS_LOCAL) == 0;
    facts->rhost_known = !facts->rhost_is_none;
    return facts->rhost_is_none || address_parse(text, &facts->rhost) ? 0 : -EINVAL;
}

static int find_word(
    const char *const *words, size_t count, const json_t *value, unsigned *ret_value)
{
    const char *text = json_string_value(value);

    for (unsigned i = 1; text && i < count; i++) {
        if (strcmp(words[i], text) == 0) {
            *ret_value = i;
            return 0;
        }
    }
    return -EINVAL;
}

/* Whole members by name: each returns 0 or -errno. */
typedef int load_fn(struct facts_record *record, const json_t *value);

static int load_uid(struct facts_record *record, const json_t *value)
{
    return load_number(value, &record->facts.uid);
}

static int load_run_as(struct facts_record *record, const json_t *value)
{
    record->facts.run_as_known = true;
    return load_number(value, &record->facts.run_as);
}

static int load_reason_seen(struct facts_record *record, const json_t *value)
{
    return load_number(value, &record->facts.reason_seen);
}

static int load_at(struct facts_record *record, const json_t *value)
{
    const char *text = json_string_value(value);

    return text ? rfc3339_parse(text, &record->facts.now_us) : -EINVAL;
}

static int load_rhost(struct facts_record *record, const json_t *value)
{
    const char *text = json_string_value(value);

    return text ? load_address(&record->facts, text) : -EINVAL;
}

static int load_kind(struct facts_record *record, const json_t *value)
{
    unsigned kind = 0;
    int r = find_word(facts_kinds, FACTS_KINDS, value, &kind);

    record->facts.kind = (enum subject_kind)kind;
    return r;
}

static int load_tty(struct facts_record *record, const json_t *value)
{
    unsigned tty = 0;
    int r = find_word(facts_ttys, FACTS_TTYS, value, &tty);

    record->facts.tty = (enum tty_kind)tty;
    return r;
}

static int load_ticket_state(struct facts_record *record, const json_t *value)
{
    unsigned state = 0;
    int r = find_word(facts_ticket_states, FACTS_TICKET_STATES, value, &state);

    record->facts.ticket_state = (enum ticket_state)state;
    return r;
}

static int load_command(struct facts_record *record, const json_t *value)
{
    record->facts.command_is_none = json_is_null(value);
    return json_is_null(value) ? 0 : load_text(&record->arena, value, &record->facts.command);
}

static int load_argv(struct facts_record *record, const json_t *value)
{
    return load_list(&record->arena, value, &record->facts.argv, &record->facts.argc);
}

static int load_labels(struct facts_record *record, const json_t *value)
{
    return load_list(&record->arena, value, &record->facts.labels, &record->facts.label_count);
}

static const struct {
    const char *key;
    load_fn *load;
} members[] = {
    {"uid", load_uid},
    {"at", load_at},
    {"kind", load_kind},
    {"groups", load_groups},
    {"run_as", load_run_as},
    {"rhost", load_rhost},
    {"tty", load_tty},
    {"command", load_command},
    {"argv", load_argv},
    {"labels", load_labels},
    {"reason_seen", load_reason_seen},
    {"ticket_state", load_ticket_state},
};

/* Each finds how many of its members there are, in `left` as long as some are not found. */
static int load_members(struct facts_record *record, const json_t *json, size_t *left)
{
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(members) && *left > 0 && r == 0; i++) {
        const json_t *value = json_object_get(json, members[i].key);

        if (value) {
            (*left)--;
            r = members[i].load(record, value);
        }
    }
    return r;
}

static int load_texts(struct facts_record *record, const json_t *json, size_t *left)
{
    char *facts = (char *)&record->facts;
    int r = 0;

    for (size_t i = 0; i<FACTS_TEXTS && * left> 0 && r == 0; i++) {
        const json_t *value = json_object_get(json, facts_texts[i].key);

        if (value) {
            (*left)--;
            r = load_text(
                &record->arena, value, (const char **)(void *)(facts + facts_texts[i].offset));
        }
    }
    for (size_t i = 0; i<FACTS_FLAGS && * left> 0 && r == 0; i++) {
        const json_t *value = json_object_get(json, facts_flags[i].key);

        if (value) {
            (*left)--;
            *(bool *)(facts + facts_flags[i].offset) = true;
            r = json_is_true(value) ? 0 : -EINVAL;
        }
    }
    return r;
}

int facts_record_load(struct facts_record *record, const json_t *json)
{
    size_t left = json_object_size(json);
    int r;

    facts_record_done(record);
    if (!json_object_get(json, "uid")) /* nobody's facts, or no object */
        return -EINVAL;
    r = load_texts(record, json, &left);
    if (r == 0)
        r = load_members(record, json, &left);
    return r == 0 && left > 0 ? -EINVAL : r;
}

void facts_record_done(struct facts_record *record)
{
    arena_done(&record->arena);
    *record = (struct facts_record){0};
}
