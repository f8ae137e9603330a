/* Reasons given again and again: what counts as the same, for how long, and in how much memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../agent/core/reasons.h"
#include "../../agent/policy/policy.h"
#include "../../agent/state/request.h"
#include "../../agent/yaml/yaml.h"
#include "../../common/macro.h"
#include "ledger_fixture.h"

#define NOW UINT64_C(1800000000000000)
#define DAY (UINT64_C(86400) * USEC_PER_SEC)
#define ALICE 1001
#define BOB 1002

static void test_what_counts_as_the_same(void **state)
{
    static const struct {
        const char *text;
        unsigned seen;
    } cases[] = {
        {"replica is stuck", 1},
        {"  Replica\tIS \n stuck ", 1},
        {"replicais stuck", 0},
        {"replica is stuck.", 0},
        {"replica is", 0},
        {"", 0},
        {" \t", 0},
        {NULL, 0},
    };
    struct reasons reasons = {0};

    (void)state;
    reasons_note(&reasons, ALICE, "Replica is stuck", NOW);
    reasons_note(&reasons, ALICE, "  ", NOW);
    reasons_note(&reasons, ALICE, NULL, NOW);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(reasons_seen(&reasons, ALICE, cases[i].text, NOW), cases[i].seen);
    /* one person's words are not another's */
    assert_int_equal(reasons_seen(&reasons, BOB, "replica is stuck", NOW), 0);
    /* case is folded in ASCII alone */
    reasons_note(&reasons, BOB, "\xc3\x84ndern", NOW);
    assert_int_equal(reasons_seen(&reasons, BOB, "\xc3\xa4ndern", NOW), 0);
    assert_int_equal(reasons_seen(&reasons, BOB, "\xc3\x84NDERN", NOW), 1);
    reasons_done(&reasons);
}

static void test_a_week(void **state)
{
    struct reasons reasons = {0};

    (void)state;
    reasons_note(&reasons, ALICE, "patching", NOW);
    reasons_note(&reasons, ALICE, "patching", NOW + DAY);
    reasons_note(&reasons, ALICE, "patching", NOW + DAY);
    assert_int_equal(reasons_seen(&reasons, ALICE, "patching", NOW + DAY), 3);
    assert_int_equal(reasons_seen(&reasons, ALICE, "patching", NOW + 7 * DAY - 1), 3);
    assert_int_equal(reasons_seen(&reasons, ALICE, "patching", NOW + 7 * DAY), 2);
    assert_int_equal(reasons_seen(&reasons, ALICE, "patching", NOW + 8 * DAY), 0);
    /* a clock that is set back forgets nothing, and one that was far ahead does not stay */
    assert_int_equal(reasons_seen(&reasons, ALICE, "patching", NOW - DAY), 3);
    assert_int_equal(reasons_seen(&reasons, ALICE, "patching", NOW - 300 * DAY), 0);
    reasons_done(&reasons);
}

static void note_number(struct reasons *reasons, uid_t uid, unsigned number, uint64_t at_us)
{
    char text[32];

    snprintf(text, sizeof(text), "reason %u", number);
    reasons_note(reasons, uid, text, at_us);
}

static unsigned seen_number(const struct reasons *reasons, uid_t uid, unsigned number)
{
    char text[32];

    snprintf(text, sizeof(text), "reason %u", number);
    return reasons_seen(reasons, uid, text, NOW);
}

static void test_the_oldest_of_an_account_makes_room(void **state)
{
    struct reasons reasons = {0};

    (void)state;
    for (unsigned i = 0; i < REASONS_OF_ONE + 10; i++)
        note_number(&reasons, ALICE, i, NOW - DAY + i);
    for (unsigned i = 0; i < REASONS_OF_ONE + 10; i++)
        assert_int_equal(seen_number(&reasons, ALICE, i), i >= 10);
    /* what is older than all has no room, in whichever order it comes */
    note_number(&reasons, ALICE, 777, NOW - 2 * DAY);
    assert_int_equal(seen_number(&reasons, ALICE, 777), 0);
    assert_int_equal(seen_number(&reasons, ALICE, 10), 1);
    assert_int_equal(reasons.count, 1);
    reasons_done(&reasons);
}

