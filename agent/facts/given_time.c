#include "given_time.h"

#include <string.h>

#include "../../common/rfc3339.h"
#include "../policy/moment.h"
#include "zones.h"

#define MINUTES_A_DAY 1440
#define EPOCH_WEEKDAY 3 /* 1970-01-01 was a Thursday */

/* None of them known yet; NULL with an error added. */
static struct zone_time *make_zones(struct given *given, const struct yaml_node *node,
    const struct given_world *world, struct yaml_errors *errors)
{
    struct zone_time *zones =
        arena_alloc(world->arena, policy_zone_count(world->policy) * sizeof(*zones));

    if (!zones)
        yaml_error(errors, node, "out of memory");
    given->facts.zones = zones;
    return zones;
}

static void read_at(struct given *given, const struct yaml_node *node,
    const struct given_world *world, struct zone_time *zones, struct yaml_errors *errors)
{
    const char *text = yaml_text(node, errors);

    if (!text)
        return;
    if (rfc3339_parse(text, &given->facts.now_us) < 0) {
        yaml_error(errors, node, "'%s' is not a time such as 2026-11-20T10:00:00Z", text);
        return;
    }
    memcpy(zones, zones_at(world->zones, given->facts.now_us),
        policy_zone_count(world->policy) * sizeof(*zones));
}

/* A local time, for zones whose rules the test must not depend on. */
static void read_local(
    const struct yaml_node *node, struct zone_time *ret_time, struct yaml_errors *errors)
{
    const char *text = yaml_text(node, errors);
    struct moment moment;
    int32_t day;

    if (!text)
        return;
    if (strlen(text) != strlen("2026-11-20 10:00") || !moment_parse(text, false, &moment) ||
        moment.kind != MOMENT_LOCAL) {
        yaml_error(errors, node, "'%s' is not a local time such as 2026-11-20 10:00", text);
        return;
    }
    day = (int32_t)(moment.value / MINUTES_A_DAY);
    *ret_time = (struct zone_time){
        .known = true,
        .weekday = (day + EPOCH_WEEKDAY) % 7,
        .minute = (int)(moment.value % MINUTES_A_DAY),
        .day = day,
    };
}

static void read_zones(struct yaml_node *node, const struct policy *policy, struct zone_time *zones,
    struct yaml_errors *errors)
{
    if (!yaml_expect(node, YAML_MAPPING, errors))
        return;
    for (size_t i = 0; i < policy_zone_count(policy); i++) {
        const struct yaml_node *zone = yaml_take(node, policy_zone_name(policy, i));

        if (zone)
            read_local(zone, &zones[i], errors);
    }
    yaml_finish(node, errors);
}

void given_read_time(struct given *given, struct yaml_node *node, const struct given_world *world,
    struct yaml_errors *errors)
{
    const struct yaml_node *at = yaml_take(node, "at");
    struct yaml_node *others = yaml_take(node, "zones");
    struct zone_time *zones = at || others ? make_zones(given, node, world, errors) : NULL;

    if (at && zones)
        read_at(given, at, world, zones, errors);
    if (others && zones)
        read_zones(others, world->policy, zones, errors);
}
