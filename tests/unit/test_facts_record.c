/* Facts to JSON and back: every member, any bytes, and nothing confused with anything else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../agent/facts/facts_record.h"
#include "../../common/macro.h"
#include "../../common/rfc3339.h"
#include "../../common/str.h"

#define ROUNDS 20000

/* A fact that is added is recorded and read back too (facts_record.c, facts_read.c), or a replay
 * would decide without it. Then add it to assert_same() and draw_facts(), and change the number. */
_Static_assert(sizeof(void *) != 8 || sizeof(struct facts) == 224, "struct facts has changed");

static json_t *facts_of(const struct facts *facts)
{
    json_t *record = json_object(), *json;

    assert_int_equal(facts_record_put(record, facts), 0);
    json = json_incref(json_object_get(record, "facts"));
    json_decref(record);
    return json;
}

/* As it stands in a file: nothing that JSON itself would lose may count. */
static char *text_of(const struct facts *facts)
{
    json_t *json = facts_of(facts);
    char *text = json_dumps(json, JSON_COMPACT);

    assert_non_null(text);
    json_decref(json);
    return text;
}

static void assert_same_list(
    const char *const *a, size_t a_count, const char *const *b, size_t b_count)
{
    assert_int_equal(a_count, b_count);
    for (size_t i = 0; i < a_count; i++)
        assert_string_equal(a[i], b[i]);
}

static void assert_same_texts(const struct facts *a, const struct facts *b)
{
    const char *const left[] = {a->user, a->service, a->host, a->command, a->entitlement, a->reason,
        a->ticket, a->peer, a->control};
    const char *const right[] = {b->user, b->service, b->host, b->command, b->entitlement,
        b->reason, b->ticket, b->peer, b->control};

    for (size_t i = 0; i < ARRAY_SIZE(left); i++)
        assert_true(str_equal(left[i], right[i]));
}

static void assert_same(const struct facts *a, const struct facts *b)
{
    assert_same_texts(a, b);
    assert_int_equal(a->uid, b->uid);
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->groups_known, b->groups_known);
    assert_int_equal(a->group_count, b->group_count);
    for (size_t i = 0; i < a->group_count; i++)
        assert_int_equal(a->groups[i], b->groups[i]);
    assert_int_equal(a->run_as_known, b->run_as_known);
    assert_int_equal(a->run_as, b->run_as);
    assert_int_equal(a->rhost_known, b->rhost_known);
    assert_int_equal(a->rhost_is_none, b->rhost_is_none);
    assert_memory_equal(&a->rhost, &b->rhost, sizeof(a->rhost));
    assert_int_equal(a->tty, b->tty);
    assert_int_equal(a->command_is_none, b->command_is_none);
    assert_int_equal(a->argv == NULL, b->argv == NULL);
    assert_same_list(a->argv, a->argc, b->argv, b->argc);
    assert_int_equal(a->command_writable, b->command_writable);
    assert_int_equal(a->environment_changed, b->environment_changed);
    assert_int_equal(a->now_us, b->now_us);
    assert_same_list(a->labels, a->label_count, b->labels, b->label_count);
    assert_int_equal(a->whole, b->whole);
    assert_int_equal(a->reason_seen, b->reason_seen);
    assert_int_equal(a->ticket_state, b->ticket_state);
    assert_null(b->zones);
}

static void assert_comes_back(const struct facts *facts)
{
    CLEANUP(facts_record_done) struct facts_record record = {0};
    AUTO_FREE char *text = text_of(facts);
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

    assert_non_null(json);
    assert_int_equal(facts_record_load(&record, json), 0);
    assert_same(facts, &record.facts);
    json_decref(json);
}

/* ---- random facts ----------------------------------------------------------------------- */

static uint32_t draw(uint32_t below)
{
    static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(state >> 33) % below;
}

#define TEXT_SIZE 12
#define LIST_MAX 4

struct store {
    char texts[8 + 2 * LIST_MAX][TEXT_SIZE];
    size_t used;
    const char *argv[LIST_MAX], *labels[LIST_MAX];
    gid_t groups[LIST_MAX];
};

/* Few bytes, so that two draws are often alike: letters, what JSON and str_escape care for, and
 * halves of characters. */
