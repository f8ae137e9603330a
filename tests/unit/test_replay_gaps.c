/* `assent policy replay`: what is not replayed, and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <string.h>

#include "../../cli/base/json.h"
#include "../../common/str.h"
#include "replay_fixture.h"

static void test_what_was_not_recorded_is_not_guessed(void **state)
{
    struct replay_fixture *f = *state;
    struct str_builder stream = {0};
    AUTO_JSON json_t *json = NULL;

    replay_policy(f, replay_candidate);
    replay_tell(&stream, "\"event\":\"decided\",\"decision\":\"deny\",\"rule\":null");
    replay_tell(
        &stream, "\"event\":\"request-opened\",\"decision\":null,\"facts_left_out\":\"it rained\"");
    replay_tell(&stream, "\"event\":\"decided\",\"decision\":\"deny\",\"rule\":null,\"count\":7");
    replay_tell(&stream, "\"event\":\"decided\"");
    replay_tell(&stream, DECIDED("maybe", "null", "{\"uid\":1}"));
    replay_tell(&stream, DECIDED("deny", "null", "{\"uid\":1,\"mood\":\"good\"}"));
    str_append_n(&stream, "{\"parameters\":{\"decision\":\xff",
        sizeof("{\"parameters\":{\"decision\":\xff"));
    replay_tell(
        &stream, DECIDED("deny", "null", SUDO("1", "daemon", "/usr/bin/w", AT("10:00:00"))));
    json = replay_json(f, &stream);
    assert_int_equal(replay_number(json, "decisions"), 14);
    assert_int_equal(replay_number(json, "replayed"), 1);
    assert_left_out(json, "recorded without its facts, by an earlier version", 1);
    assert_left_out(json, "it rained", 1);
    assert_left_out(json, "refused again and again, and only counted", 7);
    assert_left_out(json, "its record cannot be read", 3);
    assert_left_out(json, "its facts are not of a form that this version knows", 1);
}

static void test_accounts_that_are_not_what_they_were(void **state)
{
    struct replay_fixture *f = *state;
    struct str_builder stream = {0};
    AUTO_JSON json_t *json = NULL;

    replay_policy(f,
        "  - { id: a, who: { user: [daemon, left-long-ago] }, what: { command: any },\n"
        "      " ALLOW " }\n");
    replay_tell(
        &stream, DECIDED("allow", "\"a\"", SUDO("4711", "left-long-ago", "/a", AT("10:00:00"))));
    replay_tell(&stream, DECIDED("allow", "\"a\"", SUDO("4711", "daemon", "/a", AT("10:00:00"))));
    replay_tell(
        &stream, DECIDED("allow", "\"a\"", SUDO("4711", "nobody-names-me", "/a", AT("10:00:00"))));
    json = replay_json(f, &stream);
    assert_int_equal(replay_number(json, "replayed"), 1);
    assert_left_out(json, "its account is not on this host any more, and the policy names it", 1);
    assert_left_out(json, "its account has another uid now, and the policy names it", 1);
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(json, "unknown_names"), 0)),
        "left-long-ago");
}

#define LOGIN(user, uid)                                                            \
    "{\"uid\":" uid ",\"user\":\"" user "\",\"service\":\"sshd\",\"command\":null," \
    "\"rhost\":\"10.0.0.1\"," AT("10:00:00") "}"

/* A rule before the one that decides: by group, by the lack of one, and by both. */
static void test_groups_that_were_not_asked_for(void **state)
{
    static const struct {
        const char *rule;
        bool matters;
    } cases[] = {
        {"who: { group: daemon }, what: { service: sshd }", true},
        {"who: { not-group: daemon }, what: { service: sshd }", true},
        {"who: { group: [daemon, sys], not-group: daemon }, what: { service: sshd }", true},
        {"who: { group: daemon, user: bin }, what: { service: sshd }", false},
        {"who: { group: daemon, not-group: daemon }, what: { service: sshd }", false},
        {"who: { group: no-such-group }, what: { service: sshd }", false},
        {"who: { group: daemon }, what: { service: su }", false},
    };
    struct replay_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct str_builder stream = {0};
        AUTO_JSON json_t *json = NULL;
        AUTO_FREE char *rules = NULL;

        assert_true(asprintf(&rules,
                        "  - { id: a, %s, " ASK " }\n"
                        "  - { id: b, what: { service: sshd }, " ALLOW " }\n",
                        cases[i].rule) > 0);
        replay_policy(f, rules);
        replay_tell(&stream, DECIDED("allow", "\"b\"", LOGIN("games", "5")));
        json = replay_json(f, &stream);
        assert_int_equal(replay_number(json, "replayed"), cases[i].matters ? 0 : 1);
        assert_int_equal(replay_number(json, "changed"), 0);
        if (cases[i].matters)
            assert_left_out(
                json, "its groups were not asked for then, and the policy looks at them", 1);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, replay_setup, replay_teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_was_not_recorded_is_not_guessed),
        TEST(test_accounts_that_are_not_what_they_were),
        TEST(test_groups_that_were_not_asked_for),
    };

    return replay_main(argc, argv, tests, ARRAY_SIZE(tests));
}
