/* What strict YAML refuses, where it says so, and how it is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../agent/yaml/yaml.h"

static struct yaml_document *parse(const char *text, struct yaml_errors *errors)
{
    return yaml_parse("f.yaml", text, strlen(text), errors);
}

/* All findings, one a line. */
static void print_findings(const struct yaml_errors *errors, char *buffer, size_t size)
{
    size_t used = 0;

    buffer[0] = '\0';
    for (size_t i = 0; i < errors->count && used < size; i++)
        used +=
            (size_t)snprintf(buffer + used, size - used, "%s:%u:%u: %s\n", errors->items[i].file,
                errors->items[i].line, errors->items[i].column, errors->items[i].message);
}

static void check_findings(const struct yaml_errors *errors, const char *expected)
{
    char found[4096];

    print_findings(errors, found, sizeof(found));
    assert_string_equal(found, expected);
}

static const struct {
    const char *text;
    const char *findings;
} refused[] = {
    {"a: &x 1\n", "f.yaml:1:4: anchors (&x) are not allowed here; write the value out\n"},
    {"a: &x {}\n", "f.yaml:1:4: anchors (&x) are not allowed here; write the value out\n"},
    {"a: &x [1]\nb: *x\n",
        "f.yaml:1:4: anchors (&x) are not allowed here; write the value out\n"
        "f.yaml:2:4: aliases (*x) are not allowed here; put a wildcard in quotes\n"},
    {"a: !!str b\n", "f.yaml:1:4: tags (tag:yaml.org,2002:str) are not allowed here; every value "
                     "is plain text\n"},
    {"a: !x {b: c}\n", "f.yaml:1:4: tags (!x) are not allowed here; every value is plain text\n"},
    {"<<: {a: b}\n", "f.yaml:1:1: merge keys (<<) are not allowed here; write the keys out\n"},
    {"a: 1\nb: 2\na: 3\n", "f.yaml:3:1: key 'a' stands in line 1 already\n"},
    {"x: {a: 1, 'a': 2}\n", "f.yaml:1:11: key 'a' stands in line 1 already\n"},
    {"---\na: 1\n---\nb: 1\n", "f.yaml:3:1: a second document begins here; one file holds one\n"},
    {"%YAML 1.1\n---\na: 1\n", "f.yaml:1:1: directives (%) are not allowed here\n"},
    {"%TAG ! tag:x,1:\n---\na: 1\n", "f.yaml:1:1: directives (%) are not allowed here\n"},
    {"? [a, b]\n: 1\n", "f.yaml:1:3: a key must be a single word\n"},
    {"? {a: b}\n: 1\n", "f.yaml:1:3: a key must be a single word\n"},
    {"a: \"x\\0y\"\n",
        "f.yaml:1:4: the character U+0000 cannot be seen or stand here; take it out\n"},
    {"a: \"\\u202e\"\n",
        "f.yaml:1:4: the character U+202E cannot be seen or stand here; take it out\n"},
    {"a: 1 # \xe2\x80\xae\n",
        "f.yaml:1:8: the character U+202E cannot be seen or stand here; take it out\n"},
    {"\xef\xbb\xbf"
     "a: 1\n",
        "f.yaml:1:1: the character U+FEFF cannot be seen or stand here; take it out\n"},
    {"a: b\nc: \xc3\xa9\xff\n", "f.yaml:2:5: byte 0xff is not UTF-8; save the file as UTF-8\n"},
    {"a: \xc0\xaf\n", "f.yaml:1:4: byte 0xc0 is not UTF-8; save the file as UTF-8\n"},
    {"a: \x1b[0m\n",
        "f.yaml:1:4: the character U+001B cannot be seen or stand here; take it out\n"},
    {"a: [b\n", "f.yaml:2:1: not valid YAML: did not find expected ',' or ']', "
                "while parsing a flow sequence from line 1\n"},
    {"a: b\n c: d\n",
        "f.yaml:2:3: not valid YAML: mapping values are not allowed in this context\n"},
    {"a: *.example.org\n",
        "f.yaml:1:5: not valid YAML: a value that begins with '*' is an alias; put a wildcard in "
        "quotes\n"},
    {"\ta: b\n", "f.yaml:1:1: not valid YAML: found character that cannot start any token, "
                 "while scanning for the next token from line 1\n"},
    {"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]\n", "f.yaml:1:17: nested deeper than 16 levels\n"},
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct yaml_errors errors = {0};
        struct yaml_document *document = parse(refused[i].text, &errors);

        check_findings(&errors, refused[i].findings);
        yaml_document_free(document);
        yaml_errors_done(&errors);
    }
}

