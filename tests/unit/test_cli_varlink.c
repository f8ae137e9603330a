/* The Varlink client against servers that do it right and servers that do not. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../cli/base/varlink.h"
#include "../../common/clock.h"
#include "fake_agent.h"

#define SOON clock_deadline(5 * USEC_PER_SEC)

/* Opens a connection to a server with this script and sends one call. */
static struct varlink *call(struct fake_agent *agent, const struct fake_step *steps, bool more)
{
    struct varlink *link = NULL;

    fake_agent_start(agent, steps);
    assert_int_equal(varlink_open(agent->path, SOON, &link), 0);
    assert_int_equal(varlink_send(link, "io.assent.Test", NULL, more, SOON), 0);
    return link;
}

static void end(struct fake_agent *agent, struct varlink *link)
{
    varlink_free(link);
    fake_agent_stop(agent);
    fake_agent_done(agent);
}

/* The outcome of one call that is answered with `length` bytes (0: the text and its NUL). */
static int outcome_of(const char *bytes, size_t length, bool hang_up)
{
    const struct fake_step steps[] = {{bytes, length, hang_up}, {0}};
    CLEANUP(cleanup_varlink_reply) struct varlink_reply reply = {0};
    struct fake_agent agent;
    struct varlink *link = call(&agent, steps, false);
    int r = varlink_receive(link, SOON, &reply);

    end(&agent, link);
    return r;
}

static void test_a_call_is_one_json_object_and_a_nul(void **state UNUSED)
{
    static const struct fake_step steps[] = {{"{\"parameters\":{\"a\":1}}", 0, 0}, {0}};
    CLEANUP(cleanup_varlink_reply) struct varlink_reply reply = {0};
    json_t *parameters = json_pack("{s:s}", "reason", "na\xc3\xafve \"x\"\n");
    struct fake_agent agent;
    struct varlink *link = NULL;

    fake_agent_start(&agent, steps);
    assert_int_equal(varlink_open(agent.path, SOON, &link), 0);
    assert_int_equal(varlink_send(link, "io.assent.Do", parameters, true, SOON), 0);
    json_decref(parameters);
    assert_int_equal(varlink_receive(link, SOON, &reply), 0);
    assert_null(reply.error);
    assert_false(reply.continues);
    assert_int_equal(json_integer_value(json_object_get(reply.parameters, "a")), 1);
    varlink_free(link);
    fake_agent_stop(&agent);
    assert_int_equal(agent.received_count, 1);
    assert_string_equal(agent.received[0],
        "{\"method\":\"io.assent.Do\",\"parameters\":{\"reason\":\"na\xc3\xafve "
        "\\\"x\\\"\\n\"},\"more\":true}");
    fake_agent_done(&agent);
}

static void test_errors_come_with_their_parameters(void **state UNUSED)
{
    static const struct fake_step steps[] = {
        {"{\"error\":\"io.assent.NotFound\",\"parameters\":{\"id\":\"X\"}}", 0, 0}, {0}};
    CLEANUP(cleanup_varlink_reply) struct varlink_reply reply = {0};
    struct fake_agent agent;
    struct varlink *link = call(&agent, steps, false);

    assert_int_equal(varlink_receive(link, SOON, &reply), 0);
    assert_string_equal(reply.error, "io.assent.NotFound");
    assert_string_equal(json_string_value(json_object_get(reply.parameters, "id")), "X");
    end(&agent, link);
}

static void test_a_stream_arrives_in_order_however_it_is_cut(void **state UNUSED)
{
    static const char bytes[] = "{\"parameters\":{\"n\":1},\"continues\":true}\0"
                                "{\"parameters\":{\"n\":2},\"continues\":true}\0{\"param";
    static const struct fake_step steps[] = {
        {bytes, sizeof(bytes) - 1, 0}, {"eters\":{\"n\":3}}", 0, 0}, {0}};
    struct fake_agent agent;
    struct varlink *link = call(&agent, steps, true);

    for (int n = 1; n <= 3; n++) {
        CLEANUP(cleanup_varlink_reply) struct varlink_reply reply = {0};

        if (n == 3) /* the second step is sent at the second message */
            assert_int_equal(varlink_send(link, "io.assent.Nudge", NULL, false, SOON), 0);
        assert_int_equal(varlink_receive(link, SOON, &reply), 0);
        assert_int_equal(json_integer_value(json_object_get(reply.parameters, "n")), n);
        assert_int_equal(reply.continues, n < 3);
    }
    end(&agent, link);
}

static void test_missing_parameters_are_an_empty_object(void **state UNUSED)
{
    static const char *const texts[] = {"{}", "{\"parameters\":null}", "{\"parameters\":{}}"};

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        CLEANUP(cleanup_varlink_reply) struct varlink_reply reply = {0};

        assert_int_equal(varlink_parse_reply(texts[i], strlen(texts[i]), &reply), 0);
        assert_true(json_is_object(reply.parameters));
        assert_int_equal(json_object_size(reply.parameters), 0);
        assert_null(reply.error);
    }
}