/* However much one account says, it takes the room of one. */
static void test_the_most_silent_account_makes_room(void **state)
{
    struct reasons reasons = {0};

    (void)state;
    for (unsigned i = 0; i < REASONS_ACCOUNTS; i++)
        note_number(&reasons, 2000 + i, 1, NOW - DAY + i);
    note_number(&reasons, 2000, 2, NOW); /* the first speaks again */
    for (unsigned i = 0; i < 100000; i++)
        note_number(&reasons, ALICE, i, NOW);
    assert_int_equal(reasons.count, REASONS_ACCOUNTS);
    assert_int_equal(seen_number(&reasons, ALICE, 99999), 1);
    assert_int_equal(seen_number(&reasons, 2000, 1), 1);
    assert_int_equal(seen_number(&reasons, 2001, 1), 0);
    for (unsigned i = 2; i < REASONS_ACCOUNTS; i++)
        assert_int_equal(seen_number(&reasons, 2000 + i, 1), 1);
    note_number(&reasons, BOB, 1, NOW - 3 * DAY); /* longer ago than anybody */
    assert_int_equal(seen_number(&reasons, BOB, 1), 0);
    reasons_done(&reasons);
}

static void put_request(
    struct ledger_batch *batch, unsigned number, const char *reason, uint64_t created_real_us)
{
    struct request *request = request_new();
    char *body;

    assert_non_null(request);
    snprintf(request->id, sizeof(request->id), "K7QM-%04u", number);
    request->subject = (struct subject){.uid = ALICE, .name = strdup("alice")};
    request->scope.service = strdup("sudo");
    request->reason = reason ? strdup(reason) : NULL;
    request->created_real_us = created_real_us;
    body = request_store(request);
    assert_non_null(body);
    ledger_batch_put(batch, LEDGER_REQUEST, request->id, number % 2 == 0, body);
    free(body);
    request_free(request);
}

static void test_filled_from_the_ledger(void **state)
{
    struct ledger_fixture fixture;
    struct ledger_answer answer = {0};
    struct ledger_batch *batch = ledger_batch_new();
    struct reasons reasons = {0};

    (void)state;
    ledger_fixture_init(&fixture, "/tmp");
    ledger_fixture_open(&fixture, 0);
    assert_int_equal(reasons_fill(&reasons, fixture.ledger, NOW), 0);
    assert_int_equal(reasons.count, 0);
    assert_non_null(batch);
    put_request(batch, 1, "before that", NOW - 9 * DAY);
    put_request(batch, 2, "long ago", NOW - 8 * DAY);
    put_request(batch, 3, "patching", NOW - 6 * DAY);
    put_request(batch, 4, NULL, NOW - 5 * DAY);
    ledger_batch_put(batch, LEDGER_REQUEST, "K7QM-9999", false, "{\"from\":\"a later version\"}");
    put_request(batch, 5, "Patching", NOW - 4 * DAY);
    put_request(batch, 6, "ahead", NOW + 100 * DAY); /* the clock was wrong then */
    ledger_fixture_submit(&fixture, batch, false, &answer);
    ledger_fixture_wait(&fixture, &answer);
    assert_int_equal(answer.result, 0);
    assert_int_equal(reasons_fill(&reasons, fixture.ledger, NOW), 0);
    assert_int_equal(reasons_seen(&reasons, ALICE, "patching", NOW), 2);
    assert_int_equal(reasons_seen(&reasons, ALICE, "long ago", NOW - 3 * DAY), 0);
    assert_int_equal(reasons_seen(&reasons, ALICE, "ahead", NOW + 100 * DAY), 0);
    reasons_done(&reasons);
    ledger_fixture_done(&fixture);
}

static void put_decision(struct ledger_batch *batch, const char *record, uint64_t at_us)
{
    ledger_batch_audit(batch, "K7QM-2F9X", "decided", at_us, record);
}

