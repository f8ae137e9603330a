/* The small matchers of the policy, each against something simpler or older than itself. */
#include <arpa/inet.h>
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "../../agent/policy/command.h"
#include "../../agent/policy/digest.h"
#include "../../agent/policy/glob.h"
#include "../../agent/policy/index_keys.h"
#include "../../agent/policy/names.h"
#include "../../agent/policy/network.h"
#include "../../agent/policy/window.h"
#include "../../agent/yaml/yaml.h"

static uint64_t seed = UINT64_C(0x2545f4914f6cdd1d);

static unsigned draw(unsigned below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 33) % below;
}

/* Pieces of patterns, in normal form, in letters that often meet those of the texts. */
static void draw_pattern(char *pattern, unsigned pieces)
{
    static const char *const parts[] = {"a", "b", "/", ".", "*", "*", "?", "[ab]", "[!a]", "[a-c]",
        "\\*", "\\?", "\\\\", "\\[", "[\\]a]", "[\\-a]", "A"};

    pattern[0] = '\0';
    for (unsigned i = 0; i < pieces; i++)
        strcat(pattern, parts[draw(ARRAY_SIZE(parts))]);
}

static void draw_text(char *text, unsigned length)
{
    static const char letters[] = "aaabbc/..*?\\[]-A";

    for (unsigned i = 0; i < length; i++)
        text[i] = letters[draw(sizeof(letters) - 1)];
    text[length] = '\0';
}

static bool is_guarded(const char *text, const char *at)
{
    return *at == '/' || (*at == '.' && (at == text || at[-1] == '/'));
}

/* The end of the piece at `p`: a bracket, an escaped byte, or one byte. */
static const char *piece_end(const char *p)
{
    if (*p == '\\')
        return p + 2;
    if (*p != '[')
        return p + 1;
    for (p++; *p != ']'; p++)
        p += *p == '\\';
    return p + 1;
}

/* What GLOB_PATH means, in the plainest words: every way to match is tried. fnmatch(3) itself
 * takes a dot behind "*?" for a leading one (glibc 2.36), which POSIX does not say. */
static bool matches_path(const char *p, const char *text, const char *at)
{
    char piece[16] = "", byte[2] = {*at, '\0'};

    if (*p == '\0')
        return *at == '\0';
    if (*p == '*') {
        if (*at == '.' && is_guarded(text, at))
            return false;
        return matches_path(p + 1, text, at) ||
               (*at != '\0' && *at != '/' && matches_path(p, text, at + 1));
    }
    if (*at == '\0' || ((*p == '?' || *p == '[') && is_guarded(text, at)))
        return false;
    memcpy(piece, p, (size_t)(piece_end(p) - p));
    return fnmatch(piece, byte, 0) == 0 && matches_path(piece_end(p), text, at + 1);
}

static void check_glob(const char *pattern, const char *text)
{
    bool plain = fnmatch(pattern, text, 0) == 0;
    bool path = matches_path(pattern, text, text);
    bool fold = fnmatch(pattern, text, FNM_CASEFOLD) == 0;

    if (glob_match(pattern, text, 0) != plain || glob_match(pattern, text, GLOB_PATH) != path ||
        glob_match(pattern, text, GLOB_FOLD) != fold)
        fail_msg("'%s' and '%s': expected %d %d %d", pattern, text, plain, path, fold);
    if (!strchr(text, '.') && path != (fnmatch(pattern, text, FNM_PATHNAME | FNM_PERIOD) == 0))
        fail_msg("'%s' and '%s': fnmatch does not say %d", pattern, text, path);
}

static void test_glob_is_fnmatch(void **state)
{
    unsigned matched = 0;
    char pattern[64], text[16];

    (void)state;
    for (unsigned i = 0; i < 400000; i++) {
        draw_pattern(pattern, draw(7));
        draw_text(text, draw(8));
        check_glob(pattern, text);
        matched += glob_match(pattern, text, 0);
    }
    assert_true(matched > 10000);
}

static void test_glob_bytes(void **state)
{
    (void)state;
    assert_true(glob_match("?", "\xff", 0));
    assert_true(glob_match("[!a]", "\xff", 0));
    assert_false(glob_match("?", "\xc3\xa9", 0));
    assert_true(glob_match("*\xa9", "\xc3\xa9", 0));
    assert_true(glob_match("", "", 0));
    assert_false(glob_match("", "a", 0));
    assert_true(glob_match("***", "", GLOB_PATH));
}

