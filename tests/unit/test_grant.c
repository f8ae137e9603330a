/* Grants, scopes, ids and ties by themselves: what opens, what does not, and what time does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../agent/state/grant.h"
#include "../../agent/state/ids.h"
#include "../../agent/state/tie.h"
#include "../../agent/yaml/yaml.h"
#include "../../common/record.h"

#define HOUR_US (3600 * USEC_PER_SEC)
#define THIS_BOOT "11111111-1111-1111-1111-111111111111"
#define OTHER_BOOT "22222222-2222-2222-2222-222222222222"
#define ID_U "/usr/bin/id\0-u"

static struct gate_ask sudo_ask(void)
{
    struct gate_ask ask;

    record_init_ask(&ask);
    ask.service = "sudo";
    ask.uid = 1000;
    ask.user = "alice";
    ask.run_as = "root";
    ask.run_as_uid = 0;
    ask.command = "/usr/bin/id";
    ask.argv = (struct gate_list){ID_U, sizeof(ID_U)};
    ask.cwd = "/home/alice";
    return ask;
}

/* An hour's grant of this boot to alice for `sudo id -u`, approved and in the ledger. */
static struct grant *make_grant(void)
{
    struct gate_ask ask = sudo_ask();
    struct grant *grant = grant_new();

    assert_non_null(grant);
    assert_int_equal(scope_from_ask(&ask, &grant->scope), 0);
    grant->subject = (struct subject){.uid = 1000, .name = strdup("alice")};
    grant->committed = true;
    memcpy(grant->boot_id, THIS_BOOT, sizeof(THIS_BOOT));
    memcpy(grant->id, "K7QM-2F9X", sizeof(grant->id));
    grant->created_us = clock_boottime_us();
    grant->expires_us = grant->created_us + HOUR_US;
    grant->created_real_us = clock_realtime_us();
    grant->expires_real_us = grant->created_real_us + HOUR_US;
    return grant;
}

static void test_opens_only_what_it_names(void **state)
{
    struct grant *grant = make_grant();
    struct gate_ask ask = sudo_ask();
    struct scope scope;
    uint64_t now = clock_boottime_us();
    struct yaml_errors errors = {0};
    CLEANUP(cleanup_policy) struct policy *policy = policy_compile(NULL, 0, &errors);
    const struct facts facts = {.uid = 1000};
    struct doorway door = {
        .uid = 1000, .scope = &scope, .policy = policy, .facts = &facts, .now_us = now};

    (void)state;
    assert_int_equal(scope_from_ask(&ask, &scope), 0);
    assert_true(grant_opens(grant, &door));
    door.uid = 1001;
    assert_false(grant_opens(grant, &door));
    door.uid = 1000;
    door.now_us = grant->expires_us;
    assert_false(grant_opens(grant, &door));
    door.now_us = now;
    grant->committed = false;
    assert_false(grant_opens(grant, &door));
    grant->committed = true;
    assert_int_equal(grant_set_state(grant, GRANT_REVOKED), 0);
    assert_false(grant_opens(grant, &door));
    /* an end is final */
    assert_int_equal(grant_set_state(grant, GRANT_EXPIRED), -EINVAL);
    assert_int_equal(grant->state, GRANT_REVOKED);
    scope_done(&scope);
    grant_free(grant);
}

static bool same_scope(const struct gate_ask *a, const struct gate_ask *b)
{
    struct scope one, two;
    bool same;

    assert_int_equal(scope_from_ask(a, &one), 0);
    assert_int_equal(scope_from_ask(b, &two), 0);
    same = scope_covers(&one, &two);
    scope_done(&one);
    scope_done(&two);
    return same;
}

static void test_no_two_commands_share_a_scope(void **state)
{
    static const char joined[] = "/usr/bin/id -u", split[] = "/usr/bin/id\0-\0u";
    static const char env[] = "LD_PRELOAD=/tmp/x";
    struct gate_ask base = sudo_ask(), other = base;

    (void)state;
    assert_true(same_scope(&base, &other));
    other.argv = (struct gate_list){joined, sizeof(joined)};
    assert_false(same_scope(&base, &other));
    other.argv = (struct gate_list){split, sizeof(split)};
    assert_false(same_scope(&base, &other));
    other = base;
    other.cwd = "/";
    assert_false(same_scope(&base, &other));
    other = base;
    other.env = (struct gate_list){env, sizeof(env)};
    assert_false(same_scope(&base, &other));
    other = base;
    other.run_as_uid = 2;
    assert_false(same_scope(&base, &other));
    other = base;
    other.command = NULL;
    assert_false(same_scope(&base, &other));
    /* sudo -i is sudo */
    other = base;
    other.service = "sudo-i";
    assert_true(same_scope(&base, &other));
    other.service = "su";
    assert_false(same_scope(&base, &other));
}

