#include "record.h"

#include <errno.h>
#include <string.h>

#include "wire.h"

#define MAGIC UINT32_C(0x544e5341)
#define VERSION 1
#define HEADER_SIZE 8

enum kind {
    KIND_NUMBER,
    KIND_TEXT,
    KIND_LIST,
    KIND_IDS,
};

/* One row per field: its tag on the wire, what it is, where it lives, how long it may be.
 * Tags are never reused. */
struct field {
    uint16_t tag;
    enum kind kind;
    size_t offset;
    size_t offset_count; /* KIND_IDS: where the number of ids goes */
    size_t max;
};

#define ASK_NUMBER(tag, member)                                   \
    {                                                             \
        tag, KIND_NUMBER, offsetof(struct gate_ask, member), 0, 8 \
    }
#define ASK_TEXT(tag, member)                                               \
    {                                                                       \
        tag, KIND_TEXT, offsetof(struct gate_ask, member), 0, GATE_TEXT_MAX \
    }
#define ASK_LIST(tag, member, max)                                \
    {                                                             \
        tag, KIND_LIST, offsetof(struct gate_ask, member), 0, max \
    }

static const struct field ask_fields[] = {
    ASK_NUMBER(1, phase),
    ASK_NUMBER(2, flags),
    ASK_NUMBER(3, deadline_ms),
    ASK_NUMBER(4, uid),
    ASK_TEXT(5, user),
    ASK_TEXT(6, service),
    ASK_TEXT(7, run_as),
    ASK_NUMBER(8, run_as_uid),
    ASK_TEXT(9, tty),
    ASK_TEXT(10, rhost),
    ASK_TEXT(12, reason),
    ASK_TEXT(13, ticket),
    ASK_TEXT(14, command),
    ASK_LIST(15, argv, GATE_ARGV_MAX),
    ASK_TEXT(16, cwd),
    ASK_LIST(17, env, GATE_ENV_MAX),
    {18, KIND_IDS, offsetof(struct gate_ask, groups), offsetof(struct gate_ask, group_count),
        GATE_GROUPS_MAX * sizeof(uint32_t)},
    ASK_TEXT(19, tie),
    ASK_TEXT(20, session),
    ASK_NUMBER(21, parent),
    ASK_TEXT(22, peer),
    ASK_TEXT(23, control),
    {11, KIND_TEXT, offsetof(struct gate_ask, auth_info), 0, (size_t)16 * 1024},
};

#define ANSWER_NUMBER(tag, member)                                   \
    {                                                                \
        tag, KIND_NUMBER, offsetof(struct gate_answer, member), 0, 8 \
    }
#define ANSWER_TEXT(tag, member)                                               \
    {                                                                          \
        tag, KIND_TEXT, offsetof(struct gate_answer, member), 0, GATE_TEXT_MAX \
    }

static const struct field answer_fields[] = {
    ANSWER_NUMBER(1, kind),
    ANSWER_NUMBER(2, need),
    ANSWER_NUMBER(3, left_ms),
    ANSWER_TEXT(4, text),
    ANSWER_TEXT(5, request),
    ANSWER_TEXT(6, grant),
    ANSWER_TEXT(7, asked),
    ANSWER_TEXT(8, tie),
};

/* Which table a message type has, what an unknown number looks like, and whether an
 * unknown tag may be skipped. */
struct layout {
    const struct field *fields;
    size_t count;
    bool skip_unknown;
};

static const struct layout ask_layout = {ask_fields, ARRAY_SIZE(ask_fields), true};
static const struct layout answer_layout = {answer_fields, ARRAY_SIZE(answer_fields), false};

void record_init_ask(struct gate_ask *ask)
{
    *ask = (struct gate_ask){.uid = GATE_UID_UNKNOWN, .run_as_uid = GATE_UID_UNKNOWN};
}

static bool list_is_well_formed(const struct gate_list *list)
{
    return list->length == 0 || list->data[list->length - 1] == '\0';
}