/* A pattern and a text that take fnmatch(3) exponential time. */
static void test_glob_is_fast(void **state)
{
    struct timespec before, after;
    char text[4001], pattern[201];

    (void)state;
    memset(text, 'a', 4000);
    text[4000] = '\0';
    for (size_t i = 0; i < 198; i += 2)
        memcpy(pattern + i, "*a", 2);
    memcpy(pattern + 198, "*b", 3);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
    assert_false(glob_match(pattern, text, 0));
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
    assert_true(after.tv_sec - before.tv_sec <= 1);
}

static void test_glob_words(void **state)
{
    char text[32];

    (void)state;
    assert_true(glob_is_wild("a*"));
    assert_true(glob_is_wild("[a]"));
    assert_true(glob_is_wild("?"));
    assert_false(glob_is_wild("a\\*\\?\\["));
    glob_unescape("a\\*\\\\b", text);
    assert_string_equal(text, "a*\\b");
}

static const struct {
    const char *text;
    const char *words[5]; /* normal form */
} split[] = {
    {"a b", {"a", "b"}},
    {"  a\t b  ", {"a", "b"}},
    {"\"a b\"c", {"a bc"}},
    {"a\\ b", {"a b"}},
    {"\"\"", {""}},
    {"a \"\" \"\"", {"a", "", ""}},
    {"\"*\" \\* *", {"\\*", "\\*", "*"}},
    {"\"a\\\"b\" \\\\", {"a\"b", "\\\\"}},
    {"[abc] [^a] [!a]", {"[abc]", "[!a]", "[!a]"}},
    {"[]a] [a-] [-a] [!]a] [a-z0-9]", {"[\\]a]", "[a\\-]", "[\\-a]", "[!\\]a]", "[a-z0-9]"}},
    {"[*] [\\]] [\"]", {"[\\*]", "[\\]]", "[\"]"}},
    {"a-b !c ]", {"a\\-b", "\\!c", "\\]"}},
};

static void test_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(split); i++) {
        struct arena arena = {0};
        struct text_list words = {0};
        size_t count = 0;

        while (count < 5 && split[i].words[count])
            count++;
        assert_null(pattern_split(split[i].text, &arena, &words));
        assert_int_equal(words.count, count);
        for (size_t j = 0; j < count; j++)
            assert_string_equal(words.items[j], split[i].words[j]);
        arena_done(&arena);
    }
}

static void test_split_limit(void **state)
{
    struct arena arena = {0};
    struct text_list words = {0};
    char text[2 * PATTERN_WORDS_MAX + 3] = "";

    (void)state;
    for (int i = 0; i < PATTERN_WORDS_MAX; i++)
        strcat(text, "a ");
    assert_null(pattern_split(text, &arena, &words));
    assert_int_equal(words.count, PATTERN_WORDS_MAX);
    strcat(text, "a");
    assert_non_null(pattern_split(text, &arena, &words));
    arena_done(&arena);
}

/* The longest normal form there is, over the size of texts that are split without memory. */
static void test_split_long(void **state)
{
    struct arena arena = {0};
    struct text_list words = {0};
    char text[600], word[1200];

    (void)state;
    for (size_t length = 250; length < 260; length++) {
        memset(text, '-', length);
        text[length / 2] = ' ';
        text[length] = '\0';
        for (size_t i = 0; i < length; i++)
            memcpy(word + 2 * i, "\\-", 3);
        assert_null(pattern_split(text, &arena, &words));
        assert_int_equal(words.count, 2);
        assert_int_equal(strlen(words.items[0]), length / 2 * 2);
        assert_int_equal(strlen(words.items[1]), 2 * (length - length / 2 - 1));
        assert_memory_equal(words.items[0], word, strlen(words.items[0]));
        assert_memory_equal(words.items[1], word, strlen(words.items[1]));
    }
    arena_done(&arena);
}

static void test_one_word(void **state)
{
    struct arena arena = {0};
    const char *word = NULL;

    (void)state;
    assert_null(pattern_word("db-[0-9]*", &arena, &word));
    assert_string_equal(word, "db\\-[0-9]*");
    assert_string_equal(pattern_word("", &arena, &word), "it is empty");
    assert_string_equal(pattern_word("a b", &arena, &word), "it has more than one word");
    assert_string_equal(pattern_word("[a", &arena, &word), "a bracket '[' is not closed");
    assert_string_equal(word, "db\\-[0-9]*");
    arena_done(&arena);
}

