#include "read.h"

#include <string.h>

#include "../../common/clock.h"
#include "../../common/parse.h"
#include "../../common/str.h"

#define SENTENCE_MAX 500

bool read_grow(struct reading *reading, void *array, uint32_t *size, size_t count, size_t item)
{
    uint32_t bigger_size = *size ? *size * 2 : 16;
    void *old, *bigger;

    if (count < *size)
        return true;
    memcpy(&old, array, sizeof(old));
    bigger = bigger_size < UINT32_MAX / 4 ? reallocarray(old, bigger_size, item) : NULL;
    if (!bigger) {
        reading->out_of_memory = true;
        return false;
    }
    memcpy(array, &bigger, sizeof(bigger));
    *size = bigger_size;
    return true;
}

uint32_t read_user(struct reading *reading, const struct yaml_node *node, const char *name)
{
    struct policy *policy = reading->policy;
    uint32_t before = policy->user_names.count, number;

    if (!read_grow(reading, &policy->users, &reading->users_size, before, sizeof(*policy->users)))
        return NAMES_NONE;
    number = names_add(&policy->user_names, &policy->name_texts, name, node);
    if (number == NAMES_NONE)
        reading->out_of_memory = true;
    else if (number == before)
        policy->users[number] = (struct user){.person = PERSON_NONE, .identity = IDENTITY_NONE};
    return number;
}

uint32_t read_group(struct reading *reading, const struct yaml_node *node, const char *name)
{
    struct policy *policy = reading->policy;
    uint32_t before = policy->group_names.count, number;

    if (!read_grow(
            reading, &policy->groups, &reading->groups_size, before, sizeof(*policy->groups)))
        return NAMES_NONE;
    number = names_add(&policy->group_names, &policy->name_texts, name, node);
    if (number == NAMES_NONE)
        reading->out_of_memory = true;
    else if (number == before)
        policy->groups[number] = (struct group){0};
    return number;
}

bool read_is_list(struct reading *reading, const struct yaml_node *node)
{
    if (yaml_kind_of(node) == YAML_MAPPING)
        return yaml_expect(node, YAML_SEQUENCE, reading->errors);
    if (yaml_count(node) > 0)
        return true;
    yaml_error(
        reading->errors, node, "an empty list matches nothing; leave the key out or fill it");
    return false;
}

bool read_is_id(const char *text)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    static const char later[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";

    return strspn(text, first) > 0 && text[strspn(text, later)] == '\0' &&
           strlen(text) <= READ_ID_MAX;
}

const char *read_name(struct reading *reading, const struct yaml_node *node, const char *what)
{
    const char *name = yaml_text(node, reading->errors);

    if (!name || str_is_name(name))
        return name;
    if (name[0] == '\0')
        yaml_error(reading->errors, node, "the name of a %s is missing", what);
    else
        yaml_error(reading->errors, node, "'%s' is not the name of a %s", name, what);
    return NULL;
}

void read_names(struct reading *reading, const struct yaml_node *node, read_adder *add,
    struct numbers *ret_numbers)
{
    size_t count = yaml_count(node), used = 0;
    uint32_t *items;

    if (!read_is_list(reading, node))
        return;
    items = arena_alloc(&reading->policy->arena, count * sizeof(*items));
    if (!items) {
        reading->out_of_memory = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct yaml_node *item = yaml_item(node, i);
        const char *name = read_name(reading, item, add == read_user ? "user" : "group");

        if (name)
            items[used++] = add(reading, item, name);
    }
    *ret_numbers = (struct numbers){items, used};
}

const char *read_sentence(struct reading *reading, const struct yaml_node *node)
{
    const char *text = yaml_text(node, reading->errors);
    char *sentence;
    size_t used = 0;

    if (!text)
        return NULL;
    if (strlen(text) > SENTENCE_MAX || text[strspn(text, " \t\r\n")] == '\0') {
        yaml_error(reading->errors, node, "a text for people has 1 to %d bytes", SENTENCE_MAX);
        return NULL;
    }
    sentence = arena_alloc(&reading->policy->arena, strlen(text) + 1);
    if (!sentence) {
        reading->out_of_memory = true;
        return NULL;
    }
    for (const char *p = text; *p != '\0'; p++) {
        bool blank = strchr(" \t\r\n", *p) != NULL;

        if (!blank)
            sentence[used++] = *p;
        else if (used > 0 && sentence[used - 1] != ' ')
            sentence[used++] = ' ';
    }
    while (used > 0 && sentence[used - 1] == ' ')
        used--;
    sentence[used] = '\0';
    return sentence;
}

