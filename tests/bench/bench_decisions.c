/* A ledger full of recorded decisions, as the agent would have made them, for `assent policy
 * replay`: sudo commands of the accounts, groups, hosts and units that rules.h names, refused by
 * no rule.
 *
 *     bench_decisions N RULES FILE     N decisions in the ledger FILE */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "../../agent/core/audit.h"
#include "../../agent/ledger/ledger.h"
#include "../../agent/policy/policy.h"
#include "../../agent/state/request.h"
#include "../../common/clock.h"
#include "bench.h"
#include "rules.h"

/* The texts and lists that one decision points to. */
struct drawn {
    char user[16], host[16], unit[16];
    const char *argv[3];
    gid_t groups[ASKING_GROUPS];
    struct facts facts;
    struct subject subject;
    struct scope scope;
};

/* Every decision on another rule's command, every second on its host and by its first user. */
static void draw(struct drawn *drawn, unsigned number, unsigned rules)
{
    struct drawn_rule rule;

    rule_draw(number % rules, rules, &rule);
    *drawn = (struct drawn){0};
    snprintf(drawn->user, sizeof(drawn->user), "user%u",
        number % 2 == 0 && rule.user_count > 0 ? rule.users[0] : number % rules);
    snprintf(drawn->host, sizeof(drawn->host), "host%u", rule.hosts[number % RULE_HOSTS]);
    snprintf(drawn->unit, sizeof(drawn->unit), "unit%u", rule.number);
    drawn->argv[0] = "systemctl";
    drawn->argv[1] = "restart";
    drawn->argv[2] = drawn->unit;
    for (unsigned i = 0; i < ASKING_GROUPS; i++)
        drawn->groups[i] = 1000 + (number + i) % (rules / 5 + 10);
}

static void fill_in(struct drawn *drawn)
{
    uint32_t uid = 1000 + (uint32_t)strtoul(drawn->user + strlen("user"), NULL, 10);

    drawn->facts = (struct facts){
        .uid = uid,
        .user = drawn->user,
        .kind = SUBJECT_HUMAN,
        .groups_known = true,
        .groups = drawn->groups,
        .group_count = 8,
        .service = "sudo",
        .host = drawn->host,
        .run_as_known = true,
        .rhost_is_none = true,
        .tty = TTY_PTY,
        .command = RULE_COMMAND,
        .argv = drawn->argv,
        .argc = 3,
        .now_us = clock_realtime_us(),
        .reason = "the replica is stuck, see the ticket of this morning",
    };
    drawn->subject = (struct subject){.uid = uid, .name = drawn->user, .kind = SUBJECT_HUMAN};
    drawn->scope = (struct scope){
        .service = (char *)"sudo",
        .run_as = (char *)"root",
        .command = (char *)RULE_COMMAND,
        .cwd = (char *)"/srv/app",
    };
    for (size_t i = 0; i < 3; i++)
        if (texts_add(&drawn->scope.arguments, drawn->argv[i]) < 0)
            bench_die("memory", ENOMEM);
}

static void put_decision(struct ledger_batch *batch, struct drawn *drawn)
{
    static const struct verdict denied = {
        .decision = DECISION_DENY, .reason = "no rule allows this"};
    struct audit_decision decision = {
        .chain = "K7QM-2F9X",
        .subject = &drawn->subject,
        .scope = &drawn->scope,
        .verdict = &denied,
        .policy = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        .tty = "/dev/pts/3",
        .reason = drawn->facts.reason,
        .facts = &drawn->facts,
    };

    audit_decided(batch, &decision);
}

static void on_done(int result, uint64_t first_seq UNUSED, void *userdata UNUSED)
{
    if (result < 0)
        bench_die("commit", -result);
}

static void put_decisions(struct ledger *ledger, unsigned count, unsigned rules)
{
    for (unsigned i = 0; i < count;) {
        struct ledger_batch *batch = ledger_batch_new();

        if (!batch)
            bench_die("memory", ENOMEM);
        for (unsigned end = i + 100; i < count && i < end; i++) {
            struct drawn drawn;

            draw(&drawn, i, rules);
            fill_in(&drawn);
            put_decision(batch, &drawn);
            texts_done(&drawn.scope.arguments);
        }
        ledger_submit(ledger, batch, true, on_done, NULL);
    }
}

int main(int argc, char **argv)
{
    struct ledger_options options = {.path = argc == 4 ? argv[3] : NULL};
    struct ledger *ledger;
    sd_event *event;
    char *detail;

    if (argc != 4)
        bench_die("usage: N RULES FILE", 0);
    if (sd_event_new(&event) < 0 || ledger_open(event, &options, &ledger, &detail) != 0)
        bench_die("the ledger cannot be opened", 0);
    put_decisions(
        ledger, (unsigned)bench_number(argv[1], 10000000), (unsigned)bench_number(argv[2], 100000));
    ledger_drain(ledger);
    ledger_close(ledger);
    sd_event_unref(event);
    return 0;
}