/* Literal text quoted in any way is matched by itself and by nothing else. */
static void test_quoting_is_injective(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 50000; i++) {
        struct arena arena = {0};
        struct text_list words = {0};
        char text[8], other[8], quoted[40] = "\"";
        unsigned length = draw(7);
        size_t used = 1;

        draw_text(text, length);
        draw_text(other, draw(7));
        for (unsigned j = 0; j < length; j++) {
            if (text[j] == '\\' || text[j] == '"' || draw(2) == 0)
                quoted[used++] = '\\';
            quoted[used++] = text[j];
        }
        strcpy(quoted + used, "\"");
        assert_null(pattern_split(quoted, &arena, &words));
        assert_int_equal(words.count, 1);
        assert_false(glob_is_wild(words.items[0]));
        assert_true(glob_match(words.items[0], text, 0));
        assert_int_equal(glob_match(words.items[0], other, 0), strcmp(text, other) == 0);
        arena_done(&arena);
    }
}

static struct in6_addr mapped(uint32_t address)
{
    struct in6_addr result = {.s6_addr = {[10] = 0xff, [11] = 0xff}};
    uint32_t bytes = htonl(address);

    memcpy(&result.s6_addr[12], &bytes, sizeof(bytes));
    return result;
}

/* Every prefix length, at both edges of the network and just outside. */
static void check_joined(const char *text)
{
    struct text_list words = {0}, again = {0};
    struct arena arena = {0};
    AUTO_FREE char *line = NULL;

    assert_null(pattern_split(text, &arena, &words));
    line = pattern_join(&words);
    assert_non_null(line);
    if (pattern_split(line, &arena, &again))
        fail_msg("%s -> %s", text, line);
    assert_int_equal(again.count, words.count);
    for (size_t i = 0; i < words.count; i++)
        assert_string_equal(again.items[i], words.items[i]);
    arena_done(&arena);
}

/* What is shown of a pattern reads as it could have been written. */
static void test_join(void **state)
{
    static const char *const as_written[] = {"/usr/bin/systemctl restart postgresql*",
        "/usr/bin/id *", "/bin/x -l [!a-c]* [\\]-]? \"\"", "/bin/x a\\ b \\* \\\" !-]"};
    struct text_list words = {0};
    struct arena arena = {0};
    char text[16];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(as_written); i++) {
        AUTO_FREE char *line = NULL;

        assert_null(pattern_split(as_written[i], &arena, &words));
        line = pattern_join(&words);
        check_joined(as_written[i]);
        if (i != 2)
            assert_string_equal(line, as_written[i]);
    }
    arena_done(&arena);
    for (unsigned i = 0; i < 20000; i++) {
        struct text_list drawn = {0};

        draw_text(text, draw(sizeof(text)));
        if (!pattern_split(text, &arena, &drawn))
            check_joined(text);
        arena_done(&arena);
    }
}

static void test_networks(void **state)
{
    (void)state;
    for (unsigned prefix = 0; prefix <= 32; prefix++) {
        uint32_t mask = prefix == 0 ? 0 : UINT32_MAX << (32 - prefix);
        uint32_t base = UINT32_C(0xac10aa55) & mask;
        struct in_addr v4 = {.s_addr = htonl(base)};
        struct in6_addr first = mapped(base), last = mapped(base | ~mask);
        struct in6_addr below = mapped(base - 1), above = mapped((base | ~mask) + 1);
        struct network network;
        char text[32];

        snprintf(text, sizeof(text), "%s/%u", inet_ntoa(v4), prefix);
        assert_null(network_parse(text, &network));
        assert_true(network_contains(&network, &first));
        assert_true(network_contains(&network, &last));
        assert_int_equal(network_contains(&network, &below), prefix == 0);
        assert_int_equal(network_contains(&network, &above), prefix == 0);
    }
}

static void test_window_by_minute(void **state)
{
    struct window window = {.set = true, .days = 1 << 4, .from = 22 * 60, .to = 6 * 60};
    unsigned minutes = 0;

    (void)state;
    for (int day = 0; day < 7; day++) {
        for (int minute = 0; minute < WINDOW_MINUTES; minute++) {
            struct zone_time now = {.known = true, .weekday = day, .minute = minute};
            bool friday_night = (day == 4 && minute >= 22 * 60) || (day == 5 && minute < 6 * 60);
            struct facts facts = {.zones = &now};

            assert_int_equal(window_match(&window, &facts), friday_night ? TRUTH_YES : TRUTH_NO);
            minutes += friday_night;
        }
    }
    assert_int_equal(minutes, 8 * 60);
}