int read_choice(struct reading *reading, const struct yaml_node *node, struct words words)
{
    return yaml_choice(node, words.items, words.count, reading->errors);
}

unsigned read_choices(struct reading *reading, const struct yaml_node *node, struct words words)
{
    unsigned chosen = 0;

    if (!read_is_list(reading, node))
        return 0;
    for (size_t i = 0; i < yaml_count(node); i++) {
        int choice = read_choice(reading, yaml_item(node, i), words);

        if (choice >= 0)
            chosen |= 1U << choice;
    }
    return chosen;
}

bool read_bool(struct reading *reading, const struct yaml_node *node)
{
    const char *text = yaml_text(node, reading->errors);
    bool value = false;

    if (text && parse_bool(text, &value) < 0)
        yaml_error(reading->errors, node, "'%s' is neither yes nor no", text);
    return value;
}

unsigned read_number(struct reading *reading, const struct yaml_node *node, unsigned max)
{
    const char *text = yaml_text(node, reading->errors);
    uint64_t value = 0;

    if (!text)
        return 0;
    if (parse_u64(text, max, &value) == 0 && value >= 1)
        return (unsigned)value;
    yaml_error(reading->errors, node, "'%s' is not a number from 1 to %u", text, max);
    return 0;
}

uint64_t read_duration(struct reading *reading, const struct yaml_node *node)
{
    const char *text = yaml_text(node, reading->errors);
    uint64_t us = 0;

    if (!text)
        return 0;
    if (parse_duration(text, &us) < 0)
        yaml_error(reading->errors, node, "'%s' is not a duration such as 90s, 15m or 1h30m", text);
    else if (us < USEC_PER_SEC || us > DURATION_MAX_US)
        yaml_error(reading->errors, node, "a duration lies between 1s and 7d, '%s' does not", text);
    else
        return us;
    return 0;
}

struct text_list read_texts(struct reading *reading, const struct yaml_node *node, read_item *read)
{
    size_t count = yaml_count(node), used = 0;
    const char **items;

    if (!read_is_list(reading, node))
        return (struct text_list){0};
    items = arena_alloc(&reading->policy->arena, count * sizeof(*items));
    reading->out_of_memory |= !items;
    for (size_t i = 0; items && i < count; i++) {
        items[used] = read(reading, yaml_item(node, i));
        used += items[used] != NULL;
    }
    return (struct text_list){items, used};
}

struct place read_place(struct reading *reading, const struct yaml_node *node)
{
    struct policy *policy = reading->policy;
    uint32_t file = names_add(&policy->files, &policy->arena, yaml_file(node), node);

    reading->out_of_memory |= file == NAMES_NONE;
    return (struct place){file, yaml_line(node), yaml_column(node)};
}

/* One word after another is a lint that is known: lint.c checks that. */
static bool is_lint_name(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "abcdefghijklmnopqrstuvwxyz-")] == '\0';
}

void read_accepts(struct reading *reading, struct yaml_node *node, const struct accept **accepts)
{
    struct arena *arena = &reading->policy->arena;

    if (!yaml_expect(node, YAML_MAPPING, reading->errors))
        return;
    for (size_t i = 0; i < yaml_count(node); i++) {
        const struct yaml_node *key = yaml_key(node, i);
        const char *lint = yaml_text(key, reading->errors);
        const char *reason = read_sentence(reading, yaml_item(node, i));
        struct accept *accept;

        if (lint && !is_lint_name(lint))
            yaml_error(reading->errors, key, "'%s' is not the name of a finding", lint);
        if (!lint || !reason || !is_lint_name(lint))
            continue;
        accept = arena_alloc(arena, sizeof(*accept));
        if (accept)
            *accept = (struct accept){
                .lint = arena_text(arena, lint, strlen(lint)),
                .reason = reason,
                .next = *accepts,
                .place = read_place(reading, key),
            };
        reading->out_of_memory |= !accept || !accept->lint;
        if (accept)
            *accepts = accept;
    }
}