/* Text is looked at eight bytes at a time: each byte at each place, in a comment and in quotes. */
static void test_each_byte_at_each_place(void **state)
{
    (void)state;
    for (unsigned byte = 1; byte < 0x80; byte++) {
        bool seen = (byte >= 0x20 && byte < 0x7f) || byte == '\n' || byte == '\r' || byte == '\t';

        for (unsigned place = 1; place < 24; place++) {
            struct yaml_errors errors = {0};
            char text[] = "#                       ", expected[128];

            text[place] = (char)byte;
            snprintf(expected, sizeof(expected),
                "f.yaml:1:%u: the character U+%04X cannot be seen or stand here; take it out\n",
                place + 1, byte);
            yaml_document_free(parse(text, &errors));
            check_findings(&errors, seen ? "" : expected);
            yaml_errors_done(&errors);
        }
    }
}

static void test_escaped_at_each_place(void **state)
{
    (void)state;
    for (int place = 0; place < 24; place++) {
        struct yaml_errors errors = {0};
        char text[64];

        snprintf(text, sizeof(text), "a: \"%.*s\\x7f%.*s\"\n", place, "                       ",
            23 - place, "                       ");
        yaml_document_free(parse(text, &errors));
        check_findings(&errors,
            "f.yaml:1:4: the character U+007F cannot be seen or stand here; take it out\n");
        yaml_errors_done(&errors);
    }
}

/* Few keys are compared in another way than many. */
static void test_duplicates_in_mappings_of_any_size(void **state)
{
    (void)state;
    for (unsigned keys = 2; keys < 40; keys++) {
        struct yaml_errors errors = {0};
        char text[40 * 16] = "", expected[128];

        for (unsigned i = 1; i < keys; i++)
            snprintf(text + strlen(text), 16, "k%u: x\n", i);
        yaml_document_free(parse(text, &errors));
        assert_int_equal(errors.count, 0);
        strcat(text, "k1: y\n");
        yaml_document_free(parse(text, &errors));
        snprintf(
            expected, sizeof(expected), "f.yaml:%u:1: key 'k1' stands in line 1 already\n", keys);
        check_findings(&errors, expected);
        yaml_errors_done(&errors);
    }
}

/* A key is the whole text: one that only begins like a known one is unknown. */
static void test_keys_are_whole(void **state)
{
    struct yaml_errors errors = {0};
    struct yaml_document *document = parse("i: 1\nid: 2\nidx: 3\n", &errors);
    struct yaml_node *root = yaml_root(document);

    (void)state;
    assert_string_equal(yaml_text(yaml_take(root, "id"), &errors), "2");
    yaml_finish(root, &errors);
    check_findings(&errors, "f.yaml:1:1: unknown key 'i', did you mean 'id'?\n"
                            "f.yaml:3:1: unknown key 'idx', did you mean 'id'?\n");
    yaml_errors_done(&errors);
    yaml_document_free(document);
}

/* Whatever keys there are, each is found and no other. */
static void test_every_key_is_found(void **state)
{
    static const char *const keys[] = {"", "a", "b", "aa", "id", "who", "what", "when", "where",
        "owner", "monitor", "decision", "duration", "disabled", "certified_until", "~"};
    struct yaml_errors errors = {0};

    (void)state;
    for (unsigned set = 0; set < 1U << ARRAY_SIZE(keys); set += 1 + set % 7) {
        char text[512] = "{";
        struct yaml_document *document;

        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
            if (set >> i & 1)
                snprintf(text + strlen(text), sizeof(text) - strlen(text), "'%s': x, ", keys[i]);
        strcat(text, "}");
        document = parse(text, &errors);
        assert_non_null(document);
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
            assert_int_equal(yaml_take(yaml_root(document), keys[i]) != NULL, set >> i & 1);
        yaml_finish(yaml_root(document), &errors);
        assert_int_equal(errors.count, 0);
        yaml_document_free(document);
    }
}

static void test_unreadable_gives_no_document(void **state)
{
    struct yaml_errors errors = {0};

    (void)state;
    assert_null(parse("a: [b", &errors));
    assert_int_equal(errors.count, 1);
    assert_null(yaml_parse("f.yaml", "x", YAML_SIZE_MAX + 1, &errors));
    assert_string_equal(errors.items[1].message, "the file is larger than 16 MiB");
    yaml_errors_done(&errors);
    assert_int_equal(errors.count, 0);
}

