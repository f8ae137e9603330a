/* Random policies and random facts: a rule that is said never to decide does not, nor is an
 * entitlement given that is said to be out of reach. The seed is fixed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../agent/policy/glob.h"
#include "../../agent/policy/lint/cover.h"
#include "../../agent/policy/lint/lint.h"
#include "../../agent/policy/lint/pieces.h"
#include "../../agent/policy/lint/shelf.h"
#include "../../agent/yaml/yaml.h"
#include "../../common/macro.h"
#include "../../common/str.h"
#include "drawn_policy.h"

#define POLICIES 3000
#define FACTS_EACH 400

/* ---- what is said, and what happens -----------------------------------------------------------
 */

struct said {
    bool never[DRAWN_RULES];                        /* the rule decides nothing */
    bool never_by[DRAWN_RULES][DRAWN_ENTITLEMENTS]; /* not by that entitlement */
    bool out_of_reach[DRAWN_ENTITLEMENTS];
    unsigned shadowed, contradicting, unreachable;
};

static void hear(const struct lint_finding *finding, void *userdata)
{
    struct said *said = userdata;
    const char *name = finding->lint->name;
    const char *by = strstr(finding->message, "by entitlement 'e");

    if (strcmp(name, "shadowed") == 0) {
        said->never[atoi(finding->name + 1)] = true;
        said->shadowed++;
    } else if (strcmp(name, "never-matches") == 0) {
        said->contradicting++;
        if (by)
            said->never_by[atoi(finding->name + 1)][by[strlen("by entitlement 'e")] - '0'] = true;
        else
            said->never[atoi(finding->name + 1)] = true;
    } else if (strcmp(name, "entitlement-unreachable") == 0 ||
               strcmp(name, "unused-entitlement") == 0) {
        said->out_of_reach[finding->name[1] - '0'] = true;
        said->unreachable++;
    }
}

/* The policy is longer than a message may be. */
#define refuse(text, ...)              \
    do {                               \
        fprintf(stderr, "%s\n", text); \
        fail_msg(__VA_ARGS__);         \
    } while (0)

static void check(const struct said *said, const struct verdict *verdict, const char *text)
{
    int rule = verdict->rule ? atoi(verdict->rule + 1) : -1;
    int would = verdict->would_rule ? atoi(verdict->would_rule + 1) : -1;
    int entitlement = verdict->entitlement ? verdict->entitlement[1] - '0' : -1;

    if ((rule >= 0 && said->never[rule]) || (would >= 0 && said->never[would]))
        refuse(text, "r%d decided, or r%d would", rule, would);
    if (rule < 0 || entitlement < 0 || verdict->decision == DECISION_DENY)
        return;
    if (said->never_by[rule][entitlement] || said->out_of_reach[entitlement])
        refuse(text, "r%d gave e%d", rule, entitlement);
}

static void test_what_never_decides(void **state)
{
    const struct lint_options options = {.now_us = DRAWN_NOW_US, .host = true};
    unsigned shadowed = 0, contradicting = 0, unreachable = 0;

    (void)state;
    drawn_seed(UINT64_C(0x9e3779b97f4a7c15));
    for (unsigned i = 0; i < POLICIES; i++) {
        struct drawn_policy drawn = draw_policy();
        AUTO_FREE char *text = NULL;
        CLEANUP(cleanup_policy) struct policy *policy = drawn_compile(&drawn, &text);
        struct said said = {0};

        assert_int_equal(policy_lint(policy, &options, hear, &said), 0);
        shadowed += said.shadowed;
        contradicting += said.contradicting;
        unreachable += said.unreachable;
        for (unsigned j = 0; j < FACTS_EACH; j++) {
            struct drawn_memory memory;
            struct facts facts = draw_facts(&memory);
            struct verdict verdict;

            policy_decide(policy, &facts, &verdict);
            check(&said, &verdict, text);
        }
    }
    print_message("%u rules shadowed, %u contradicting themselves, %u entitlements out of reach\n",
        shadowed, contradicting, unreachable);
    assert_true(shadowed > 2000 && contradicting > 500 && unreachable > 500);
}

/* ---- candidates --------------------------------------------------------------------------------
 */

/* One id for one name: by ids alone a rule covers more than its shelf can tell. */
static void separate_twin(struct policy *policy)
{
    for (size_t i = 0; i < policy_user_count(policy); i++)
        if (strcmp(policy_user_name(policy, i), "twin") == 0)
            policy_resolve_user(policy, i, true, 150);
}

static bool mark(uint32_t candidate, void *userdata)
{
    bool *marked = userdata;

    marked[candidate] = true;
    return true;
}

