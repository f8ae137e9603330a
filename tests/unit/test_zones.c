#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../agent/facts/zones.h"
#include "../../common/clock.h"
#include "../../common/macro.h"

static const char *const names[] = {"", "Europe/Berlin", "Asia/Kathmandu", "UTC",
    "Mars/Olympus_Mons", "../../../etc/passwd", "/etc/localtime", "Europe", "tzdata.zi"};

enum { HOST, BERLIN, KATHMANDU, UTC, MARS, DOTS, ABSOLUTE, FOLDER, NO_TZIF };

static uint64_t utc(int month, int day, int hour, int minute)
{
    struct tm tm = {
        .tm_year = 126, .tm_mon = month - 1, .tm_mday = day, .tm_hour = hour, .tm_min = minute};

    return (uint64_t)timegm(&tm) * USEC_PER_SEC;
}

static void check(const struct zone_time *time, int weekday, int hour, int minute)
{
    assert_true(time->known);
    assert_int_equal(time->weekday, weekday);
    assert_int_equal(time->minute, hour * 60 + minute);
}

static int set_up(void **state)
{
    *state = zones_new_named(names, ARRAY_SIZE(names));
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    zones_free(*state);
    return 0;
}

/* 2026-03-29 (Sunday) 01:00 UTC: 02:00 CET becomes 03:00 CEST. */
static void test_spring(void **state)
{
    check(&zones_at(*state, utc(3, 29, 0, 59))[BERLIN], 6, 1, 59);
    check(&zones_at(*state, utc(3, 29, 1, 0))[BERLIN], 6, 3, 0);
}

/* 2026-10-25 (Sunday) 01:00 UTC: 03:00 CEST becomes 02:00 CET. */
static void test_autumn(void **state)
{
    check(&zones_at(*state, utc(10, 25, 0, 0))[BERLIN], 6, 2, 0);
    check(&zones_at(*state, utc(10, 25, 0, 59))[BERLIN], 6, 2, 59);
    check(&zones_at(*state, utc(10, 25, 1, 0))[BERLIN], 6, 2, 0);
    check(&zones_at(*state, utc(10, 25, 1, 59))[BERLIN], 6, 2, 59);
    check(&zones_at(*state, utc(10, 25, 2, 0))[BERLIN], 6, 3, 0);
}

/* +05:45; a day ahead in the evening. */
static void test_quarter_hours(void **state)
{
    check(&zones_at(*state, utc(11, 20, 10, 0))[KATHMANDU], 4, 15, 45);
    check(&zones_at(*state, utc(11, 20, 18, 15))[KATHMANDU], 5, 0, 0);
    check(&zones_at(*state, utc(11, 20, 18, 14))[KATHMANDU], 4, 23, 59);
}

static void test_week(void **state)
{
    for (int day = 16; day <= 22; day++) /* 2026-11-16 is a Monday */
        check(&zones_at(*state, utc(11, day, 12, 30))[UTC], day - 16, 12, 30);
}

static void test_host(void **state)
{
    time_t seconds = (time_t)(utc(7, 1, 12, 34) / USEC_PER_SEC);
    const struct zone_time *time = zones_at(*state, utc(7, 1, 12, 34));
    struct tm tm;

    assert_int_equal(setenv("TZ", ":/etc/localtime", 1), 0);
    tzset();
    assert_non_null(localtime_r(&seconds, &tm));
    check(&time[HOST], (tm.tm_wday + 6) % 7, tm.tm_hour, tm.tm_min);
    assert_string_equal(getenv("TZ"), ":/etc/localtime");
}

/* Within the minute the answer stays; a clock set back is noticed. */
static void test_remembered(void **state)
{
    check(&zones_at(*state, utc(11, 20, 10, 0))[UTC], 4, 10, 0);
    check(&zones_at(*state, utc(11, 20, 10, 0) + 59999999)[UTC], 4, 10, 0);
    check(&zones_at(*state, utc(11, 20, 10, 1))[UTC], 4, 10, 1);
    check(&zones_at(*state, utc(11, 19, 10, 1))[UTC], 3, 10, 1);
}

static void test_missing(void **state)
{
    const struct zone_time *times = zones_at(*state, utc(1, 1, 0, 0));

    for (int i = MARS; i <= NO_TZIF; i++)
        assert_false(times[i].known);
    assert_string_equal(zones_missing(*state, 0), "Mars/Olympus_Mons");
    assert_string_equal(zones_missing(*state, 1), "../../../etc/passwd");
    assert_string_equal(zones_missing(*state, 2), "/etc/localtime");
    assert_string_equal(zones_missing(*state, 3), "Europe");
    assert_string_equal(zones_missing(*state, 4), "tzdata.zi");
    assert_null(zones_missing(*state, 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spring),
        cmocka_unit_test(test_autumn),
        cmocka_unit_test(test_quarter_hours),
        cmocka_unit_test(test_week),
        cmocka_unit_test(test_host),
        cmocka_unit_test(test_remembered),
        cmocka_unit_test(test_missing),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
