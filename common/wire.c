#include "wire.h"

#include <endian.h>
#include <string.h>

const uint8_t *wire_read_bytes(struct wire_reader *reader, size_t length)
{
    const uint8_t *data = reader->data;

    if (reader->failed || length > reader->left) {
        reader->failed = true;
        return NULL;
    }
    reader->data += length;
    reader->left -= length;
    return data;
}

uint16_t wire_read_u16(struct wire_reader *reader)
{
    const uint8_t *data = wire_read_bytes(reader, sizeof(uint16_t));
    uint16_t value = 0;

    if (data)
        memcpy(&value, data, sizeof(value));
    return le16toh(value);
}

uint32_t wire_read_u32(struct wire_reader *reader)
{
    const uint8_t *data = wire_read_bytes(reader, sizeof(uint32_t));
    uint32_t value = 0;

    if (data)
        memcpy(&value, data, sizeof(value));
    return le32toh(value);
}

uint64_t wire_read_u64(struct wire_reader *reader)
{
    const uint8_t *data = wire_read_bytes(reader, sizeof(uint64_t));
    uint64_t value = 0;

    if (data)
        memcpy(&value, data, sizeof(value));
    return le64toh(value);
}

void wire_write_bytes(struct wire_writer *writer, const void *data, size_t length)
{
    if (writer->failed || length > writer->size - writer->used) {
        writer->failed = true;
        return;
    }
    if (length > 0)
        memcpy(writer->data + writer->used, data, length);
    writer->used += length;
}

void wire_write_u16(struct wire_writer *writer, uint16_t value)
{
    value = htole16(value);
    wire_write_bytes(writer, &value, sizeof(value));
}

void wire_write_u32(struct wire_writer *writer, uint32_t value)
{
    value = htole32(value);
    wire_write_bytes(writer, &value, sizeof(value));
}

void wire_write_u64(struct wire_writer *writer, uint64_t value)
{
    value = htole64(value);
    wire_write_bytes(writer, &value, sizeof(value));
}