static void test_digest_binds_where_it_was_known(void **state)
{
    struct gate_ask ask = sudo_ask();
    struct scope granted, asked;

    (void)state;
    assert_int_equal(scope_from_ask(&ask, &granted), 0);
    assert_int_equal(scope_from_ask(&ask, &asked), 0);
    assert_true(scope_covers(&granted, &asked));
    memset(granted.digest, 'a', DIGEST_HEX_SIZE - 1);
    assert_false(scope_covers(&granted, &asked));
    memset(asked.digest, 'b', DIGEST_HEX_SIZE - 1);
    assert_false(scope_covers(&granted, &asked));
    memset(asked.digest, 'a', DIGEST_HEX_SIZE - 1);
    assert_true(scope_covers(&granted, &asked));
    scope_done(&granted);
    scope_done(&asked);
}

static void test_uses(void **state)
{
    struct grant *grant = make_grant();

    (void)state;
    grant_use(grant);
    assert_int_equal(grant->state, GRANT_ACTIVE);
    grant->limited = true;
    grant->uses_left = 2;
    grant_use(grant);
    grant_use(grant);
    assert_int_equal(grant->state, GRANT_USED_UP);
    grant_return(grant);
    assert_int_equal(grant->state, GRANT_ACTIVE);
    assert_int_equal(grant->uses_left, 1);
    grant_free(grant);
}

/* A grant as it stands in the ledger after so much of its hour, when another boot reads it. */
static bool lives_after_reboot(bool survives, int64_t passed_us, uint64_t *ret_left_us)
{
    struct grant *grant = make_grant();
    bool lives;

    grant->survives_reboot = survives;
    grant->created_real_us -= (uint64_t)passed_us;
    grant->expires_real_us -= (uint64_t)passed_us;
    lives = grant_rebase(grant, OTHER_BOOT);
    *ret_left_us = grant->expires_us - clock_boottime_us();
    if (lives)
        assert_string_equal(grant->boot_id, OTHER_BOOT);
    grant_free(grant);
    return lives;
}

static void test_reboot_ends_it_unless_policy_says_otherwise(void **state)
{
    const int64_t quarter = (int64_t)HOUR_US / 4;
    uint64_t left;

    (void)state;
    assert_false(lives_after_reboot(false, quarter, &left));
    assert_true(lives_after_reboot(true, quarter, &left));
    assert_in_range(left, 3 * HOUR_US / 4 - USEC_PER_SEC, 3 * HOUR_US / 4);
    assert_false(lives_after_reboot(true, (int64_t)HOUR_US, &left));
    /* the wall clock was set back behind its beginning: nothing to reckon with */
    assert_false(lives_after_reboot(true, -quarter, &left));
}

static void test_wall_clock_does_not_matter_within_a_boot(void **state)
{
    struct grant *grant = make_grant();
    uint64_t expires = grant->expires_us;

    (void)state;
    grant->created_real_us -= 24 * HOUR_US;
    grant->expires_real_us -= 24 * HOUR_US;
    assert_true(grant_rebase(grant, THIS_BOOT));
    grant->created_real_us += 48 * HOUR_US;
    grant->expires_real_us += 48 * HOUR_US;
    assert_true(grant_rebase(grant, THIS_BOOT));
    assert_int_equal(grant->expires_us, expires);
    grant->expires_us = clock_boottime_us();
    assert_false(grant_rebase(grant, THIS_BOOT));
    grant_free(grant);
}

static void test_stored_and_loaded(void **state)
{
    struct grant *grant = make_grant(), *loaded;
    char *body, *again;

    (void)state;
    grant->limited = true;
    grant->uses_left = 3;
    assert_int_equal(texts_add(&grant->approvers, "carol"), 0);
    body = grant_store(grant);
    assert_non_null(body);
    assert_int_equal(grant_load(body, &loaded), 0);
    again = grant_store(loaded);
    assert_string_equal(body, again);
    free(body);
    free(again);
    grant_free(grant);
    grant_free(loaded);
    assert_int_equal(grant_load("{}", &loaded), -EINVAL);
    assert_int_equal(grant_load("{\"id\":1}", &loaded), -EINVAL);
    /* a state nobody knows is not "active" */
    assert_int_equal(
        grant_load("{\"id\":\"A\",\"user\":\"a\",\"service\":\"b\",\"state\":\"free\"}", &loaded),
        -EINVAL);
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void test_ids_never_repeat(void **state)
{
    enum { COUNT = 200000 };
    static const uint8_t key[16] = "0123456789abcde";
    char(*all)[IDS_SIZE] = calloc(COUNT, IDS_SIZE);
    struct ids ids;
    uint64_t limit;

    (void)state;
    assert_non_null(all);
    ids_init(&ids, key, 0);
    assert_int_equal(ids_new(&ids, all[0]), -EAGAIN);
    for (size_t i = 0; i < COUNT; i++) {
        if (ids_run_short(&ids, &limit))
            ids_reserved(&ids, limit);
        assert_int_equal(ids_new(&ids, all[i]), 0);
    }
    qsort(all, COUNT, IDS_SIZE, compare);
    for (size_t i = 1; i < COUNT; i++)
        assert_true(strcmp(all[i - 1], all[i]) < 0);
    free(all);
}

static void test_ids_as_people_type_them(void **state)
{
    static const char *const same[] = {"K7QM-2F9X", "k7qm2f9x", "K7QM 2F9X", "k7qm-2f9x"};
    static const char *const none[] = {
        "", "K7QM", "K7QM-2F9", "K7QM-2F9XX", "K7QM-2F9U", "K7QM_2F9X"};
    char id[IDS_SIZE];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
        assert_int_equal(ids_normalise(same[i], id), 0);
        assert_string_equal(id, "K7QM-2F9X");
    }
    assert_int_equal(ids_normalise("oilo-0000", id), 0);
    assert_string_equal(id, "0110-0000");
    for (size_t i = 0; i < ARRAY_SIZE(none); i++)
        assert_int_equal(ids_normalise(none[i], id), -EINVAL);
}