const char *record_list_next(const struct gate_list *list, const char *previous)
{
    const char *next = previous ? previous + strlen(previous) + 1 : list->data;

    if (!list->data || next >= list->data + list->length)
        return NULL;
    return next;
}

static void write_header(struct wire_writer *writer, enum gate_type type)
{
    wire_write_u32(writer, MAGIC);
    wire_write_u16(writer, VERSION);
    wire_write_u16(writer, (uint16_t)type);
}

static void write_field(struct wire_writer *writer, uint16_t tag, const void *data, size_t length)
{
    wire_write_u16(writer, tag);
    wire_write_u32(writer, (uint32_t)length);
    wire_write_bytes(writer, data, length);
}

static void write_number(struct wire_writer *writer, uint16_t tag, uint64_t value)
{
    wire_write_u16(writer, tag);
    wire_write_u32(writer, sizeof(value));
    wire_write_u64(writer, value);
}

/* Group ids travel as u32 each, in the byte order of the wire. */
static int write_ids(struct wire_writer *writer, const struct field *field, const char *base)
{
    const uint32_t *ids = *(const uint32_t *const *)(const void *)(base + field->offset);
    size_t count = *(const size_t *)(const void *)(base + field->offset_count);

    if (!ids)
        return 0;
    if (count > field->max / sizeof(uint32_t))
        return -EMSGSIZE;
    wire_write_u16(writer, field->tag);
    wire_write_u32(writer, (uint32_t)(count * sizeof(uint32_t)));
    for (size_t i = 0; i < count; i++)
        wire_write_u32(writer, ids[i]);
    return 0;
}

static int write_value(struct wire_writer *writer, const struct field *field, const char *base)
{
    const char *at = base + field->offset;

    if (field->kind == KIND_NUMBER) {
        write_number(writer, field->tag, *(const uint64_t *)(const void *)at);
    } else if (field->kind == KIND_TEXT) {
        const char *text = *(const char *const *)(const void *)at;
        size_t length = text ? strlen(text) : 0;

        if (length >= field->max)
            return -EMSGSIZE;
        if (text)
            write_field(writer, field->tag, text, length);
    } else if (field->kind == KIND_LIST) {
        const struct gate_list *list = (const struct gate_list *)(const void *)at;

        if (list->length > field->max)
            return -EMSGSIZE;
        if (list->data && !list_is_well_formed(list))
            return -EINVAL;
        if (list->data)
            write_field(writer, field->tag, list->data, list->length);
    } else {
        return write_ids(writer, field, base);
    }
    return 0;
}

static int encode(
    enum gate_type type, const struct layout *layout, const void *base, struct wire_writer *writer)
{
    write_header(writer, type);
    for (size_t i = 0; layout && i < layout->count; i++) {
        int r = write_value(writer, &layout->fields[i], base);

        if (r < 0)
            return r;
    }
    return writer->failed ? -EMSGSIZE : (int)writer->used;
}

int record_encode_ask(const struct gate_ask *ask, uint8_t *buffer, size_t size)
{
    struct wire_writer writer = {.data = buffer, .size = size};

    return encode(GATE_ASK, &ask_layout, ask, &writer);
}

int record_encode_answer(const struct gate_answer *answer, uint8_t *buffer, size_t size)
{
    struct wire_writer writer = {.data = buffer, .size = size};

    return encode(GATE_ANSWER, &answer_layout, answer, &writer);
}

int record_encode_leave(uint8_t *buffer, size_t size)
{
    struct wire_writer writer = {.data = buffer, .size = size};

    return encode(GATE_LEAVE, NULL, NULL, &writer);
}

int record_type(const uint8_t *data, size_t length)
{
    struct wire_reader reader = {.data = data, .left = length};
    uint32_t magic = wire_read_u32(&reader);
    uint16_t version = wire_read_u16(&reader), type = wire_read_u16(&reader);

    if (reader.failed || magic != MAGIC || length > GATE_MESSAGE_MAX)
        return -EBADMSG;
    if (version != VERSION)
        return -EPROTONOSUPPORT;
    return type;
}

