/* assent policy diff */
#include <errno.h>
#include <string.h>

#include "base/certificates.h"
#include "base/decisions.h"
#include "base/json.h"
#include "base/output.h"
#include "base/since.h"
#include "base/text.h"
#include "policy/differences.h"
#include "policy/policy_source.h"
#include "policy/replay.h"
#include "policy/view_replay.h"
#include "verbs.h"
#include "view/progress.h"

#define PROGRESS_EVERY 5000

struct compared {
    const struct cli_options *options;
    struct policy_dir before, after;
    json_t *changes;
    bool replayed;
    uint64_t since_us;
    struct replay replay;
};

static void compared_done(struct compared *compared)
{
    json_decref(compared->changes);
    replay_done(&compared->replay);
    policy_dir_done(&compared->before);
    policy_dir_done(&compared->after);
}

/* ---- recorded decisions ---------------------------------------------------------------------- */

static int on_decision(const json_t *decision, void *userdata)
{
    struct compared *compared = userdata;

    if (compared->replay.seen % PROGRESS_EVERY == 0)
        progress_count(compared->options, "decisions replayed", compared->replay.seen);
    return replay_add(&compared->replay, decision);
}

static int replay_both(struct compared *compared)
{
    int r = certificates_apply(compared->options, compared->before.policy);

    compared->replay.policy = &compared->after;
    compared->replay.before = &compared->before;
    if (r == CLI_OK)
        r = certificates_apply(compared->options, compared->after.policy);
    if (r == CLI_OK)
        r = decisions_each(compared->options, compared->since_us, on_decision, compared);
    progress_clear(compared->options);
    if (r != CLI_OK)
        return r;
    replay_end(&compared->replay);
    compared->replayed = true;
    return CLI_OK;
}

/* ---- what is printed ---------------------------------------------------------------------------
 */

static json_t *side_to_json(const struct policy_dir *dir)
{
    return json_pack("{s:s, s:s}", "name", dir->path, "digest", policy_digest(dir->policy));
}

static int print_json(const struct compared *compared)
{
    AUTO_JSON json_t *result = json_pack("{s:o, s:o, s:b, s:O, s:o}", "before",
        side_to_json(&compared->before), "after", side_to_json(&compared->after), "same",
        json_array_size(compared->changes) == 0, "changes", compared->changes, "decisions",
        compared->replayed ? view_replay_to_json(&compared->replay, compared->since_us)
                           : json_null());

    return output_json(result);
}

static void put_side(struct str_builder *out, const char *mark, const struct policy_dir *dir)
{
    str_append(out, mark);
    text_put(out, dir->path);
    str_appendf(out, " (digest %.12s)\n", policy_digest(dir->policy));
}

static void put_sum(struct str_builder *out, const struct compared *compared)
{
    if (json_array_size(compared->changes) == 0) {
        str_append(out, "\nBoth mean the same.\n");
        return;
    }
    str_append(out, "\n");
    differences_put_counts(out, compared->changes);
    str_append(out, ".\n");
}

static int print_text(const struct compared *compared)
{
    struct str_builder out = {0};
    struct view view;

    view_init(&view, compared->options);
    put_side(&out, "- ", &compared->before);
    put_side(&out, "+ ", &compared->after);
    differences_put(&out, &view, compared->changes);
    put_sum(&out, compared);
    if (compared->replayed) {
        str_append(&out, "\nDecisions of this host, by the first -> by the second:\n");
        view_show_replay(&out, &view, &compared->replay, compared->since_us, false);
    }
    return output_text(&out);
}

/* ---- the verb ----------------------------------------------------------------------------------
 */

/* What was asked for but could not be had fails, though the rest is printed. */
static int compare(struct compared *compared)
{
    bool since = cli_value(compared->options, "since") != NULL;
    bool strict = cli_value(compared->options, "fail-on-change") != NULL;
    int replayed = CLI_OK, r;

    compared->changes = differences_find(compared->before.policy, compared->after.policy);
    if (!compared->changes) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    if (since)
        replayed = replay_both(compared);
    r = compared->options->json ? print_json(compared) : print_text(compared);
    if (replayed != CLI_OK)
        cli_error("the recorded decisions were not looked at");
    if (r == CLI_OK)
        r = replayed;
    return r == CLI_OK && strict && json_array_size(compared->changes) > 0 ? CLI_USAGE : r;
}

int verb_policy_diff(int argc UNUSED, char **argv, const struct cli_options *options)
{
    CLEANUP(compared_done) struct compared compared = {.options = options};
    int r;

    if (since_parse(cli_value(options, "since"), &compared.since_us) < 0)
        return cli_usage_error(options, "--since takes a length of time as 30d, a day as "
                                        "2026-11-20, or a time as 2026-11-20T10:00:00Z");
    r = policy_source_load(&compared.before, options, argv[1]);
    if (r == CLI_OK)
        r = policy_source_load(&compared.after, options, argv[2]);
    return r == CLI_OK ? compare(&compared) : r;
}
