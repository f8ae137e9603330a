#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <systemd/sd-event.h>

#include "../../agent/core/daily.h"
#include "../../common/clock.h"

#define DAY_US (86400 * USEC_PER_SEC)

struct fixture {
    sd_event *event;
    struct daily *daily;
    unsigned calls, others;
};

static void on_day(void *userdata)
{
    ((struct fixture *)userdata)->calls++;
}

static void on_day_too(void *userdata)
{
    struct fixture *fixture = userdata;

    fixture->others++;
    assert_int_equal(fixture->others, fixture->calls); /* in their order */
}

static int set_up_looking(void **state, uint64_t look_us)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    assert_true(sd_event_new(&fixture->event) >= 0);
    assert_int_equal(daily_new(fixture->event, look_us, &fixture->daily), 0);
    assert_int_equal(daily_add(fixture->daily, on_day, fixture), 0);
    assert_int_equal(daily_add(fixture->daily, on_day_too, fixture), 0);
    *state = fixture;
    return 0;
}

static int set_up(void **state)
{
    return set_up_looking(state, DAILY_LOOK_US);
}

static int set_up_fast(void **state)
{
    return set_up_looking(state, USEC_PER_MSEC);
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    daily_free(fixture->daily);
    assert_int_equal(sd_event_get_state(fixture->event), SD_EVENT_INITIAL);
    sd_event_unref(fixture->event);
    free(fixture);
    return 0;
}

static void look(struct fixture *fixture, uint64_t realtime_us, unsigned calls)
{
    daily_look(fixture->daily, realtime_us);
    assert_int_equal(fixture->calls, calls);
    assert_int_equal(fixture->others, calls);
}

static void test_once_a_day(void **state)
{
    struct fixture *fixture = *state;
    uint64_t midnight = (clock_realtime_us() / DAY_US + 1) * DAY_US;

    look(fixture, midnight - 1, 0);
    look(fixture, midnight, 1);
    for (uint64_t minute = 1; minute < 24 * 60; minute++)
        look(fixture, midnight + minute * 60 * USEC_PER_SEC, 1);
    look(fixture, midnight + DAY_US, 2);
}

static void test_jumps(void **state)
{
    struct fixture *fixture = *state;
    uint64_t noon = (clock_realtime_us() / DAY_US + 1) * DAY_US + DAY_US / 2;

    look(fixture, noon, 1);
    look(fixture, noon + 3600 * USEC_PER_SEC, 1);
    look(fixture, noon - 3600 * USEC_PER_SEC, 1);
    look(fixture, noon - DAY_US, 2);
    look(fixture, noon, 3);
    look(fixture, noon + 400 * DAY_US, 4);
    look(fixture, 0, 5);
    look(fixture, UINT64_MAX, 6);
    look(fixture, UINT64_MAX, 6);
}

static void run_until(struct fixture *fixture, unsigned calls)
{
    while (fixture->calls < calls)
        assert_true(sd_event_run(fixture->event, 60 * USEC_PER_SEC) > 0);
}

/* The last look was on another day: the timer sees it, each time. */
static void test_timer(void **state)
{
    struct fixture *fixture = *state;

    look(fixture, clock_realtime_us() - 3 * DAY_US, 1);
    run_until(fixture, 2);
    look(fixture, clock_realtime_us() + 3 * DAY_US, 3);
    run_until(fixture, 4);
}

static void test_full(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 2; i < DAILY_MAX; i++)
        assert_int_equal(daily_add(fixture->daily, on_day, fixture), 0);
    assert_int_equal(daily_add(fixture->daily, on_day, fixture), -ENOSPC);
    daily_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_once_a_day, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_jumps, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_timer, set_up_fast, tear_down),
        cmocka_unit_test_setup_teardown(test_full, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
