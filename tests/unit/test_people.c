/* Who may answer for whom, by what a real policy says of people who come and go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "../../agent/state/people.h"
#include "../../agent/state/session.h"
#include "../../agent/yaml/yaml.h"
#include "../../common/macro.h"

#define UID_ALICE 1001
#define UID_CAROL 1002
#define UID_CAROL_ADM 1012
#define UID_DAVE 1003
#define UID_ERIN 1004

static const char text[] = "people:\n"
                           "  alice: { accounts: [alice] }\n"
                           "  carol: { accounts: [carol, carol-adm] }\n"
                           "  dave: { accounts: [dave] }\n"
                           "groups: { leads: [carol, dave, erin] }\n"
                           "rules:\n"
                           "- id: two\n"
                           "  what: { service: su }\n"
                           "  decision: escalate\n"
                           "  approval: { stages: [{ from: leads, need: 2, within: 10m }],\n"
                           "              strength: local }\n";

static size_t user_index(const struct policy *policy, const char *name)
{
    size_t i = 0;

    while (strcmp(policy_user_name(policy, i), name) != 0)
        i++;
    return i;
}

static struct policy *load(void)
{
    static const struct {
        const char *name;
        uid_t uid;
    } accounts[] = {{"alice", UID_ALICE}, {"carol", UID_CAROL}, {"carol-adm", UID_CAROL_ADM},
        {"dave", UID_DAVE}, {"erin", UID_ERIN}};
    const struct policy_file file = {"p.yaml", text, sizeof(text) - 1};
    struct yaml_errors errors = {0};
    struct policy *policy = policy_compile(&file, 1, &errors);

    assert_non_null(policy);
    for (size_t i = 0; i < ARRAY_SIZE(accounts); i++)
        policy_resolve_user(policy, user_index(policy, accounts[i].name), true, accounts[i].uid);
    policy_ready(policy);
    yaml_errors_done(&errors);
    return policy;
}

static struct verdict decide(const struct policy *policy)
{
    struct facts facts = {.uid = UID_ALICE,
        .user = "alice",
        .service = "su",
        .rhost_is_none = true,
        .reason = "replica is stuck",
        .now_us = clock_realtime_us()};
    struct verdict verdict;

    policy_decide(policy, &facts, &verdict);
    assert_int_equal(verdict.decision, DECISION_ESCALATE);
    return verdict;
}

static struct request *make_request(void)
{
    struct request *request = request_new();

    assert_non_null(request);
    request->subject = (struct subject){.uid = UID_ALICE, .name = strdup("alice")};
    request->rule = strdup("two");
    return request;
}

/* Both leads who stand among the people, and not the one who does not (P5). */
static struct request *ask(const struct policy *policy)
{
    struct request *request = make_request();
    struct verdict verdict = decide(policy);

    assert_int_equal(people_ask(policy, verdict.stages, request), 0);
    assert_true(texts_contain(&request->asked, "carol"));
    assert_true(texts_contain(&request->asked, "dave"));
    assert_false(texts_contain(&request->asked, "erin"));
    return request;
}

static enum people_verdict judge(
    const struct policy *policy, const struct request *request, uid_t uid)
{
    const struct login_session login = {.known = true, .uid = uid, .id = "1"};
    const char *person = NULL;
    enum people_verdict verdict = people_judge(policy, request, uid, &login, &person);

    if (verdict == PEOPLE_MAY)
        assert_non_null(person);
    return verdict;
}

static void test_who_is_locked_meanwhile_does_not_answer(void **state)
{
    struct policy *policy = load();
    struct request *request = ask(policy);

    (void)state;
    assert_int_equal(judge(policy, request, UID_DAVE), PEOPLE_MAY);
    policy_note_account(policy, user_index(policy, "dave"), true, 0);
    assert_int_equal(judge(policy, request, UID_DAVE), PEOPLE_NOT_THERE);
    policy_note_account(policy, user_index(policy, "dave"), false, 1);
    assert_int_equal(judge(policy, request, UID_DAVE), PEOPLE_NOT_THERE);
    policy_note_account(policy, user_index(policy, "dave"), false, 0);
    assert_int_equal(judge(policy, request, UID_DAVE), PEOPLE_MAY);
    /* one account that can be used is enough */
    policy_note_account(policy, user_index(policy, "carol"), true, 0);
    assert_int_equal(judge(policy, request, UID_CAROL_ADM), PEOPLE_MAY);
    assert_int_equal(judge(policy, request, UID_ERIN), PEOPLE_NOT_ASKED);
    assert_int_equal(judge(policy, request, UID_ALICE), PEOPLE_OWN);
    request_free(request);
    policy_free(policy);
}

static void test_who_is_not_there_is_not_counted_on(void **state)
{
    struct policy *policy = load();
    struct verdict verdict = decide(policy);
    struct request *request = make_request();

    (void)state;
    policy_note_account(policy, user_index(policy, "dave"), true, 0);
    assert_int_equal(people_ask(policy, verdict.stages, request), -ENOENT);
    request_free(request);
    policy_free(policy);
}

/* A colleague who was locked between being named and being asked. */
static void test_a_peer_who_is_not_there(void **state)
{
    struct policy *policy = load();
    struct verdict verdict = decide(policy);
    struct stage nobody = {.need = 0};
    struct request *request = make_request();

    (void)state;
    assert_int_equal(verdict.stage_count, 1);
    request->peer = strdup("dave");
    assert_int_equal(people_ask(policy, &nobody, request), 0);
    assert_int_equal(judge(policy, request, UID_DAVE), PEOPLE_MAY);
    policy_note_account(policy, user_index(policy, "dave"), true, 0);
    assert_int_equal(judge(policy, request, UID_DAVE), PEOPLE_NOT_THERE);
    assert_int_equal(people_ask(policy, &nobody, request), -ENOENT);
    request_free(request);
    policy_free(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_is_locked_meanwhile_does_not_answer),
        cmocka_unit_test(test_who_is_not_there_is_not_counted_on),
        cmocka_unit_test(test_a_peer_who_is_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
