/* Where texts are cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../agent/load/chunk.h"
#include "../../agent/state/digest.h"
#include "../../common/str.h"

#define CHUNKS_MAX 1024

struct cut {
    char hashes[CHUNKS_MAX][DIGEST_HEX_SIZE];
    size_t count;
};

/* Cuts all of it, and checks what is promised of every chunk. */
static void cut_text(const char *text, struct cut *ret_cut)
{
    size_t length = strlen(text), offset = 0;

    ret_cut->count = 0;
    do {
        size_t n = chunk_length(text + offset, length - offset);

        assert_true(n <= CHUNK_MAX && offset + n <= length);
        assert_true(n >= CHUNK_MIN || offset + n == length);
        assert_true(str_is_utf8(text + offset, n));
        assert_true(ret_cut->count < CHUNKS_MAX);
        digest_bytes(text + offset, n, ret_cut->hashes[ret_cut->count++]);
        offset += n;
    } while (offset < length);
}

static size_t count_new(const struct cut *before, const struct cut *after)
{
    size_t count = 0;

    for (size_t i = 0; i < after->count; i++) {
        size_t k = 0;

        while (k < before->count && strcmp(before->hashes[k], after->hashes[i]) != 0)
            k++;
        count += k == before->count;
    }
    return count;
}

/* Rules as a large policy has them; with `skip` and `extra` numbers of lines left out or added. */
static char *make_text(unsigned lines, unsigned skip, unsigned extra)
{
    char *text = NULL;
    size_t length;
    FILE *file = open_memstream(&text, &length);

    assert_non_null(file);
    for (unsigned i = 0; i < lines; i++) {
        if (i == extra)
            fputs("  - { id: another, decision: deny, reason: \"für alle\" }\n", file);
        if (i != skip)
            fprintf(file, "  - { id: rule-%u, who: { user: u%u }, reason: \"%.*s\" }\n", i,
                i * 7919, (int)(i % 60),
                "Bereitschaft Bereitschaft Bereitschaft Bereitschaft ____");
    }
    assert_int_equal(fclose(file), 0);
    return text;
}

static void test_short_texts_are_one_chunk(void **state)
{
    (void)state;
    assert_int_equal(chunk_length("", 0), 0);
    assert_int_equal(chunk_length("x", 1), 1);
    assert_int_equal(chunk_length("\n\n\n", 3), 3);
}

static void test_a_change_leaves_the_rest_alone(void **state)
{
    char *text = make_text(20000, UINT32_MAX, UINT32_MAX);
    static struct cut before, after;

    (void)state;
    cut_text(text, &before);
    assert_true(before.count > 20);
    for (unsigned i = 0; i < 20; i++) {
        unsigned place = i * 997;
        char *less = make_text(20000, place, UINT32_MAX);
        char *more = make_text(20000, UINT32_MAX, place);

        cut_text(less, &after);
        assert_true(count_new(&before, &after) <= 4);
        cut_text(more, &after);
        assert_true(count_new(&before, &after) <= 4);
        free(less);
        free(more);
    }
    free(text);
}

/* One line, equal lines, characters of several bytes across the largest size. */
static void test_odd_texts(void **state)
{
    static const char *const units[] = {"x", "\n", "xxx\n", "\xe2\x82\xac", "a\xf0\x9f\x94\x91",
        "\xc3\xa9\xc3\xa9\xc3\xa9 and so on\n"};
    static struct cut cut;

    (void)state;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        size_t length = strlen(units[i]), count = (5 * CHUNK_MAX + 77) / length;
        char *text = malloc(length * count + 1);

        for (size_t k = 0; k < count; k++)
            memcpy(text + k * length, units[i], length + 1);
        cut_text(text, &cut);
        assert_true(cut.count >= 5);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short_texts_are_one_chunk),
        cmocka_unit_test(test_a_change_leaves_the_rest_alone),
        cmocka_unit_test(test_odd_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