/* Of all pairs, none that covers the other is missed. */
static void test_shelves(void **state)
{
    unsigned covered = 0;

    (void)state;
    drawn_seed(UINT64_C(0xbf58476d1ce4e5b9));
    for (unsigned i = 0; i < 3000; i++) {
        struct drawn_policy drawn = draw_policy();
        AUTO_FREE char *text = NULL;
        CLEANUP(cleanup_policy) struct policy *policy = drawn_compile(&drawn, &text);
        CLEANUP(shelf_done) struct shelf shelf = {0};

        separate_twin(policy);
        assert_int_equal(shelf_build(&shelf, policy), 0);
        for (uint32_t narrow = 0; narrow < drawn.count; narrow++) {
            bool marked[DRAWN_RULES] = {false};

            shelf_find(&shelf, narrow, mark, marked);
            for (uint32_t wide = 0; wide < drawn.count; wide++) {
                if (!cover_rule(policy, &policy->rules[wide], &policy->rules[narrow]))
                    continue;
                covered++;
                if (!marked[wide])
                    refuse(text, "rule %u covers %u", wide, narrow);
            }
        }
    }
    print_message("%u pairs\n", covered);
    assert_true(covered > 10000);
}

/* ---- patterns against patterns ----------------------------------------------------------------
 */

static const char *const pieces[] = {
    "a", "b", ".", "/", "*", "?", "[ab]", "[!a]", "[a-c]", "A", "\\*"};

#define PIECES 5

/* Indices into `pieces`. */
struct drawn_glob {
    unsigned items[PIECES];
    unsigned count;
};

static struct drawn_glob draw_pattern(void)
{
    struct drawn_glob pattern = {.count = draw(PIECES)};

    for (unsigned i = 0; i < pattern.count; i++)
        pattern.items[i] = draw(ARRAY_SIZE(pieces));
    return pattern;
}

/* Much the same, so that one often covers the other. */
static struct drawn_glob draw_pattern_like(struct drawn_glob pattern)
{
    if (pattern.count == 0 || chance(30))
        return draw_pattern();
    if (chance(50)) {
        unsigned from = draw(pattern.count);

        for (unsigned i = from; i + 1 < pattern.count; i++)
            pattern.items[i] = pattern.items[i + 1];
        pattern.count--;
    } else {
        pattern.items[draw(pattern.count)] = draw(ARRAY_SIZE(pieces));
    }
    return pattern;
}

static void print_pattern(const struct drawn_glob *pattern, char *ret_text)
{
    *ret_text = '\0';
    for (unsigned i = 0; i < pattern->count; i++)
        strcat(ret_text, pieces[pattern->items[i]]);
}

/* A text that the pattern has a good chance to match. */
static void draw_text(const struct drawn_glob *pattern, char *ret_text)
{
    static const char letters[] = "ab./cA*";
    size_t length = 0;

    for (unsigned i = 0; i < pattern->count; i++) {
        const char *piece = pieces[pattern->items[i]];
        unsigned some = *piece == '*' ? draw(3) : *piece == '?' || *piece == '[' ? 1 : 0;

        if (*piece != '*' && some == 0)
            ret_text[length++] = piece[strlen(piece) - 1];
        while (some-- > 0)
            ret_text[length++] = letters[draw(sizeof(letters) - 1)];
    }
    ret_text[length] = '\0';
}

/* What is said to be covered is, what is said not to meet does not. */
static void test_patterns(void **state)
{
    static const int flags[] = {0, GLOB_PATH, GLOB_FOLD};
    unsigned covered = 0, apart = 0;

    (void)state;
    drawn_seed(UINT64_C(0xd1b54a32d192ed03));
    for (unsigned i = 0; i < 300000; i++) {
        struct drawn_glob of_wide = draw_pattern(), of_narrow = draw_pattern_like(of_wide);
        char wide[64], narrow[64], text[64];
        int flag = flags[draw(3)];
        bool covers, meets;

        print_pattern(&of_wide, wide);
        print_pattern(&of_narrow, narrow);
        covers = pattern_covers(wide, narrow, flag);
        meets = pattern_meets(wide, narrow, flag);
        covered += covers;
        apart += !meets;
        for (unsigned j = 0; j < 20; j++) {
            draw_text(&of_narrow, text);
            if (!glob_match(narrow, text, flag))
                continue;
            if (covers && !glob_match(wide, text, flag))
                fail_msg("'%s' does not cover '%s': %s (%d)", wide, narrow, text, flag);
            if (!meets && glob_match(wide, text, flag))
                fail_msg("'%s' meets '%s': %s (%d)", wide, narrow, text, flag);
        }
    }
    print_message("%u covered, %u apart\n", covered, apart);
    assert_true(covered > 20000 && apart > 50000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_what_never_decides),
        cmocka_unit_test(test_shelves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