static const struct field *find_field(const struct layout *layout, uint16_t tag, size_t *ret_index)
{
    for (size_t i = 0; i < layout->count; i++) {
        if (layout->fields[i].tag == tag) {
            *ret_index = i;
            return &layout->fields[i];
        }
    }
    return NULL;
}

/* A text in place: the bytes move one down over the length that has been read, so that
 * a NUL fits behind them without copying the message. */
static int take_text(uint8_t *bytes, size_t length, char **ret_text)
{
    char *text = (char *)bytes - 1;

    if (memchr(bytes, '\0', length))
        return -EBADMSG;
    memmove(text, bytes, length);
    text[length] = '\0';
    *ret_text = text;
    return 0;
}

static int take_ids(uint8_t *bytes, size_t length, const struct field *field, char *base)
{
    /* Down over tag and length, to an aligned place: the ids are then read as uint32_t. */
    uint8_t *aligned = (uint8_t *)((uintptr_t)(bytes - 3) & ~(uintptr_t)3);
    struct wire_reader reader = {.data = aligned, .left = length};
    size_t count = length / sizeof(uint32_t);
    uint32_t *ids = (uint32_t *)(void *)aligned;

    if (length % sizeof(uint32_t) != 0)
        return -EBADMSG;
    memmove(aligned, bytes, length);
    for (size_t i = 0; i < count; i++)
        ids[i] = wire_read_u32(&reader);
    *(const uint32_t **)(void *)(base + field->offset) = ids;
    *(size_t *)(void *)(base + field->offset_count) = count;
    return 0;
}

static int take_value(uint8_t *bytes, size_t length, const struct field *field, char *base)
{
    void *at = base + field->offset;

    if (length > field->max || (field->kind == KIND_TEXT && length == field->max))
        return -EBADMSG;
    if (field->kind == KIND_NUMBER) {
        struct wire_reader reader = {.data = bytes, .left = length};

        *(uint64_t *)at = wire_read_u64(&reader);
        return length == sizeof(uint64_t) ? 0 : -EBADMSG;
    }
    if (field->kind == KIND_TEXT)
        return take_text(bytes, length, at);
    if (field->kind == KIND_IDS)
        return take_ids(bytes, length, field, base);
    *(struct gate_list *)at = (struct gate_list){(const char *)bytes, length};
    return list_is_well_formed(at) ? 0 : -EBADMSG;
}

static int decode(uint8_t *data, size_t length, const struct layout *layout, char *base)
{
    struct wire_reader reader = {.data = data + HEADER_SIZE, .left = length - HEADER_SIZE};
    uint64_t seen = 0;

    while (reader.left > 0) {
        uint16_t tag = wire_read_u16(&reader);
        uint32_t size = wire_read_u32(&reader);
        const uint8_t *bytes = wire_read_bytes(&reader, size);
        const struct field *field;
        size_t index = 0;
        int r;

        if (!bytes)
            return -EBADMSG;
        field = find_field(layout, tag, &index);
        if (!field && layout->skip_unknown)
            continue;
        if (!field || (seen & UINT64_C(1) << index) != 0)
            return -EBADMSG;
        seen |= UINT64_C(1) << index;
        r = take_value(data + (bytes - data), size, field, base);
        if (r < 0)
            return r;
    }
    return 0;
}

int record_decode_ask(uint8_t *data, size_t length, struct gate_ask *ret_ask)
{
    struct gate_ask ask;
    int r;

    if (record_type(data, length) != GATE_ASK)
        return -EBADMSG;
    record_init_ask(&ask);
    r = decode(data, length, &ask_layout, (char *)&ask);
    if (r == 0)
        *ret_ask = ask;
    return r;
}

int record_decode_answer(uint8_t *data, size_t length, struct gate_answer *ret_answer)
{
    struct gate_answer answer = {0};
    int r;

    if (record_type(data, length) != GATE_ANSWER)
        return -EBADMSG;
    r = decode(data, length, &answer_layout, (char *)&answer);
    if (r == 0)
        *ret_answer = answer;
    return r;
}