/* What rules allowed is in no request. */
static void test_filled_from_decisions(void **state)
{
    static const char allowed[] =
        "{\"decision\":\"allow\",\"subject_uid\":1001,\"reason\":\"rotating \\\"logs\\\"\"}";
    struct ledger_fixture fixture;
    struct ledger_answer answer = {0};
    struct ledger_batch *batch = ledger_batch_new();
    struct reasons reasons = {0};

    (void)state;
    ledger_fixture_init(&fixture, "/tmp");
    ledger_fixture_open(&fixture, 0);
    assert_non_null(batch);
    put_decision(batch, allowed, NOW - 8 * DAY);
    put_decision(batch, allowed, NOW - 6 * DAY);
    put_decision(batch, allowed, NOW - 5 * DAY);
    put_decision(batch, allowed, NOW + 100 * DAY);
    put_decision(batch, "{\"decision\":\"deny\",\"subject_uid\":1001,\"reason\":\"denied\"}", NOW);
    put_decision(
        batch, "{\"decision\":\"would-deny\",\"subject_uid\":1001,\"reason\":\"denied\"}", NOW);
    put_decision(batch, "{\"decision\":\"allow\",\"subject_uid\":1001}", NOW);
    put_decision(
        batch, "{\"decision\":\"allow\",\"subject_uid\":\"1001\",\"reason\":\"odd\"}", NOW);
    put_decision(batch, "{\"decision\":\"allow\",\"subject_uid\":-1,\"reason\":\"odd\"}", NOW);
    put_decision(batch, "{\"decision\":\"allow\",\"subject_uid\":1001,\"reason\":[1]}", NOW);
    put_decision(batch, "{\"decision\":\"allow\",\"reason\": torn", NOW);
    put_request(batch, 1, "rotating \"logs\"", NOW - DAY);
    ledger_fixture_submit(&fixture, batch, false, &answer);
    ledger_fixture_wait(&fixture, &answer);
    assert_int_equal(answer.result, 0);
    assert_int_equal(reasons_fill(&reasons, fixture.ledger, NOW), 0);
    assert_int_equal(reasons_seen(&reasons, ALICE, "rotating \"logs\"", NOW), 3);
    assert_int_equal(reasons_seen(&reasons, ALICE, "denied", NOW), 0);
    assert_int_equal(reasons_seen(&reasons, ALICE, "odd", NOW), 0);
    assert_int_equal(reasons.count, 1);
    reasons_done(&reasons);
    ledger_fixture_done(&fixture);
}

/* One person is one, whichever of their accounts they say it from. */
static void test_accounts_of_one_person(void **state)
{
    static const char text[] = "people:\n  alice: { accounts: [alice, alice-adm, again] }\n"
                               "  bob: { accounts: [bob] }\nrules: []\n";
    static const uid_t uids[] = {ALICE, 1003, ALICE, BOB};
    const struct policy_file file = {"10.yaml", text, sizeof(text) - 1};
    CLEANUP(yaml_errors_done) struct yaml_errors errors = {0};
    CLEANUP(cleanup_policy) struct policy *policy = policy_compile(&file, 1, &errors);
    struct reasons reasons = {0};

    (void)state;
    assert_non_null(policy);
    assert_int_equal(policy_user_count(policy), ARRAY_SIZE(uids));
    for (size_t i = 0; i < ARRAY_SIZE(uids); i++)
        policy_resolve_user(policy, i, true, uids[i]);
    policy_ready(policy);
    reasons_note(&reasons, ALICE, "patching", NOW);
    reasons_note(&reasons, 1003, "Patching", NOW);
    reasons_note(&reasons, BOB, "patching", NOW);
    reasons_note(&reasons, 1004, "patching", NOW);
    assert_int_equal(reasons_seen_of(&reasons, policy, ALICE, "patching", NOW), 2);
    assert_int_equal(reasons_seen_of(&reasons, policy, 1003, "patching", NOW), 2);
    assert_int_equal(reasons_seen_of(&reasons, policy, BOB, "patching", NOW), 1);
    assert_int_equal(reasons_seen_of(&reasons, policy, 1004, "patching", NOW), 1);
    reasons_done(&reasons);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_counts_as_the_same),
        cmocka_unit_test(test_a_week),
        cmocka_unit_test(test_the_oldest_of_an_account_makes_room),
        cmocka_unit_test(test_the_most_silent_account_makes_room),
        cmocka_unit_test(test_filled_from_the_ledger),
        cmocka_unit_test(test_filled_from_decisions),
        cmocka_unit_test(test_accounts_of_one_person),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