static void test_window_unknown(void **state)
{
    struct window window = {.set = true, .days = WINDOW_ALL_DAYS, .to = WINDOW_MINUTES};
    struct zone_time wrong = {.known = true, .weekday = 7}, unknown = {0};

    (void)state;
    assert_int_equal(window_match(&window, &(struct facts){0}), TRUTH_UNKNOWN);
    assert_int_equal(window_match(&window, &(struct facts){.zones = &unknown}), TRUTH_UNKNOWN);
    assert_int_equal(window_match(&window, &(struct facts){.zones = &wrong}), TRUTH_UNKNOWN);
    window.set = false;
    assert_int_equal(window_match(&window, &(struct facts){0}), TRUTH_YES);
}

static void test_names(void **state)
{
    struct arena arena = {0};
    struct names names = {0};
    char text[16];

    (void)state;
    assert_int_equal(names_find(&names, "n0"), NAMES_NONE);
    for (uint32_t i = 0; i < 5000; i++) {
        snprintf(text, sizeof(text), "n%u", i);
        assert_int_equal(names_add(&names, &arena, text, NULL), i);
        assert_int_equal(names_add(&names, &arena, text, NULL), i);
    }
    assert_int_equal(names_find(&names, "n4999"), 4999);
    assert_int_equal(names_find(&names, "n5000"), NAMES_NONE);
    assert_null(names_nearest(&names, "n500x"));
    names_seal(&names);
    assert_string_equal(names.texts[17], "n17");
    names_done(&names);
    arena_done(&arena);
}

#define SERVICES 400000

struct hashed {
    uint32_t hash;
    unsigned number;
};

static int compare_hashes(const void *left, const void *right)
{
    const struct hashed *a = left, *b = right;

    return (a->hash > b->hash) - (a->hash < b->hash);
}

/* Names as different as hexadecimal digits allow. */
static void name_service(unsigned number, char ret_name[16])
{
    uint64_t mixed = (number + UINT64_C(1)) * UINT64_C(0x9e3779b97f4a7c15);

    snprintf(ret_name, 16, "%08llx", (unsigned long long)((mixed ^ mixed >> 32) & UINT32_MAX));
}

static struct hashed *hash_services(bool denies)
{
    struct hashed *hashes = calloc(SERVICES, sizeof(*hashes));
    char name[16];

    assert_non_null(hashes);
    for (unsigned i = 0; i < SERVICES; i++) {
        name_service(i, name);
        hashes[i] = (struct hashed){index_hash_text(name, INDEX_SERVICE, denies), i};
    }
    qsort(hashes, SERVICES, sizeof(*hashes), compare_hashes);
    return hashes;
}

/* Two services of one hash, one as an allow rule's, one as a deny rule's. */
static void find_shared_hash(unsigned *ret_allow, unsigned *ret_deny)
{
    AUTO_FREE struct hashed *allows = hash_services(false);
    AUTO_FREE struct hashed *denies = hash_services(true);

    for (unsigned i = 0, j = 0; i < SERVICES && j < SERVICES;) {
        if (allows[i].hash == denies[j].hash && allows[i].number != denies[j].number) {
            *ret_allow = allows[i].number;
            *ret_deny = denies[j].number;
            return;
        }
        if (allows[i].hash <= denies[j].hash)
            i++;
        else
            j++;
    }
    fail_msg("no two services share a hash");
}

/* An allow rule in the list that a deny is looked for in is not taken for a deny, and hides none.
 */
static void test_shared_hash(void **state)
{
    unsigned allow = 0, deny = 0;
    char text[512], service[16], other[16];
    struct policy_file file = {.name = "p.yaml", .text = text};
    struct yaml_errors errors = {0};
    struct facts facts = {.now_us = 1, .uid = 1, .service = service};
    struct verdict verdict;
    struct policy *policy;

    (void)state;
    find_shared_hash(&allow, &deny);
    name_service(deny, service);
    name_service(allow, other);
    snprintf(text, sizeof(text),
        "people: {o: {}}\nrules:\n"
        "- {id: a, owner: o, certified_until: 2099-12-31, decision: allow, what: {service: ['%s', "
        "'%s']}}\n"
        "- {id: d, decision: deny, where: {tty: console}}\n",
        other, service);
    file.length = strlen(text);
    policy = policy_compile(&file, 1, &errors);
    assert_non_null(policy);
    policy_resolve_user(policy, 0, true, 7);
    policy_ready(policy);
    policy_decide(policy, &facts, &verdict);
    assert_string_equal(verdict.rule, "d");
    facts.tty = TTY_PTY;
    policy_decide(policy, &facts, &verdict);
    assert_string_equal(verdict.rule, "a");
    assert_false(policy_denies(policy, &facts, &verdict));
    policy_free(policy);
}