static void test_empty_is_a_mapping(void **state)
{
    static const char *const texts[] = {"", "\n\n", "# nothing\n", "---\n", "{}", "---\n...\n"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct yaml_errors errors = {0};
        struct yaml_document *document = parse(texts[i], &errors);

        assert_non_null(document);
        assert_int_equal(errors.count, 0);
        assert_int_equal(yaml_kind_of(yaml_root(document)), YAML_MAPPING);
        assert_int_equal(yaml_count(yaml_root(document)), 0);
        yaml_document_free(document);
    }
}

/* Nothing turns into something else by looking like it. */
static void test_scalars_are_text(void **state)
{
    static const char *const words[] = {
        "no", "08", "0x10", "1e3", "~", "null", "2026-11-20", "12:30:00", "y", "-"};
    struct yaml_errors errors = {0};
    struct yaml_document *document =
        parse("[no, 08, 0x10, 1e3, ~, null, 2026-11-20, '12:30:00', y, \"-\"]", &errors);
    struct yaml_node *root;

    (void)state;
    assert_non_null(document);
    root = yaml_root(document);
    assert_int_equal(yaml_count(root), sizeof(words) / sizeof(words[0]));
    for (size_t i = 0; i < yaml_count(root); i++)
        assert_string_equal(yaml_text(yaml_item(root, i), &errors), words[i]);
    assert_null(yaml_item(root, yaml_count(root)));
    yaml_document_free(document);
}

static void test_reading(void **state)
{
    struct yaml_errors errors = {0};
    struct yaml_document *document =
        parse("one: 1\nlist:\n  - a\n  - {b: c}\nmore: {x: y}\n", &errors);
    struct yaml_node *root = yaml_root(document), *list, *one;

    (void)state;
    one = yaml_take(root, "one");
    assert_int_equal(yaml_count(one), 1);
    assert_ptr_equal(yaml_item(one, 0), one);
    assert_null(yaml_item(one, 1));
    assert_string_equal(yaml_text(one, &errors), "1");
    list = yaml_take(root, "list");
    assert_int_equal(yaml_kind_of(list), YAML_SEQUENCE);
    assert_int_equal(yaml_line(list), 3);
    assert_int_equal(yaml_column(yaml_item(list, 1)), 5);
    assert_string_equal(yaml_file(list), "f.yaml");
    assert_null(yaml_take(root, "absent"));
    assert_null(yaml_take(list, "a"));
    assert_string_equal(yaml_text(yaml_key(root, 2), &errors), "more");
    assert_string_equal(yaml_text(yaml_item(yaml_item(root, 2), 0), &errors), "y");
    assert_null(yaml_key(root, 3));
    assert_null(yaml_key(list, 0));
    yaml_finish(root, &errors);
    yaml_finish(list, &errors);
    assert_int_equal(errors.count, 0);
    yaml_document_free(document);
}

static void test_wrong_kind(void **state)
{
    struct yaml_errors errors = {0};
    struct yaml_document *document = parse("a: [1]\nb: {}\nc: x\n", &errors);
    struct yaml_node *root = yaml_root(document);

    (void)state;
    assert_null(yaml_text(yaml_take(root, "a"), &errors));
    assert_null(yaml_text(yaml_take(root, "b"), &errors));
    assert_false(yaml_expect(yaml_take(root, "c"), YAML_MAPPING, &errors));
    assert_true(yaml_expect(yaml_take(root, "c"), YAML_SCALAR, &errors));
    check_findings(&errors, "f.yaml:1:4: expected a single value, found a list\n"
                            "f.yaml:2:4: expected a single value, found a mapping\n"
                            "f.yaml:3:4: expected a mapping, found a single value\n");
    yaml_errors_done(&errors);
    yaml_document_free(document);
}

/* An alias is complained about once, not again for what it is not. */
static void test_refused_values_are_silent(void **state)
{
    struct yaml_errors errors = {0};
    struct yaml_document *document = parse("a: *x\n", &errors);
    struct yaml_node *a = yaml_take(yaml_root(document), "a");

    (void)state;
    assert_null(yaml_text(a, &errors));
    assert_false(yaml_expect(a, YAML_MAPPING, &errors));
    assert_int_equal(errors.count, 1);
    yaml_errors_done(&errors);
    yaml_document_free(document);
}

