/* The gate's records: what is written is read back, and what is malformed is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../common/record.h"
#include "../../common/wire.h"

static _Alignas(8) uint8_t buffer[GATE_MESSAGE_MAX];

static const uint32_t groups[] = {0, 27, 5001, UINT32_MAX};

static struct gate_ask full_ask(void)
{
    return (struct gate_ask){
        .phase = GATE_PHASE_COMMAND,
        .flags = GATE_FLAG_WAIT | GATE_FLAG_WRITABLE,
        .deadline_ms = 3000,
        .uid = 5001,
        .user = "alice",
        .service = "sudo",
        .run_as = "root",
        .run_as_uid = 0,
        .tty = "/dev/pts/3",
        .rhost = "2001:db8::7",
        .auth_info = "publickey ssh-ed25519 AAAA\n",
        .reason = "replica is \xc3\xa4ltlich\nand stuck",
        .ticket = "INC-1",
        .peer = "carol",
        .control = "snapshot",
        .command = "/usr/bin/id",
        .argv = {"id\0\0-u\0", 7},
        .cwd = "",
        .env = {"A=1\0B=2", 8},
        .groups = groups,
        .group_count = 4,
        .tie = "t",
        .session = "c1",
        .parent = 4711,
    };
}

static void assert_asks_equal(const struct gate_ask *a, const struct gate_ask *b)
{
    assert_int_equal(a->phase, b->phase);
    assert_int_equal(a->flags, b->flags);
    assert_int_equal(a->parent, b->parent);
    assert_int_equal(a->deadline_ms, b->deadline_ms);
    assert_int_equal(a->uid, b->uid);
    assert_int_equal(a->run_as_uid, b->run_as_uid);
    assert_string_equal(a->user, b->user);
    assert_string_equal(a->service, b->service);
    assert_string_equal(a->run_as, b->run_as);
    assert_string_equal(a->tty, b->tty);
    assert_string_equal(a->rhost, b->rhost);
    assert_string_equal(a->auth_info, b->auth_info);
    assert_string_equal(a->reason, b->reason);
    assert_string_equal(a->ticket, b->ticket);
    assert_string_equal(a->peer, b->peer);
    assert_string_equal(a->control, b->control);
    assert_string_equal(a->command, b->command);
    assert_string_equal(a->cwd, b->cwd);
    assert_string_equal(a->tie, b->tie);
    assert_string_equal(a->session, b->session);
    assert_int_equal(a->argv.length, b->argv.length);
    assert_memory_equal(a->argv.data, b->argv.data, b->argv.length);
    assert_int_equal(a->env.length, b->env.length);
    assert_memory_equal(a->env.data, b->env.data, b->env.length);
    assert_int_equal(a->group_count, b->group_count);
    assert_memory_equal(a->groups, b->groups, b->group_count * sizeof(uint32_t));
}

static void an_ask_goes_round(void **state)
{
    struct gate_ask ask = full_ask(), back;
    int length = record_encode_ask(&ask, buffer, sizeof(buffer));

    (void)state;
    assert_true(length > 0);
    assert_int_equal(record_type(buffer, (size_t)length), GATE_ASK);
    assert_int_equal(record_decode_ask(buffer, (size_t)length, &back), 0);
    assert_asks_equal(&back, &ask);
    assert_int_equal((uintptr_t)back.groups % sizeof(uint32_t), 0);
}

static void nothing_known_goes_round(void **state)
{
    struct gate_ask ask, back;
    int length;

    (void)state;
    record_init_ask(&ask);
    length = record_encode_ask(&ask, buffer, sizeof(buffer));
    memset(&back, 0xff, sizeof(back));
    assert_int_equal(record_decode_ask(buffer, (size_t)length, &back), 0);
    assert_true(back.uid == GATE_UID_UNKNOWN && back.run_as_uid == GATE_UID_UNKNOWN);
    assert_null(back.user);
    assert_null(back.groups);
    assert_null(back.argv.data);
    assert_int_equal(back.group_count, 0);
    /* No group at all is knowledge; it differs from not knowing. */
    ask.groups = groups;
    length = record_encode_ask(&ask, buffer, sizeof(buffer));
    assert_int_equal(record_decode_ask(buffer, (size_t)length, &back), 0);
    assert_non_null(back.groups);
    assert_int_equal(back.group_count, 0);
}

