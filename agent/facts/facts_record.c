/* To JSON. */
#include "facts_record.h"

#include <errno.h>
#include <string.h>

#include "../../common/rfc3339.h"
#include "../../common/str.h"
#include "address.h"
#include "facts_members.h"

static const char *text_at(const struct facts *facts, size_t i)
{
    return *(const char *const *)(const void *)((const char *)facts + facts_texts[i].offset);
}

static size_t length_of(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

/* Why the facts are not kept; NULL: they are. */
static const char *too_large(const struct facts *facts)
{
    size_t command = length_of(facts->command), others = 0;

    for (size_t i = 0; facts->argv && i < facts->argc; i++)
        command += length_of(facts->argv[i]);
    for (size_t i = 0; i < facts->label_count; i++)
        others += length_of(facts->labels[i]);
    for (size_t i = 0; i < FACTS_TEXTS; i++)
        others += length_of(text_at(facts, i));
    if (command > FACTS_RECORD_COMMAND_MAX)
        return "its command line is longer than 4 KiB";
    if (others > FACTS_RECORD_TEXTS_MAX)
        return "its texts are longer than 16 KiB";
    if (facts->groups_known && facts->group_count > FACTS_RECORD_GROUPS_MAX)
        return "its subject is in more than 1024 groups";
    return NULL;
}

/* NULL on OOM, which makes whoever adds it fail. */
static json_t *escaped(const char *text)
{
    AUTO_FREE char *line = str_escape_new(text);

    return line ? json_string(line) : NULL;
}

static json_t *list_of(const char *const *items, size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++) {
        if (json_array_append_new(array, escaped(items[i])) < 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static json_t *numbers_of(const gid_t *items, size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++) {
        if (json_array_append_new(array, json_integer(items[i])) < 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static json_t *address_of(const struct in6_addr *address)
{
    char text[INET6_ADDRSTRLEN];

    address_print(address, text);
    return json_string(text);
}

static json_t *time_of(uint64_t now_us)
{
    char text[RFC3339_US_SIZE];

    rfc3339_format_us(now_us, text);
    return json_string(text);
}

static int put_texts(json_t *json, const struct facts *facts)
{
    int r = 0;

    for (size_t i = 0; i < FACTS_TEXTS && r == 0; i++)
        if (text_at(facts, i))
            r = json_object_set_new(json, facts_texts[i].key, escaped(text_at(facts, i)));
    for (size_t i = 0; i < FACTS_FLAGS && r == 0; i++)
        if (*(const bool *)((const char *)facts + facts_flags[i].offset))
            r = json_object_set_new(json, facts_flags[i].key, json_true());
    return r;
}

/* The word for a value, nothing for 0. */
static int put_word(
    json_t *json, const char *key, const char *const *words, size_t count, unsigned value)
{
    return value > 0 && value < count ? json_object_set_new(json, key, json_string(words[value]))
                                      : 0;
}

static int put_words(json_t *json, const struct facts *facts)
{
    int r = put_word(json, "kind", facts_kinds, FACTS_KINDS, facts->kind);

    if (r == 0)
        r = put_word(json, "tty", facts_ttys, FACTS_TTYS, facts->tty);
    if (r == 0)
        r = put_word(
            json, "ticket_state", facts_ticket_states, FACTS_TICKET_STATES, facts->ticket_state);
    return r;
}

/* null: there is no command. */
static int put_command(json_t *json, const struct facts *facts)
{
    int r = 0;

    if (facts->command_is_none)
        r = json_object_set_new(json, "command", json_null());
    else if (facts->command)
        r = json_object_set_new(json, "command", escaped(facts->command));
    if (r == 0 && facts->argv)
        r = json_object_set_new(json, "argv", list_of(facts->argv, facts->argc));
    return r;
}

static int put_numbers(json_t *json, const struct facts *facts)
{
    int r = json_object_set_new(json, "uid", json_integer(facts->uid));

    if (r == 0 && facts->run_as_known)
        r = json_object_set_new(json, "run_as", json_integer(facts->run_as));
    if (r == 0 && facts->groups_known)
        r = json_object_set_new(json, "groups", numbers_of(facts->groups, facts->group_count));
    if (r == 0 && facts->reason_seen > 0)
        r = json_object_set_new(json, "reason_seen", json_integer(facts->reason_seen));
    if (r == 0 && facts->now_us > 0)
        r = json_object_set_new(json, "at", time_of(facts->now_us));
    return r;
}

static int put_place(json_t *json, const struct facts *facts)
{
    int r = 0;

    if (facts->rhost_is_none)
        r = json_object_set_new(json, "rhost", json_string(FACTS_LOCAL));
    else if (facts->rhost_known)
        r = json_object_set_new(json, "rhost", address_of(&facts->rhost));
    if (r == 0 && facts->label_count > 0)
        r = json_object_set_new(json, "labels", list_of(facts->labels, facts->label_count));
    return r;
}

int facts_record_put(json_t *record, const struct facts *facts)
{
    const char *why = too_large(facts);
    json_t *json;
    int r;

    if (why)
        return json_object_set_new(record, "facts_left_out", json_string(why)) < 0 ? -ENOMEM : 0;
    json = json_object();
    r = put_numbers(json, facts);
    if (r == 0)
        r = put_words(json, facts);
    if (r == 0)
        r = put_texts(json, facts);
    if (r == 0)
        r = put_command(json, facts);
    if (r == 0)
        r = put_place(json, facts);
    if (r == 0)
        r = json_object_set(record, "facts", json);
    json_decref(json);
    return r < 0 ? -ENOMEM : 0;
}