static void test_garbage_is_no_reply(void **state UNUSED)
{
    static const char *const texts[] = {"", " ", "null", "[]", "5", "\"x\"", "{", "{}}", "{} {}",
        "{\"parameters\":[]}", "{\"parameters\":\"x\"}", "{\"error\":5}", "{\"error\":null}",
        "{\"continues\":1}", "{\"continues\":\"true\"}", "{\"error\":\"a\",\"error\":\"b\"}",
        "{\"parameters\":{\"a\":\"\\u0000\"}}", "{\"parameters\":{\"a\":\"\xff\"}}",
        "{\"parameters\":{\"a\":1e999}}", "HTTP/1.1 400 Bad Request\r\n\r\n"};

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct varlink_reply reply = {0};

        assert_int_equal(
            varlink_parse_reply(texts[i], strlen(texts[i]), &reply), VARLINK_E_GARBLED);
        assert_null(reply.parameters);
    }
    assert_int_equal(outcome_of("this is not JSON", 0, false), VARLINK_E_GARBLED);
    assert_int_equal(outcome_of("", 1, false), VARLINK_E_GARBLED);
}

static void test_deep_nesting_is_no_reply(void **state UNUSED)
{
    size_t depth = 100000;
    AUTO_FREE char *text = malloc(depth + 16);
    struct varlink_reply reply = {0};

    assert_non_null(text);
    memcpy(text, "{\"parameters\":", 14);
    memset(text + 14, '[', depth);
    assert_int_equal(varlink_parse_reply(text, depth + 14, &reply), VARLINK_E_GARBLED);
}

static void test_a_reply_cut_short_is_no_reply(void **state UNUSED)
{
    assert_int_equal(outcome_of("{\"parameters\":{}}", 17, true), VARLINK_E_CLOSED);
    assert_int_equal(outcome_of("{\"param", 7, true), VARLINK_E_CLOSED);
    assert_int_equal(outcome_of(NULL, 0, true), VARLINK_E_CLOSED);
}

static void test_a_missing_nul_is_waited_for_until_the_deadline(void **state UNUSED)
{
    static const struct fake_step steps[] = {{"{\"parameters\":{}}", 17, 0}, {0}};
    CLEANUP(cleanup_varlink_reply) struct varlink_reply reply = {0};
    uint64_t begin_us = clock_boottime_us();
    struct fake_agent agent;
    struct varlink *link = call(&agent, steps, false);

    assert_int_equal(
        varlink_receive(link, clock_deadline(100 * USEC_PER_MSEC), &reply), -ETIMEDOUT);
    assert_true(clock_boottime_us() - begin_us >= 100 * USEC_PER_MSEC);
    assert_null(reply.parameters);
    end(&agent, link);
}

/* A reply of exactly `size` bytes with its NUL. */
static char *reply_of_size(size_t size)
{
    static const char head[] = "{\"parameters\":{\"a\":\"", tail[] = "\"}}";
    char *text = malloc(size);

    assert_non_null(text);
    memset(text, 'x', size);
    memcpy(text, head, strlen(head));
    memcpy(text + size - sizeof(tail), tail, sizeof(tail));
    return text;
}

static void test_one_mebibyte_is_the_limit(void **state UNUSED)
{
    AUTO_FREE char *fits = reply_of_size(VARLINK_MESSAGE_MAX);
    AUTO_FREE char *over = reply_of_size(VARLINK_MESSAGE_MAX + 1);

    assert_int_equal(outcome_of(fits, VARLINK_MESSAGE_MAX, false), 0);
    assert_int_equal(outcome_of(over, VARLINK_MESSAGE_MAX + 1, false), VARLINK_E_TOO_BIG);
    /* also without any end in sight */
    memset(over, 'x', VARLINK_MESSAGE_MAX + 1);
    assert_int_equal(outcome_of(over, VARLINK_MESSAGE_MAX + 1, false), VARLINK_E_TOO_BIG);
}

static void test_our_own_messages_are_limited_too(void **state UNUSED)
{
    static const struct fake_step steps[] = {{0}};
    AUTO_FREE char *text = calloc(1, VARLINK_MESSAGE_MAX + 1);
    json_t *parameters;
    struct fake_agent agent;
    struct varlink *link = NULL;

    memset(text, 'x', VARLINK_MESSAGE_MAX);
    parameters = json_pack("{s:s}", "reason", text);
    fake_agent_start(&agent, steps);
    assert_int_equal(varlink_open(agent.path, SOON, &link), 0);
    assert_int_equal(
        varlink_send(link, "io.assent.Do", parameters, false, SOON), VARLINK_E_TOO_BIG);
    json_decref(parameters);
    end(&agent, link);
}

static void test_sockets_that_are_not_there(void **state UNUSED)
{
    struct varlink *link = NULL;
    char longer[200];

    memset(longer, 'a', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    assert_int_equal(varlink_open("/nonexistent/io", SOON, &link), -ENOENT);
    assert_int_equal(varlink_open(longer, SOON, &link), -ENAMETOOLONG);
    assert_int_equal(varlink_open("", SOON, &link), -EINVAL);
    assert_null(link);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_call_is_one_json_object_and_a_nul),
        cmocka_unit_test(test_errors_come_with_their_parameters),
        cmocka_unit_test(test_a_stream_arrives_in_order_however_it_is_cut),
        cmocka_unit_test(test_missing_parameters_are_an_empty_object),
        cmocka_unit_test(test_garbage_is_no_reply),
        cmocka_unit_test(test_deep_nesting_is_no_reply),
        cmocka_unit_test(test_a_reply_cut_short_is_no_reply),
        cmocka_unit_test(test_a_missing_nul_is_waited_for_until_the_deadline),
        cmocka_unit_test(test_one_mebibyte_is_the_limit),
        cmocka_unit_test(test_our_own_messages_are_limited_too),
        cmocka_unit_test(test_sockets_that_are_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
