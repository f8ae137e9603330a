/* Makes what the measurements are fed with, the same at every run:
 *
 *     bench_make rules N         a policy of N rules, the last of which lets group0 in by ssh
 *     bench_make sudo-rules N    a policy of N rules on sudo commands
 *     bench_make passwd N        N accounts user0.. from user id 1000, and the approvers
 *     bench_make group N         N groups group0.. from group id 1000
 *     bench_make grants N FILE   N open grants in the ledger FILE, each of another account
 *
 * What the rules name: rules.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "../../agent/ledger/ledger.h"
#include "../../agent/state/grant.h"
#include "../../agent/state/ids.h"
#include "../../common/clock.h"
#include "bench.h"
#include "rules.h"

#define HOUR_US (3600 * USEC_PER_SEC)

static void print_rules(unsigned rules)
{
    rules_print_head(stdout);
    for (unsigned i = 0; i + 1 < rules; i++) {
        struct drawn_rule rule;

        rule_draw(i, rules, &rule);
        rule_print_login(stdout, &rule);
    }
    printf("  - {id: let-in, owner: leads, certified_until: 2099-12-31, decision: allow,\n"
           "     who: {group: group0},\n"
           "     what: {service: sshd}, reason: The last rule}\n");
}

static void print_sudo_rules(unsigned rules)
{
    rules_print_head(stdout);
    for (unsigned i = 0; i < rules; i++) {
        struct drawn_rule rule;

        rule_draw(i, rules, &rule);
        rule_print_sudo(stdout, &rule);
    }
}

static void print_passwd(unsigned accounts)
{
    printf("root:x:0:0::/root:/bin/sh\ncarol:x:900:900::/:/bin/sh\ndave:x:901:901::/:/bin/sh\n");
    for (unsigned i = 0; i < accounts; i++)
        printf("user%u:x:%u:%u::/:/bin/sh\n", i, 1000 + i, 1000 + i);
}

static void print_groups(unsigned groups)
{
    printf("root:x:0:\n");
    for (unsigned i = 0; i < groups; i++)
        printf("group%u:x:%u:\n", i, 1000 + i);
}

/* ---- grants --------------------------------------------------------------------------- */

static struct grant *make_grant(struct ids *ids, unsigned number)
{
    struct grant *grant = grant_new();
    char text[64];

    if (!grant || ids_new(ids, grant->id) < 0 || ids_new(ids, grant->request) < 0 ||
        clock_boot_id(grant->boot_id) < 0)
        bench_die("grant", ENOMEM);
    snprintf(text, sizeof(text), "user%u", number);
    grant->subject.uid = 1000 + number;
    grant->subject.name = strdup(text);
    grant->subject.kind = 1;
    snprintf(text, sizeof(text), "bench %u", number);
    digest_bytes(text, strlen(text), grant->scope.id);
    digest_bytes("file", 4, grant->scope.digest);
    grant->scope.service = strdup("sudo");
    grant->scope.run_as = strdup("root");
    grant->scope.command = strdup("/usr/bin/systemctl");
    grant->scope.cwd = strdup("/srv/app");
    grant->created_us = clock_boottime_us();
    grant->expires_us = grant->created_us + HOUR_US;
    grant->created_real_us = clock_realtime_us();
    grant->expires_real_us = grant->created_real_us + HOUR_US;
    grant->rule = strdup("dba-restart");
    grant->purpose = strdup("the replica is stuck, see the ticket of this morning");
    digest_bytes("policy", 6, grant->policy);
    if (texts_add(&grant->scope.arguments, "systemctl") < 0 ||
        texts_add(&grant->scope.arguments, "restart") < 0 ||
        texts_add(&grant->scope.arguments, "postgresql@15") < 0 ||
        texts_add(&grant->approvers, "carol") < 0)
        bench_die("grant", ENOMEM);
    return grant;
}

static void put_grants(struct ledger *ledger, unsigned grants)
{
    static const uint8_t key[16] = "of the benchmark";
    struct ids ids;

    ids_init(&ids, key, 0);
    ids_reserved(&ids, 2 * (uint64_t)grants);
    for (unsigned i = 0; i < grants;) {
        struct ledger_batch *batch = ledger_batch_new();

        if (!batch)
            bench_die("memory", ENOMEM);
        for (unsigned end = i + 100; i < grants && i < end; i++) {
            struct grant *grant = make_grant(&ids, i);
            char *body = grant_store(grant);

            ledger_batch_put(batch, LEDGER_GRANT, grant->id, true, body);
            free(body);
            grant_free(grant);
        }
        ledger_submit(ledger, batch, true, NULL, NULL);
    }
}

/* Closing commits what was submitted. */
static void make_ledger(const char *path, unsigned grants)
{
    struct ledger_options options = {.path = path};
    struct ledger *ledger;
    sd_event *event;
    char *detail = NULL;
    int r = sd_event_new(&event);

    if (r < 0)
        bench_die("event loop", -r);
    r = ledger_open(event, &options, &ledger, &detail);
    if (r != 0)
        bench_die(detail ? detail : path, 0);
    put_grants(ledger, grants);
    ledger_close(ledger);
    sd_event_unref(event);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    unsigned count = (unsigned)bench_number(argc > 2 ? argv[2] : NULL, 50000);

    if (strcmp(what, "rules") == 0)
        print_rules(count);
    else if (strcmp(what, "sudo-rules") == 0)
        print_sudo_rules(count);
    else if (strcmp(what, "passwd") == 0)
        print_passwd(count);
    else if (strcmp(what, "group") == 0)
        print_groups(count);
    else if (strcmp(what, "grants") == 0 && argc == 4)
        make_ledger(argv[3], count);
    else
        bench_die("usage: rules N | sudo-rules N | passwd N | group N | grants N FILE", 0);
    return 0;
}
