#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../common/clock.h"
#include "base/certificates.h"
#include "base/decisions.h"
#include "base/json.h"
#include "base/output.h"
#include "base/since.h"
#include "policy/replay.h"
#include "policy/view_replay.h"
#include "verbs.h"
#include "view/progress.h"

#define PROGRESS_EVERY 5000

struct run {
    const struct cli_options *options;
    struct replay replay;
};

static int on_decision(const json_t *decision, void *userdata)
{
    struct run *run = userdata;

    if (run->replay.seen % PROGRESS_EVERY == 0)
        progress_count(run->options, "decisions replayed", run->replay.seen);
    return replay_add(&run->replay, decision);
}

static int print(const struct run *run, uint64_t since_us)
{
    AUTO_JSON json_t *json = NULL;
    struct str_builder out = {0};
    struct view view;

    if (run->options->json) {
        json = view_replay_to_json(&run->replay, since_us);
        return output_json(json);
    }
    view_init(&view, run->options);
    view_show_replay(&out, &view, &run->replay, since_us, cli_value(run->options, "rules") != NULL);
    return output_text(&out);
}

static int replay_since(struct run *run, uint64_t since_us)
{
    int r = decisions_each(run->options, since_us, on_decision, run);

    progress_clear(run->options);
    if (r != CLI_OK)
        return r;
    replay_end(&run->replay);
    r = print(run, since_us);
    if (r == CLI_OK && run->replay.changed > 0 && cli_value(run->options, "fail-on-change"))
        return CLI_USAGE;
    return r;
}

int verb_policy_replay(int argc UNUSED, char **argv, const struct cli_options *options)
{
    CLEANUP(policy_dir_done) struct policy_dir policy = {0};
    struct run run = {.options = options, .replay = {.policy = &policy}};
    uint64_t since_us;
    int r;

    if (since_parse(cli_value(options, "since"), &since_us) < 0)
        return cli_usage_error(options, "--since takes a length of time as 30d, a day as "
                                        "2026-11-20, or a time as 2026-11-20T10:00:00Z");
    r = policy_dir_load(&policy, argv[1]);
    if (r == CLI_OK)
        r = certificates_apply(options, policy.policy);
    if (r == CLI_OK)
        r = replay_since(&run, since_us);
    replay_done(&run.replay);
    return r;
}