static const char *draw_text(struct store *store)
{
    static const char bytes[] = "ax\\\"\n\x01\x7f\xc3\xa4\xe2\x80\xae\xff\xed '0/u";
    char *text = store->texts[store->used++];
    size_t length = draw(TEXT_SIZE);

    for (size_t i = 0; i < length; i++)
        text[i] = bytes[draw(sizeof(bytes) - 1)];
    text[length] = '\0';
    return text;
}

static const char *maybe_text(struct store *store)
{
    return draw(3) == 0 ? NULL : draw_text(store);
}

static size_t draw_list(struct store *store, const char **items)
{
    size_t count = draw(LIST_MAX + 1);

    for (size_t i = 0; i < count; i++)
        items[i] = draw_text(store);
    return count;
}

static void draw_command(struct store *store, struct facts *facts)
{
    facts->command_is_none = draw(3) == 0;
    if (facts->command_is_none)
        return;
    facts->command = maybe_text(store);
    if (draw(2) == 0)
        return;
    facts->argv = store->argv;
    facts->argc = draw_list(store, store->argv);
}

static void draw_place(struct store *store, struct facts *facts)
{
    facts->rhost_is_none = draw(3) == 0;
    facts->rhost_known = !facts->rhost_is_none && draw(2) == 0;
    if (facts->rhost_known && draw(2) == 0)
        facts->rhost.s6_addr[10] = facts->rhost.s6_addr[11] = 0xff;
    for (unsigned i = 0; facts->rhost_known && i < 3; i++)
        facts->rhost.s6_addr[13 + i] = (uint8_t)draw(256);
    facts->labels = store->labels;
    facts->label_count = draw_list(store, store->labels);
}

static void draw_numbers(struct store *store, struct facts *facts)
{
    static const uint32_t ids[] = {0, 1, 1000, UINT32_MAX - 1, UINT32_MAX};

    facts->uid = ids[draw(ARRAY_SIZE(ids))];
    facts->run_as_known = draw(2) == 0;
    facts->run_as = facts->run_as_known ? ids[draw(ARRAY_SIZE(ids))] : 0;
    facts->groups_known = draw(2) == 0;
    facts->group_count = facts->groups_known ? draw(LIST_MAX + 1) : 0;
    facts->groups = store->groups;
    for (size_t i = 0; i < facts->group_count; i++)
        store->groups[i] = ids[draw(ARRAY_SIZE(ids))];
    facts->kind = (enum subject_kind)draw(3);
    facts->tty = (enum tty_kind)draw(4);
    facts->ticket_state = (enum ticket_state)draw(3);
    facts->reason_seen = draw(2) * draw(100);
    facts->now_us = draw(2) * (UINT64_C(1795168800000000) + draw(2000000));
    facts->command_writable = draw(2) == 0;
    facts->environment_changed = draw(2) == 0;
    facts->whole = draw(2) == 0;
}

static void draw_facts(struct store *store, struct facts *facts)
{
    *store = (struct store){0};
    *facts = (struct facts){
        .user = maybe_text(store),
        .service = maybe_text(store),
        .host = maybe_text(store),
        .entitlement = maybe_text(store),
        .reason = maybe_text(store),
        .ticket = maybe_text(store),
        .control = maybe_text(store),
    };
    draw_command(store, facts);
    draw_place(store, facts);
    draw_numbers(store, facts);
    facts->peer = draw(2) == 0 ? "carol" : NULL;
}

static void test_whatever_is_put_comes_back(void **state UNUSED)
{
    struct store store;
    struct facts facts;

    for (int i = 0; i < ROUNDS; i++) {
        draw_facts(&store, &facts);
        assert_comes_back(&facts);
    }
}

/* ---- none, unknown, empty --------------------------------------------------------------- */

static void assert_differ(const struct facts *a, const struct facts *b)
{
    AUTO_FREE char *left = text_of(a), *right = text_of(b);

    assert_string_not_equal(left, right);
    assert_comes_back(a);
    assert_comes_back(b);
}