static void an_answer_goes_round(void **state)
{
    struct gate_answer answer = {.kind = GATE_WAIT,
                           .need = GATE_NEED_REASON,
                           .left_ms = UINT64_MAX,
                           .text = "Two\nlines.",
                           .request = "K7QM-2F9X",
                           .grant = "",
                           .asked = "carol",
                           .tie = "t"},
                       back;
    int length = record_encode_answer(&answer, buffer, sizeof(buffer));

    (void)state;
    assert_int_equal(record_decode_answer(buffer, (size_t)length, &back), 0);
    assert_true(back.kind == GATE_WAIT && back.left_ms == UINT64_MAX);
    assert_int_equal(back.need, GATE_NEED_REASON);
    assert_string_equal(back.text, "Two\nlines.");
    assert_string_equal(back.request, "K7QM-2F9X");
    assert_string_equal(back.grant, "");
    assert_string_equal(back.asked, "carol");
    assert_string_equal(back.tie, "t");
    /* One type is not taken for another. */
    length = record_encode_answer(&answer, buffer, sizeof(buffer));
    assert_int_equal(record_decode_ask(buffer, (size_t)length, &(struct gate_ask){0}), -EBADMSG);
    length = record_encode_leave(buffer, sizeof(buffer));
    assert_int_equal(record_type(buffer, (size_t)length), GATE_LEAVE);
    assert_int_equal(record_decode_answer(buffer, (size_t)length, &back), -EBADMSG);
}

static void verdicts_are_far_apart(void **state)
{
    static const uint32_t kinds[] = {
        GATE_ALLOW, GATE_DENY, GATE_NEED, GATE_WAIT, GATE_READY, GATE_BUSY};

    (void)state;
    for (size_t i = 0; i < 6; i++)
        for (size_t j = 0; j < i; j++)
            assert_true(__builtin_popcount(kinds[i] ^ kinds[j]) >= 8);
}

/* `text` is the longest there may be. */
static void evidence_has_caps(char *text)
{
    static const size_t offsets[] = {offsetof(struct gate_ask, ticket),
        offsetof(struct gate_ask, peer), offsetof(struct gate_ask, control)};

    for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
        struct gate_ask ask = full_ask(), back;
        const char **at = (const char **)(void *)((char *)&ask + offsets[i]);
        int length;

        *at = text;
        length = record_encode_ask(&ask, buffer, sizeof(buffer));
        assert_true(length > 0);
        assert_int_equal(record_decode_ask(buffer, (size_t)length, &back), 0);
        assert_string_equal(*(const char **)(void *)((char *)&back + offsets[i]), text);
        text[GATE_TEXT_MAX - 1] = 'a';
        assert_int_equal(record_encode_ask(&ask, buffer, sizeof(buffer)), -EMSGSIZE);
        text[GATE_TEXT_MAX - 1] = '\0';
    }
}

