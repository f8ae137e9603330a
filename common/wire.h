/* Bounds-checked reading and writing of flat records. Integers are little-endian, lengths
 * unsigned and compared by subtraction. The first failure sticks: read on, check once. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire_reader {
    const uint8_t *data; /* borrowed; values read point into it */
    size_t left;
    bool failed;
};

struct wire_writer {
    uint8_t *data; /* borrowed, `size` bytes */
    size_t used;
    size_t size;
    bool failed; /* it did not fit */
};

uint16_t wire_read_u16(struct wire_reader *reader);
uint32_t wire_read_u32(struct wire_reader *reader);
uint64_t wire_read_u64(struct wire_reader *reader);

/* `length` bytes inside the record, NULL when there are not so many. */
const uint8_t *wire_read_bytes(struct wire_reader *reader, size_t length);

void wire_write_u16(struct wire_writer *writer, uint16_t value);
void wire_write_u32(struct wire_writer *writer, uint32_t value);
void wire_write_u64(struct wire_writer *writer, uint64_t value);
void wire_write_bytes(struct wire_writer *writer, const void *data, size_t length);