static void test_none_is_not_unknown(void **state UNUSED)
{
    static const char *const nothing[] = {NULL}, *const empty[] = {""}, *const two[] = {"a", "b"},
                             *const one[] = {"a b"};
    static const gid_t zero[] = {0};

    assert_differ(&(struct facts){.groups_known = true}, &(struct facts){0});
    assert_differ(&(struct facts){.groups_known = true, .groups = zero, .group_count = 1},
        &(struct facts){.groups_known = true});
    assert_differ(&(struct facts){.command_is_none = true}, &(struct facts){0});
    assert_differ(&(struct facts){.command_is_none = true}, &(struct facts){.command = ""});
    assert_differ(&(struct facts){.rhost_is_none = true}, &(struct facts){0});
    assert_differ(&(struct facts){.rhost_is_none = true}, &(struct facts){.rhost_known = true});
    assert_differ(&(struct facts){.tty = TTY_NONE}, &(struct facts){0});
    assert_differ(&(struct facts){.run_as_known = true}, &(struct facts){0});
    assert_differ(&(struct facts){.reason = ""}, &(struct facts){0});
    assert_differ(&(struct facts){.argv = nothing}, &(struct facts){0});
    assert_differ(&(struct facts){.argv = nothing}, &(struct facts){.argv = empty, .argc = 1});
    assert_differ(&(struct facts){.argv = two, .argc = 2}, &(struct facts){.argv = one, .argc = 1});
}

static void test_texts_that_look_escaped_are_kept_apart(void **state UNUSED)
{
    static const char *const texts[] = {"\n", "\\n", "\\x0a", "\\\\x0a", "\x0a ", "\\", "\\\\",
        "\\u000a", "\xff", "\\xff", "\xc3\xa4", "\\xc3\\xa4", "\xc3", "\"", "\\\"", "..."};

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        for (size_t j = 0; j < ARRAY_SIZE(texts); j++) {
            struct facts a = {.reason = texts[i]}, b = {.reason = texts[j]};

            if (i != j)
                assert_differ(&a, &b);
        }
    }
}

static void test_the_plain_case_is_small_and_readable(void **state UNUSED)
{
    static const char *const argv[] = {"systemctl", "restart", "postgresql"};
    static const gid_t groups[] = {1000, 27};
    struct facts facts = {
        .uid = 1000,
        .user = "alice",
        .kind = SUBJECT_HUMAN,
        .groups_known = true,
        .groups = groups,
        .group_count = 2,
        .service = "sudo",
        .host = "db1",
        .run_as_known = true,
        .rhost_is_none = true,
        .tty = TTY_PTY,
        .command = "/usr/bin/systemctl",
        .argv = argv,
        .argc = 3,
        .now_us = UINT64_C(1795168800000042),
    };
    AUTO_FREE char *text = text_of(&facts);

    assert_string_equal(text,
        "{\"uid\":1000,\"run_as\":0,\"groups\":[1000,27],\"at\":\"2026-11-20T10:00:00.000042Z\","
        "\"kind\":\"human\",\"tty\":\"pty\",\"user\":\"alice\",\"service\":\"sudo\","
        "\"host\":\"db1\",\"command\":\"/usr/bin/systemctl\","
        "\"argv\":[\"systemctl\",\"restart\",\"postgresql\"],\"rhost\":\"local\"}");
}

/* ---- what is not kept, what is not believed ---------------------------------------------- */

static void assert_left_out(const struct facts *facts, const char *why)
{
    json_t *record = json_object();

    assert_int_equal(facts_record_put(record, facts), 0);
    assert_null(json_object_get(record, "facts"));
    assert_string_equal(json_string_value(json_object_get(record, "facts_left_out")), why);
    json_decref(record);
}

static void test_what_is_too_large_is_left_out_and_says_so(void **state UNUSED)
{
    static char line[FACTS_RECORD_COMMAND_MAX + 1], reason[FACTS_RECORD_TEXTS_MAX + 1];
    static gid_t groups[FACTS_RECORD_GROUPS_MAX + 1];
    const char *argv[] = {"id", line};
    struct facts facts = {.command = "/usr/bin/id", .argv = argv, .argc = 2};

    memset(line, '\xff', FACTS_RECORD_COMMAND_MAX - sizeof("/usr/bin/id") - sizeof("id") - 1);
    assert_comes_back(&facts);
    line[strlen(line)] = 'x';
    assert_left_out(&facts, "its command line is longer than 4 KiB");
    memset(reason, 'r', sizeof(reason) - 1);
    assert_left_out(&(struct facts){.reason = reason}, "its texts are longer than 16 KiB");
    facts = (struct facts){
        .groups_known = true, .groups = groups, .group_count = FACTS_RECORD_GROUPS_MAX};
    assert_comes_back(&facts);
    facts.group_count++;
    assert_left_out(&facts, "its subject is in more than 1024 groups");
}