static void caps_hold_when_writing(void **state)
{
    static char text[GATE_TEXT_MAX + 1], list[GATE_ARGV_MAX + 1];
    static uint32_t many[GATE_GROUPS_MAX + 1];
    struct gate_ask ask = full_ask();

    (void)state;
    memset(text, 'a', GATE_TEXT_MAX);
    ask.reason = text;
    assert_int_equal(record_encode_ask(&ask, buffer, sizeof(buffer)), -EMSGSIZE);
    text[GATE_TEXT_MAX - 1] = '\0';
    assert_true(record_encode_ask(&ask, buffer, sizeof(buffer)) > 0);
    evidence_has_caps(text);
    ask.argv = (struct gate_list){list, sizeof(list)};
    assert_int_equal(record_encode_ask(&ask, buffer, sizeof(buffer)), -EMSGSIZE);
    ask.argv = (struct gate_list){list, GATE_ARGV_MAX};
    assert_true(record_encode_ask(&ask, buffer, sizeof(buffer)) > 0);
    ask.argv = (struct gate_list){"id", 2}; /* not ended */
    assert_int_equal(record_encode_ask(&ask, buffer, sizeof(buffer)), -EINVAL);
    ask = full_ask();
    ask.groups = many;
    ask.group_count = GATE_GROUPS_MAX;
    assert_true(record_encode_ask(&ask, buffer, sizeof(buffer)) > 0);
    ask.group_count = GATE_GROUPS_MAX + 1;
    assert_int_equal(record_encode_ask(&ask, buffer, sizeof(buffer)), -EMSGSIZE);
}

static void a_buffer_too_small_is_told_at_every_size(void **state)
{
    struct gate_ask ask = full_ask();
    int length = record_encode_ask(&ask, buffer, sizeof(buffer));

    (void)state;
    for (size_t size = 0; size < (size_t)length; size++) {
        uint8_t *exact = malloc(size + 1);

        assert_int_equal(record_encode_ask(&ask, exact, size), -EMSGSIZE);
        free(exact);
    }
}

static void every_shorter_message_is_refused_or_whole(void **state)
{
    struct gate_ask ask = full_ask(), back;
    int length = record_encode_ask(&ask, buffer, sizeof(buffer));
    size_t accepted = 0;

    (void)state;
    for (size_t size = 0; size < (size_t)length; size++) {
        /* Its own allocation, so that a read past the end is seen. */
        uint8_t *exact = malloc(size + 1), *data = exact;

        memcpy(exact, buffer, size);
        if (record_decode_ask(data, size, &back) == 0)
            accepted++;
        free(exact);
    }
    /* Only where a field ends: after the header and after each of the 23 fields but the last. */
    assert_int_equal(accepted, 23);
}

/* A message by hand. */
static size_t start(struct wire_writer *writer, uint16_t version, uint16_t type)
{
    *writer = (struct wire_writer){.data = buffer, .size = sizeof(buffer)};
    wire_write_u32(writer, 0x544e5341);
    wire_write_u16(writer, version);
    wire_write_u16(writer, type);
    return writer->used;
}

static void add(struct wire_writer *writer, uint16_t tag, const void *data, uint32_t length)
{
    wire_write_u16(writer, tag);
    wire_write_u32(writer, length);
    wire_write_bytes(writer, data, length);
}

static int decode_ask(const struct wire_writer *writer)
{
    struct gate_ask ask;

    return record_decode_ask(buffer, writer->used, &ask);
}