static void test_leftovers(void **state)
{
    struct yaml_errors errors = {0};
    struct yaml_document *document =
        parse("deicsion: 1\nOWNER: 2\nzzz: 3\n\"a\\nb\": 4\nid: 5\n'': 6\n", &errors);
    struct yaml_node *root = yaml_root(document);

    (void)state;
    assert_null(yaml_take(root, "decision"));
    assert_null(yaml_take(root, "owner"));
    assert_non_null(yaml_take(root, "id"));
    yaml_finish(root, &errors);
    check_findings(&errors, "f.yaml:1:1: unknown key 'deicsion', did you mean 'decision'?\n"
                            "f.yaml:2:1: unknown key 'OWNER', did you mean 'owner'?\n"
                            "f.yaml:3:1: unknown key 'zzz'\n"
                            "f.yaml:4:1: unknown key 'a\\x0ab'\n"
                            "f.yaml:6:1: unknown key ''\n");
    yaml_errors_done(&errors);
    yaml_document_free(document);
}

/* More keys than one block of remembered keys holds, and the blocks used again. */
static void test_many_known_keys(void **state)
{
    static char keys[100][8];
    struct yaml_errors errors = {0};
    struct yaml_document *document = parse("a: {kee07: 1}\nb: {kee98: 1}\n", &errors);

    (void)state;
    for (size_t i = 0; i < 100; i++)
        snprintf(keys[i], sizeof(keys[i]), "key%02zu", i);
    for (size_t half = 0; half < 2; half++) {
        struct yaml_node *node = yaml_item(yaml_root(document), half);

        for (size_t i = 50 * half; i < 50 * half + 50; i++)
            assert_null(yaml_take(node, keys[i]));
        yaml_finish(node, &errors);
    }
    check_findings(&errors, "f.yaml:1:5: unknown key 'kee07', did you mean 'key07'?\n"
                            "f.yaml:2:5: unknown key 'kee98', did you mean 'key98'?\n");
    yaml_errors_done(&errors);
    yaml_document_free(document);
}

static void test_nearest(void **state)
{
    static const char *const words[] = {"allow", "deny", "escalate"};

    (void)state;
    assert_string_equal(yaml_nearest("alow", words, 3), "allow");
    assert_string_equal(yaml_nearest("aloww", words, 3), "allow");
    assert_string_equal(yaml_nearest("dney", words, 3), "deny");
    assert_string_equal(yaml_nearest("DENY", words, 3), "deny");
    assert_string_equal(yaml_nearest("esclatte", words, 3), "escalate");
    assert_null(yaml_nearest("permit", words, 3));
    assert_null(yaml_nearest("", words, 3));
    assert_null(yaml_nearest("allow", words, 0));
    assert_null(yaml_nearest(
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", words, 3));
}

static void test_errors_are_bounded_and_clean(void **state)
{
    struct yaml_errors errors = {0};
    char text[3000];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    yaml_errors_add(&errors, "b\n.yaml", 7, 1, "%s", text);
    yaml_errors_add(&errors, "a", 9, 9, "one\ntwo \x1b[1m");
    yaml_errors_add(&errors, "a", 9, 1, "first");
    yaml_errors_add(&errors, "a", 2, 5, "zero");
    assert_true(strlen(errors.items[0].message) < 1100);
    assert_string_equal(errors.items[0].file, "b\\x0a.yaml");
    assert_string_equal(errors.items[1].message, "one\\x0atwo \\x1b[1m");
    yaml_errors_sort(&errors);
    assert_string_equal(errors.items[0].message, "zero");
    assert_string_equal(errors.items[1].message, "first");
    assert_int_equal(errors.items[3].line, 7);
    for (unsigned i = 0; i < YAML_ERRORS_MAX + 5; i++)
        yaml_errors_add(&errors, "c", i, 1, "again");
    assert_int_equal(errors.count, YAML_ERRORS_MAX);
    assert_int_equal(errors.dropped, 9);
    yaml_errors_done(&errors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_each_byte_at_each_place),
        cmocka_unit_test(test_escaped_at_each_place),
        cmocka_unit_test(test_duplicates_in_mappings_of_any_size),
        cmocka_unit_test(test_keys_are_whole),
        cmocka_unit_test(test_every_key_is_found),
        cmocka_unit_test(test_unreadable_gives_no_document),
        cmocka_unit_test(test_empty_is_a_mapping),
        cmocka_unit_test(test_scalars_are_text),
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_wrong_kind),
        cmocka_unit_test(test_refused_values_are_silent),
        cmocka_unit_test(test_leftovers),
        cmocka_unit_test(test_many_known_keys),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_errors_are_bounded_and_clean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