static void test_a_tie_is_for_its_bearer(void **state)
{
    static const uint8_t key[32] = "a key", other_key[32] = "another";
    struct tie_bearer bearer = {.pid = 400, .parent = 300, .uid = 1000, .service = "sshd"};
    struct tie_bearer wrong = bearer;
    char tie[TIE_SIZE], chain[IDS_SIZE];

    (void)state;
    tie_make(key, "K7QM-2F9X", &bearer, tie);
    assert_true(tie_check(key, tie, &bearer, chain));
    assert_string_equal(chain, "K7QM-2F9X");
    /* sshd's monitor, for what its child was given */
    wrong.pid = 300;
    wrong.parent = 1;
    assert_true(tie_check(key, tie, &wrong, chain));
    wrong.pid = 401;
    assert_false(tie_check(key, tie, &wrong, chain));
    wrong = bearer;
    wrong.uid = 1001;
    assert_false(tie_check(key, tie, &wrong, chain));
    wrong = bearer;
    wrong.service = "login";
    assert_false(tie_check(key, tie, &wrong, chain));
    assert_false(tie_check(other_key, tie, &bearer, chain));
    assert_false(tie_check(key, NULL, &bearer, chain));
    assert_false(tie_check(key, "", &bearer, chain));
    assert_false(tie_check(key, "....", &bearer, chain));
    for (size_t i = 0; tie[i] != '\0'; i++) {
        tie[i] ^= 1;
        assert_false(tie_check(key, tie, &bearer, chain));
        tie[i] ^= 1;
    }
}

/* Whatever bit of its row flips: it is not read, or it opens nothing more for no longer. */
static void test_a_flipped_bit(void **state)
{
    struct grant *grant = make_grant();
    AUTO_FREE char *body = NULL;
    size_t refused = 0;

    (void)state;
    grant->limited = true;
    grant->uses_left = 1;
    body = grant_store(grant);
    assert_non_null(body);
    for (size_t bit = 0; bit < 8 * strlen(body); bit++) {
        struct grant *flipped;

        body[bit / 8] = (char)(body[bit / 8] ^ 1 << bit % 8);
        if (grant_load(body, &flipped) < 0) {
            refused++;
        } else {
            assert_true(flipped->limited && !flipped->survives_reboot && !flipped->scope.whole);
            assert_non_null(flipped->scope.command);
            assert_non_null(flipped->scope.run_as);
            assert_non_null(flipped->scope.cwd);
            assert_int_equal(texts_count(&flipped->scope.arguments), 2);
            assert_true(flipped->expires_us - flipped->created_us <= 2 * HOUR_US);
            grant_free(flipped);
        }
        body[bit / 8] = (char)(body[bit / 8] ^ 1 << bit % 8);
    }
    assert_true(refused > 1000);
    grant_free(grant);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opens_only_what_it_names),
        cmocka_unit_test(test_no_two_commands_share_a_scope),
        cmocka_unit_test(test_digest_binds_where_it_was_known),
        cmocka_unit_test(test_uses),
        cmocka_unit_test(test_reboot_ends_it_unless_policy_says_otherwise),
        cmocka_unit_test(test_wall_clock_does_not_matter_within_a_boot),
        cmocka_unit_test(test_stored_and_loaded),
        cmocka_unit_test(test_ids_never_repeat),
        cmocka_unit_test(test_ids_as_people_type_them),
        cmocka_unit_test(test_a_tie_is_for_its_bearer),
        cmocka_unit_test(test_a_flipped_bit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