static void hostile_fields_are_refused(void **state)
{
    static char long_text[GATE_TEXT_MAX + 8];
    struct wire_writer writer;
    uint64_t number = 1;

    (void)state;
    memset(long_text, 'a', sizeof(long_text));
    start(&writer, 2, GATE_ASK);
    assert_int_equal(record_type(buffer, writer.used), -EPROTONOSUPPORT);
    assert_int_equal(decode_ask(&writer), -EBADMSG);
    start(&writer, 1, GATE_ASK); /* twice the same */
    add(&writer, 1, &number, 8);
    add(&writer, 1, &number, 8);
    assert_int_equal(decode_ask(&writer), -EBADMSG);
    start(&writer, 1, GATE_ASK); /* a short number */
    add(&writer, 1, &number, 7);
    assert_int_equal(decode_ask(&writer), -EBADMSG);
    start(&writer, 1, GATE_ASK); /* a NUL in a text */
    add(&writer, 5, "ali\0ce", 6);
    assert_int_equal(decode_ask(&writer), -EBADMSG);
    start(&writer, 1, GATE_ASK); /* a text over its cap */
    add(&writer, 5, long_text, GATE_TEXT_MAX);
    assert_int_equal(decode_ask(&writer), -EBADMSG);
    for (uint16_t tag = 22; tag <= 23; tag++) { /* peer and control are texts like others */
        start(&writer, 1, GATE_ASK);
        add(&writer, tag, long_text, GATE_TEXT_MAX);
        assert_int_equal(decode_ask(&writer), -EBADMSG);
        start(&writer, 1, GATE_ASK);
        add(&writer, tag, "car\0ol", 6);
        assert_int_equal(decode_ask(&writer), -EBADMSG);
        start(&writer, 1, GATE_ASK);
        add(&writer, tag, "a", 1);
        add(&writer, tag, "b", 1);
        assert_int_equal(decode_ask(&writer), -EBADMSG);
    }
    start(&writer, 1, GATE_ASK); /* a list without its end */
    add(&writer, 15, "id", 2);
    assert_int_equal(decode_ask(&writer), -EBADMSG);
    start(&writer, 1, GATE_ASK); /* half an id */
    add(&writer, 18, &number, 6);
    assert_int_equal(decode_ask(&writer), -EBADMSG);
    start(&writer, 1, GATE_ASK); /* a length past the end, up to all ones */
    wire_write_u16(&writer, 5);
    wire_write_u32(&writer, UINT32_MAX);
    assert_int_equal(decode_ask(&writer), -EBADMSG);
    assert_int_equal(record_type(buffer, GATE_MESSAGE_MAX + 1), -EBADMSG);
}

static void unknown_fields_are_skipped_in_an_ask_alone(void **state)
{
    struct wire_writer writer;
    struct gate_ask ask;
    struct gate_answer answer;

    (void)state;
    start(&writer, 1, GATE_ASK);
    add(&writer, 999, "future", 6);
    add(&writer, 5, "alice", 5);
    assert_int_equal(record_decode_ask(buffer, writer.used, &ask), 0);
    assert_string_equal(ask.user, "alice");
    start(&writer, 1, GATE_ANSWER);
    add(&writer, 999, "future", 6);
    assert_int_equal(record_decode_answer(buffer, writer.used, &answer), -EBADMSG);
}

static void outputs_are_set_only_on_success(void **state)
{
    struct wire_writer writer;
    struct gate_ask ask = {.uid = 77};

    (void)state;
    start(&writer, 1, GATE_ASK);
    add(&writer, 4, &(uint64_t){5}, 8);
    add(&writer, 5, "a\0b", 3);
    assert_int_equal(record_decode_ask(buffer, writer.used, &ask), -EBADMSG);
    assert_int_equal(ask.uid, 77);
}

static void lists_are_walked(void **state)
{
    const struct gate_list list = {"a\0\0b", 5}, none = {NULL, 0}, empty = {"", 0};
    const char *item = record_list_next(&list, NULL);

    (void)state;
    assert_string_equal(item, "a");
    item = record_list_next(&list, item);
    assert_string_equal(item, "");
    item = record_list_next(&list, item);
    assert_string_equal(item, "b");
    assert_null(record_list_next(&list, item));
    assert_null(record_list_next(&none, NULL));
    assert_null(record_list_next(&empty, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ask_goes_round),
        cmocka_unit_test(nothing_known_goes_round),
        cmocka_unit_test(an_answer_goes_round),
        cmocka_unit_test(verdicts_are_far_apart),
        cmocka_unit_test(caps_hold_when_writing),
        cmocka_unit_test(a_buffer_too_small_is_told_at_every_size),
        cmocka_unit_test(every_shorter_message_is_refused_or_whole),
        cmocka_unit_test(hostile_fields_are_refused),
        cmocka_unit_test(unknown_fields_are_skipped_in_an_ask_alone),
        cmocka_unit_test(outputs_are_set_only_on_success),
        cmocka_unit_test(lists_are_walked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
