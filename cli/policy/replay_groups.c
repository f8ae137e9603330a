#include "replay_groups.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/str.h"
#include "../base/field.h"

static int compare_keys(const void *left, const void *right)
{
    const struct replay_group *a = left, *b = right;

    if (a->key_length != b->key_length)
        return a->key_length < b->key_length ? -1 : 1;
    return memcmp(a->key, b->key, a->key_length);
}

/* Each part with its NUL; absence is not the same as an empty text. */
static void add_text(struct str_builder *key, const char *text)
{
    str_append_n(key, text ? "+" : "-", 1);
    str_append_n(key, text ? text : "", text ? strlen(text) + 1 : 1);
}

static void add_number(struct str_builder *key, uint64_t number)
{
    str_append_n(key, (const char *)&number, sizeof(number));
}

static void add_answer(struct str_builder *key, const struct replay_answer *answer)
{
    add_number(key, answer->decision);
    add_number(key, answer->missing);
    add_number(key, answer->lapse);
    add_text(key, answer->rule);
}

/* What makes two decisions alike. */
static int make_key(const struct facts *facts, struct replay_group *group)
{
    struct str_builder key = {0};

    add_number(&key, group->change);
    add_answer(&key, &group->was);
    add_answer(&key, &group->would);
    add_number(&key, facts->uid);
    add_number(&key, facts->run_as_known ? facts->run_as : UINT64_MAX);
    add_text(&key, facts->user);
    add_text(&key, facts->service);
    add_text(&key, facts->entitlement);
    add_text(&key, facts->command);
    for (size_t i = 1; facts->argv && i < facts->argc; i++)
        add_text(&key, facts->argv[i]);
    group->key_length = key.length;
    group->key = str_builder_take(&key);
    return group->key ? 0 : -ENOMEM;
}

static void group_free(struct replay_group *group)
{
    free((char *)group->was.rule);
    free((char *)group->would.rule);
    free(group->subject);
    free(group->service);
    free(group->run_as);
    free(group->entitlement);
    free(group->key);
    json_decref(group->command);
    free(group);
}

static char *copy(const char *text)
{
    return text ? strdup(text) : NULL;
}

/* The words as they were recorded: escaped. */
static json_t *command_of(const json_t *facts)
{
    const char *path = field_text(facts, "command");
    const json_t *argv = field_array(facts, "argv");
    json_t *command = path ? json_array() : NULL;

    if (path)
        (void)json_array_append(command, json_object_get(facts, "command"));
    for (size_t i = 1; path && i < json_array_size(argv); i++)
        (void)json_array_append(command, json_array_get(argv, i));
    return command;
}

static void fill_in(struct replay_group *group, const json_t *decision)
{
    const json_t *facts = field_object(decision, "facts");

    group->was.rule = copy(group->was.rule);
    group->would.rule = copy(group->would.rule);
    group->subject = copy(field_text(facts, "user"));
    group->service = copy(field_text(facts, "service"));
    group->run_as = copy(field_text(decision, "run_as"));
    group->entitlement = copy(field_text(facts, "entitlement"));
    group->uid = (uint32_t)field_int(facts, "uid", 0);
    group->command = command_of(facts);
    group->first_us = UINT64_MAX;
}

static int keep(struct replay *replay, struct replay_group *group)
{
    if (replay->group_count == replay->group_size) {
        size_t size = replay->group_size ? replay->group_size * 2 : 64;
        struct replay_group **groups = reallocarray(replay->groups, size, sizeof(*groups));

        if (!groups)
            return -ENOMEM;
        replay->groups = groups;
        replay->group_size = size;
    }
    if (!tsearch(group, &replay->tree, compare_keys))
        return -ENOMEM;
    replay->groups[replay->group_count++] = group;
    return 0;
}

/* A copy of `sample`, which keeps its key. */
static int add_group(struct replay *replay, struct replay_group *sample, const json_t *decision,
    struct replay_group **ret_group)
{
    struct replay_group *group = malloc(sizeof(*group));
    int r;

    if (!group) {
        free(sample->key);
        return -ENOMEM;
    }
    *group = *sample;
    fill_in(group, decision);
    r = keep(replay, group);
    if (r < 0) {
        group_free(group);
        return r;
    }
    *ret_group = group;
    return 0;
}

int replay_groups_add(struct replay *replay, const json_t *decision, enum replay_change change,
    const struct replay_answer answers[2])
{
    struct replay_group sample = {.change = change, .was = answers[0], .would = answers[1]};
    uint64_t now_us = replay->record.facts.now_us;
    struct replay_group *group;
    void **found;
    int r = make_key(&replay->record.facts, &sample);

    if (r < 0)
        return r;
    found = tfind(&sample, &replay->tree, compare_keys);
    if (found) {
        group = *found;
        free(sample.key);
    } else {
        r = add_group(replay, &sample, decision, &group);
        if (r < 0)
            return r;
    }
    group->count++;
    if (now_us < group->first_us)
        group->first_us = now_us;
    if (now_us >= group->last_us) {
        group->last_us = now_us;
        group->seq = field_int(decision, "seq", 0);
    }
    return 0;
}

/* Of equal number the newest first. */
static int compare_weight(const void *left, const void *right)
{
    const struct replay_group *a = *(struct replay_group *const *)left;
    const struct replay_group *b = *(struct replay_group *const *)right;

    if (a->change != b->change)
        return a->change < b->change ? -1 : 1;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return (a->seq < b->seq) - (a->seq > b->seq);
}

void replay_groups_sort(struct replay *replay)
{
    if (replay->group_count > 0)
        qsort(replay->groups, replay->group_count, sizeof(*replay->groups), compare_weight);
}

static void leave(void *group)
{
    (void)group; /* freed by way of the list */
}

void replay_groups_done(struct replay *replay)
{
    tdestroy(replay->tree, leave);
    for (size_t i = 0; i < replay->group_count; i++)
        group_free(replay->groups[i]);
    free(replay->groups);
}
