#include "trial.h"

#include <errno.h>
#include <unistd.h>

#include "../../common/clock.h"

static void read_policy(struct trial *trial)
{
    CLEANUP(policy_files_done) struct policy_files files = {0};

    policy_read(trial->directory, getuid(), &files, &trial->errors);
    trial->policy = policy_compile(files.items, files.count, &trial->errors);
    if (trial->policy && trial->errors.count == 0)
        trial->suite = suite_read(trial->policy, files.items, files.count, &trial->errors);
}

static int run_tests(struct trial *trial)
{
    size_t count = suite_count(trial->suite);

    trial->results = calloc(count + 1, sizeof(*trial->results));
    trial->took_us = calloc(count + 1, sizeof(*trial->took_us));
    if (!trial->results || !trial->took_us)
        return -ENOMEM;
    for (; trial->count < count; trial->count++) {
        uint64_t before = clock_boottime_us();
        struct suite_result *result = &trial->results[trial->count];

        if (suite_run(trial->suite, trial->count, true, result) < 0)
            return -ENOMEM;
        trial->took_us[trial->count] = clock_boottime_us() - before;
        trial->failed += result->count > 0;
    }
    return 0;
}

int trial_run(struct trial *trial)
{
    read_policy(trial);
    if (yaml_errors_total(&trial->errors) > 0)
        return 0;
    return trial->suite ? run_tests(trial) : -ENOMEM;
}

void trial_done(struct trial *trial)
{
    for (size_t i = 0; i < trial->count; i++)
        suite_result_done(&trial->results[i]);
    free(trial->results);
    free(trial->took_us);
    suite_free(trial->suite);
    policy_free(trial->policy);
    yaml_errors_done(&trial->errors);
}

bool trial_next_rule(const struct trial *trial, size_t *index, struct rule_info *ret_rule)
{
    for (; *index < policy_rule_count(trial->policy); (*index)++) {
        policy_rule(trial->policy, *index, ret_rule);
        if (ret_rule->disabled || suite_reached_rule(trial->suite, *index))
            continue;
        (*index)++;
        return true;
    }
    return false;
}

bool trial_next_entitlement(
    const struct trial *trial, size_t *index, struct entitlement_info *ret_entitlement)
{
    for (; *index < policy_entitlement_count(trial->policy); (*index)++) {
        if (suite_reached_entitlement(trial->suite, *index))
            continue;
        policy_entitlement(trial->policy, (*index)++, ret_entitlement);
        return true;
    }
    return false;
}

struct trial_cover trial_cover(const struct trial *trial)
{
    struct trial_cover cover = {.entitlements = policy_entitlement_count(trial->policy)};
    size_t all, reached;

    for (size_t i = 0; i < policy_rule_count(trial->policy); i++) {
        struct rule_info rule;

        policy_rule(trial->policy, i, &rule);
        cover.rules += !rule.disabled;
        cover.rules_reached += !rule.disabled && suite_reached_rule(trial->suite, i);
    }
    for (size_t i = 0; i < cover.entitlements; i++)
        cover.entitlements_reached += suite_reached_entitlement(trial->suite, i);
    all = cover.rules + cover.entitlements;
    reached = cover.rules_reached + cover.entitlements_reached;
    cover.percent = all > 0 ? (unsigned)(reached * 100 / all) : 100;
    return cover;
}