/* However it is fed, the same bytes give the same digest. */
static void test_digest_of_pieces(void **state)
{
    static unsigned char bytes[20000];
    static const size_t sizes[] = {1, 7, 8, 4095, 4096, 4097, 9000, sizeof(bytes)};
    char whole[POLICY_DIGEST_SIZE], pieces[POLICY_DIGEST_SIZE];
    struct digest digest;

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)draw(256);
    digest_start(&digest);
    digest_add(&digest, bytes, sizeof(bytes));
    assert_int_equal(digest_finish(&digest, whole), 0);
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        digest_start(&digest);
        for (size_t at = 0; at < sizeof(bytes); at += sizes[i])
            digest_add(
                &digest, bytes + at, sizeof(bytes) - at < sizes[i] ? sizeof(bytes) - at : sizes[i]);
        assert_int_equal(digest_finish(&digest, pieces), 0);
        assert_string_equal(pieces, whole);
    }
    digest_start(&digest);
    digest_add(&digest, "abc", 3);
    assert_int_equal(digest_finish(&digest, pieces), 0);
    assert_string_equal(pieces, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void test_arena_is_zeroed(void **state)
{
    struct arena arena = {0};

    (void)state;
    for (size_t i = 0; i < 20000; i++) {
        size_t size = i % 3000;
        unsigned char *memory = arena_alloc(&arena, size);

        for (size_t j = 0; j < size; j++)
            assert_int_equal(memory[j], 0);
        memset(memory, 0xff, size);
        if (i % 500 == 0)
            arena_done(&arena);
    }
    arena_done(&arena);
}

/* So much that it asks for huge pages, whether the system gives them or not. */
static void test_arena_grown_long(void **state)
{
    struct arena arena = {0};
    unsigned char **pieces = calloc(300000, sizeof(*pieces));

    (void)state;
    assert_non_null(pieces);
    for (size_t i = 0; i < 300000; i++) {
        pieces[i] = arena_alloc(&arena, 24);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % 16, 0);
        memset(pieces[i], (int)(i % 251), 24);
        if (i == 150000)
            assert_non_null(arena_alloc(&arena, 3 << 20));
    }
    for (size_t i = 0; i < 300000; i++)
        for (size_t j = 0; j < 24; j++)
            if (pieces[i][j] != i % 251)
                fail_msg("piece %zu was written over", i);
    free(pieces);
    arena_done(&arena);
}

static void test_arena(void **state)
{
    struct arena arena = {0};
    char *small = arena_text(&arena, "abc", 3), *big;

    (void)state;
    big = arena_alloc(&arena, 1 << 20);
    assert_non_null(big);
    big[(1 << 20) - 1] = 'x';
    assert_string_equal(small, "abc");
    assert_string_equal(arena_text(&arena, "def", 3), "def");
    assert_non_null(arena_alloc(&arena, 0));
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_null(arena_alloc(&arena, SIZE_MAX - 40));
    assert_null(arena_text(&arena, "", SIZE_MAX));
    assert_null(arena_copy(&arena, "", SIZE_MAX / 2, 3));
    for (size_t i = 0; i < 20000; i++)
        assert_int_equal((uintptr_t)arena_alloc(&arena, i % 40) % 16, 0);
    arena_done(&arena);
    big = arena_alloc(&arena, 1 << 20);
    assert_non_null(big);
    assert_string_equal(arena_text(&arena, "first small", 11), "first small");
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_glob_is_fnmatch),
        cmocka_unit_test(test_glob_bytes),
        cmocka_unit_test(test_glob_is_fast),
        cmocka_unit_test(test_glob_words),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_split_limit),
        cmocka_unit_test(test_split_long),
        cmocka_unit_test(test_one_word),
        cmocka_unit_test(test_quoting_is_injective),
        cmocka_unit_test(test_join),
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_window_by_minute),
        cmocka_unit_test(test_window_unknown),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_shared_hash),
        cmocka_unit_test(test_digest_of_pieces),
        cmocka_unit_test(test_arena_is_zeroed),
        cmocka_unit_test(test_arena_grown_long),
        cmocka_unit_test(test_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
