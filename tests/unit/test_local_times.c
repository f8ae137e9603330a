/* Local times of many moments, quickly: those that zones.h finds one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "../../agent/facts/zones.h"
#include "../../agent/policy/policy.h"
#include "../../agent/yaml/yaml.h"
#include "../../cli/policy/local_times.h"
#include "../../common/clock.h"
#include "../../common/macro.h"
#include "../../common/rfc3339.h"

static const char rules[] =
    "rules:\n"
    "  - { id: a, when: { hours: \"08:00-18:00\", zone: Europe/Berlin }, decision: deny }\n"
    "  - { id: b, when: { hours: \"08:00-18:00\", zone: Australia/Lord_Howe },\n"
    "      decision: deny }\n"
    "  - { id: c, when: { hours: \"08:00-18:00\", zone: Asia/Kathmandu }, decision: deny }\n";

static void assert_same_times(struct local_times *times, struct zones *zones, uint64_t seconds)
{
    uint64_t now_us = seconds * USEC_PER_SEC + 1;
    const struct zone_time *quick = local_times_at(times, now_us);
    const struct zone_time *exact = zones_at(zones, now_us);

    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(quick[i].known, exact[i].known);
        assert_int_equal(quick[i].weekday, exact[i].weekday);
        assert_int_equal(quick[i].minute, exact[i].minute);
        assert_int_equal(quick[i].day, exact[i].day);
    }
}

/* Through a year, and around the moments when clocks change: by an hour, by half an hour. Zones
 * that are not whole hours from UTC among them. */
static void test_local_times_are_those_of_zones(void **state)
{
    static const char *const changes[] = {"2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z",
        "2026-04-04T15:00:00Z", "2026-10-03T15:30:00Z"};
    struct policy_file file = {.name = "p.yaml", .text = rules, .length = strlen(rules)};
    struct yaml_errors errors = {0};
    CLEANUP(cleanup_policy) struct policy *policy = policy_compile(&file, 1, &errors);
    struct local_times *times;
    struct zones *zones;
    uint64_t change_us;

    (void)state;
    assert_non_null(policy);
    times = local_times_new(policy);
    zones = zones_new(policy);
    assert_non_null(times);
    assert_non_null(zones);
    assert_int_equal(policy_zone_count(policy), 4);
    assert_null(local_times_at(times, 0));
    for (uint64_t hour = 0; hour < 24 * 365; hour += 11)
        assert_same_times(times, zones, UINT64_C(1767225600) + hour * 3600 + hour % 60 * 60);
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        assert_int_equal(rfc3339_parse(changes[i], &change_us), 0);
        for (uint64_t minute = 0; minute < 240; minute += 5)
            assert_same_times(times, zones, change_us / USEC_PER_SEC - 7200 + minute * 60);
    }
    zones_free(zones);
    local_times_free(times);
    assert_string_equal(getenv("TZ"), "UTC");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_local_times_are_those_of_zones),
    };

    if (setenv("TZ", "UTC", 1) < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
