/* GetStatus. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../common/names.h"
#include "../../common/str.h"
#include "../core/agent.h"
#include "../core/versions.h"
#include "../journal/journal.h"
#include "../ledger/ledger.h"
#include "methods.h"
#include "view.h"
#include "view_lapsing.h"

#define JOURNAL_BEHIND_MAX 1000
#define MONITOR_SHOWN 100

static uint64_t journal_behind(const struct agent *agent)
{
    uint64_t seq = ledger_durable_seq(agent->ledger);
    uint64_t cursor = agent->journal ? journal_cursor(agent->journal) : seq;

    return seq > cursor ? seq - cursor : 0;
}

static void add_problem(json_t *problems, const char *text)
{
    json_array_append_new(problems, json_string(text));
}

static void add_rollback(const struct loading *loading, const char *directory, json_t *problems)
{
    struct str_builder builder = {0};
    AUTO_FREE char *line = NULL;
    char when[CLOCK_RFC3339_SIZE];

    clock_format_rfc3339(loading->held_real_us, when);
    str_appendf(&builder, "policy %.12s is in force by a rollback of %s, %s%s%s; ", loading->digest,
        when, loading->held_by ? loading->held_by : "root", loading->held_reason ? ": " : "",
        loading->held_reason ? loading->held_reason : "");
    str_appendf(&builder, "the files in %s still say %.12s: correct them and reload, which ends it",
        directory, loading->held);
    line = str_builder_take(&builder);
    add_problem(problems, line ? line : "the policy in force was rolled back to");
}

static void add_policy_problems(const struct agent *agent, json_t *problems)
{
    if (agent->policy_real_us == 0)
        add_problem(problems, "no policy is in force yet: everything is refused");
    else if (texts_count(&agent->policy_errors) > 0)
        add_problem(problems, "the newest policy or configuration does not load; an earlier one is "
                              "in force (assent policy check)");
    if (agent->policy_real_us > 0 && agent->loading.held[0] != '\0')
        add_rollback(&agent->loading, agent->options.policy_dir, problems);
    if (versions_failed(agent))
        add_problem(problems, "the text of the policy in force is not in the ledger yet: a start "
                              "with files that do not load could not fall back on it");
}

/* What an administrator must look at, one line each. */
static json_t *find_problems(const struct agent *agent)
{
    json_t *problems = json_array();
    struct ledger_health health;
    char line[160];

    ledger_health(agent->ledger, &health);
    add_policy_problems(agent, problems);
    if (health.stalled)
        add_problem(problems,
            "the ledger's disk does not answer: nothing can be recorded, so everything is refused");
    if (health.last_error == -ENOSPC)
        add_problem(problems, "the ledger's disk is full: new decisions are refused");
    else if (health.last_error < 0) {
        snprintf(
            line, sizeof(line), "the ledger cannot be written: %s", strerror(-health.last_error));
        add_problem(problems, line);
    }
    if (health.ballast_released)
        add_problem(
            problems, "the ledger lives on its reserve: free space under " ASSENT_STATE_DIR);
    if (journal_behind(agent) > JOURNAL_BEHIND_MAX)
        add_problem(problems, "the journal does not take our records (journald frozen?); they are "
                              "kept and will be copied");
    return problems;
}

/* What is only watched, and whether it is still said to be; how many are not shown. */
static json_t *view_monitor(const struct agent *agent, json_int_t *ret_more)
{
    json_t *array = json_array();

    *ret_more = 0;
    for (const char *what = NULL; (what = monitor_next(&agent->monitor, what));) {
        if (json_array_size(array) == MONITOR_SHOWN)
            ++*ret_more;
        else
            json_array_append_new(array, json_pack("{s:s, s:b}", "what", what, "declared",
                                             monitor_is_declared(agent, what)));
    }
    return array;
}

void method_get_status(struct public_call *call, json_t *parameters, void *userdata)
{
    struct agent *agent = userdata;
    json_t *problems = find_problems(agent), *lapsed = view_lapsed(agent, call);
    bool healthy = json_array_size(problems) == 0 && json_array_size(lapsed) == 0;
    json_int_t more;
    json_t *monitor = view_monitor(agent, &more);

    (void)parameters;
    book_recount(&agent->book);
    public_reply(
        call, json_pack("{s:s, s:s, s:o, s:b, s:o, s:o, s:o, s:I, s:o, s:I, s:I, s:I, s:I}",
                  "version", ASSENT_VERSION, "host", agent->config.host, "started",
                  view_time(agent->started_real_us), "healthy", healthy, "problems", problems,
                  "lapsed", lapsed, "monitor", monitor, "monitor_more", more, "policy",
                  view_policy(agent, call), "requests", (json_int_t)agent->book.request_count,
                  "grants", (json_int_t)agent->book.grant_count, "records",
                  (json_int_t)ledger_durable_seq(agent->ledger), "journal_behind",
                  (json_int_t)journal_behind(agent)));
}
