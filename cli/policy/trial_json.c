#include <string.h>

#include "errors.h"
#include "trial.h"

static json_t *lines_to_json(const char *lines)
{
    json_t *array = json_array();

    while (*lines != '\0') {
        size_t length = strcspn(lines, "\n");

        (void)json_array_append_new(array, json_stringn(lines, length));
        lines += length + (lines[length] == '\n');
    }
    return array;
}

static json_t *differences_to_json(const struct suite_result *result)
{
    json_t *array = json_array();

    for (size_t i = 0; i < result->count; i++)
        (void)json_array_append_new(
            array, json_pack("{s:s, s:s, s:s}", "what", result->differences[i].what, "expected",
                       result->differences[i].expected, "got", result->differences[i].found));
    return array;
}

static json_t *test_to_json(const struct trial *trial, size_t index)
{
    const struct suite_result *result = &trial->results[index];
    struct place_info place = suite_place(trial->suite, index);

    return json_pack("{s:s, s:s, s:i, s:b, s:o, s:o}", "name", suite_name(trial->suite, index),
        "file", place.file, "line", (int)place.line, "passed", result->count == 0, "differences",
        differences_to_json(result), "why", lines_to_json(result->why));
}

static json_t *named(const char *key, const char *name, const struct place_info *place)
{
    return json_pack("{s:s, s:s, s:i}", key, name, "file", place->file, "line", (int)place->line);
}

static json_t *cover_to_json(const struct trial *trial)
{
    struct trial_cover cover = trial_cover(trial);
    json_t *unreached = json_array();
    struct entitlement_info entitlement;
    struct rule_info rule;
    size_t index = 0;

    while (trial_next_rule(trial, &index, &rule))
        (void)json_array_append_new(unreached, named("rule", rule.id, &rule.place));
    index = 0;
    while (trial_next_entitlement(trial, &index, &entitlement))
        (void)json_array_append_new(
            unreached, named("entitlement", entitlement.name, &entitlement.place));
    return json_pack("{s:I, s:I, s:I, s:I, s:i, s:o}", "rules", (json_int_t)cover.rules,
        "rules_reached", (json_int_t)cover.rules_reached, "entitlements",
        (json_int_t)cover.entitlements, "entitlements_reached",
        (json_int_t)cover.entitlements_reached, "percent", (int)cover.percent, "unreached",
        unreached);
}

json_t *trial_to_json(const struct trial *trial)
{
    json_t *json = json_pack(
        "{s:s, s:o}", "directory", trial->directory, "errors", errors_to_json(&trial->errors));
    json_t *tests;

    if (!trial->results)
        return json;
    tests = json_array();
    for (size_t i = 0; i < trial->count; i++)
        (void)json_array_append_new(tests, test_to_json(trial, i));
    (void)json_object_set_new(json, "digest", json_string(policy_digest(trial->policy)));
    (void)json_object_set_new(
        json, "passed", json_integer((json_int_t)(trial->count - trial->failed)));
    (void)json_object_set_new(json, "failed", json_integer((json_int_t)trial->failed));
    (void)json_object_set_new(json, "tests", tests);
    if (trial->shows_cover)
        (void)json_object_set_new(json, "cover", cover_to_json(trial));
    return json;
}