static void assert_load(const char *text, int result)
{
    CLEANUP(facts_record_done) struct facts_record record = {0};
    json_t *json = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

    assert_non_null(json);
    assert_int_equal(facts_record_load(&record, json), result);
    json_decref(json);
}

static void test_what_is_not_understood_is_not_guessed(void **state UNUSED)
{
    static const char *const bad[] = {
        "null",
        "[]",
        "{}",
        "{\"user\":\"alice\"}",
        "{\"uid\":-1}",
        "{\"uid\":4294967296}",
        "{\"uid\":\"1000\"}",
        "{\"uid\":1,\"mood\":\"good\"}",
        "{\"uid\":1,\"user\":7}",
        "{\"uid\":1,\"user\":null}",
        "{\"uid\":1,\"user\":\"a\\u0000b\"}",
        "{\"uid\":1,\"user\":\"a\\\\x00b\"}",
        "{\"uid\":1,\"user\":\"a\\\\n\"}",
        "{\"uid\":1,\"user\":\"a\\\\\"}",
        "{\"uid\":1,\"user\":\"a\\\\x4\"}",
        "{\"uid\":1,\"user\":\"a\\\\xAF\"}",
        "{\"uid\":1,\"kind\":\"robot\"}",
        "{\"uid\":1,\"tty\":3}",
        "{\"uid\":1,\"groups\":{}}",
        "{\"uid\":1,\"groups\":[1,null]}",
        "{\"uid\":1,\"argv\":\"id\"}",
        "{\"uid\":1,\"argv\":[1]}",
        "{\"uid\":1,\"rhost\":\"example.org\"}",
        "{\"uid\":1,\"rhost\":\"\"}",
        "{\"uid\":1,\"at\":\"yesterday\"}",
        "{\"uid\":1,\"at\":1795168800}",
        "{\"uid\":1,\"at\":\"9999-12-31T23:59:59-00:01\"}",
        "{\"uid\":1,\"writable\":false}",
        "{\"uid\":1,\"ticket_state\":\"unasked\"}",
        "{\"uid\":1,\"reason_seen\":1.5}",
    };

    assert_load("{\"uid\":1}", 0);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_load(bad[i], -EINVAL);
}

static void test_a_record_is_loaded_again_and_again(void **state UNUSED)
{
    CLEANUP(facts_record_done) struct facts_record record = {0};
    json_t *first = json_loads("{\"uid\":1,\"reason\":\"\\\\x0a\",\"whole\":true}", 0, NULL);
    json_t *second = json_loads("{\"uid\":2}", 0, NULL);

    assert_int_equal(facts_record_load(&record, first), 0);
    assert_string_equal(record.facts.reason, "\n");
    assert_int_equal(facts_record_load(&record, second), 0);
    assert_null(record.facts.reason);
    assert_false(record.facts.whole);
    assert_int_equal(record.facts.uid, 2);
    json_decref(first);
    json_decref(second);
}

static void test_times_keep_their_microseconds(void **state UNUSED)
{
    static const uint64_t times[] = {
        1, 999999, 1000000, UINT64_C(1795168800000000), UINT64_C(253402300799999999)};
    char text[RFC3339_US_SIZE];
    uint64_t back;

    for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
        rfc3339_format_us(times[i], text);
        assert_int_equal(rfc3339_parse(text, &back), 0);
        assert_int_equal(back, times[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whatever_is_put_comes_back),
        cmocka_unit_test(test_none_is_not_unknown),
        cmocka_unit_test(test_texts_that_look_escaped_are_kept_apart),
        cmocka_unit_test(test_the_plain_case_is_small_and_readable),
        cmocka_unit_test(test_what_is_too_large_is_left_out_and_says_so),
        cmocka_unit_test(test_what_is_not_understood_is_not_guessed),
        cmocka_unit_test(test_a_record_is_loaded_again_and_again),
        cmocka_unit_test(test_times_keep_their_microseconds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
