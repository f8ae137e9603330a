/* What a whole agent tells of rules that lapse and of people who go: in time, once each, over
 * restarts, and what its daily look changes and leaves alone. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../agent/state/certificate.h"
#include "../../cli/base/json.h"
#include "../../cli/base/varlink.h"
#include "../../common/accounts_file.h"
#include "../../common/clock.h"
#include "../../common/file.h"
#include "../../common/macro.h"
#include "../../common/str.h"
#include "agent_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define TIMEOUT_US (20 * USEC_PER_SEC)

/* Today and so many days. */
static const char *day(int days)
{
    static char text[8][CERTIFICATE_DAY_SIZE];
    static unsigned next;
    char *into = text[next++ % 8];

    certificate_last_day(
        clock_realtime_us() + (uint64_t)((int64_t)days * (int64_t)USEC_PER_DAY) + 1, into);
    return into;
}

/* An allow rule of `owner` that is certified up to that day. */
static void put_rule(
    struct str_builder *rules, const char *id, const char *owner, const char *until)
{
    str_appendf(rules,
        "  - { id: %s, owner: %s, certified_until: %s, who: { user: man }, decision: allow,\n"
        "      what: { service: %s } }\n",
        id, owner, until, id);
}

static void write_policy(const struct agent_fixture *f, struct str_builder *rules)
{
    AUTO_FREE char *text = str_builder_take(rules);

    assert_non_null(text);
    agent_fixture_policy(f, text);
}

static int setup(void **state)
{
    static struct agent_fixture fixture;

    agent_fixture_init(&fixture, "");
    *state = &fixture;
    return 0;
}

/* ---- asking ------------------------------------------------------------------------------ */

static bool has_line(const json_t *lines, const char *text)
{
    size_t index;
    json_t *line;

    json_array_foreach(lines, index, line)
    {
        if (strstr(json_string_value(line), text))
            return true;
    }
    return false;
}

/* Whether a line about lapsed rules, or a warning of the policy, has the text in it. */
static bool says(struct agent_fixture *f, uid_t uid, const char *kind, const char *text)
{
    AUTO_JSON json_t *status = agent_call_good(f, uid, "GetStatus", NULL);
    const json_t *policy = json_object_get(status, "policy");

    return has_line(json_object_get(strcmp(kind, "lapsed") == 0 ? status : policy, kind), text);
}

static void wait_for(struct agent_fixture *f, const char *event, unsigned count)
{
    uint64_t deadline = clock_deadline(TIMEOUT_US);

    while (audit_count(f, event) < count) {
        if (clock_remaining_ms(deadline) == 0)
            fail_msg("%u times %s, expected %u", audit_count(f, event), event, count);
        usleep(2000);
    }
    assert_int_equal(audit_count(f, event), count);
}

/* Loads once more, and so looks; again while a day's look is under way. */
static void look_again(struct agent_fixture *f)
{
    unsigned before = audit_count(f, "policy-loaded");
    uint64_t deadline = clock_deadline(TIMEOUT_US);
    const char *error;
    json_t *reply;

    while (!(reply = agent_call(f, 0, "io.assent.Reload", NULL, &error))) {
        assert_string_equal(error, "io.assent.Unavailable");
        assert_true(clock_remaining_ms(deadline) > 0);
        usleep(2000);
    }
    json_decref(reply);
    wait_for(f, "policy-loaded", before + 1);
    json_decref(agent_call_good(f, 0, "GetStatus", NULL));
}

static uint64_t login(struct agent_fixture *f)
{
    struct gate_ask ask = ask_login(UID_MAN, "192.0.2.1");

    return gate_once(f, &ask).kind;
}

/* ---- certificates ------------------------------------------------------------------------ */

static void test_steps_are_told_once(void **state)
{
    struct agent_fixture *f = *state;
    struct str_builder rules = {0};

    put_rule(&rules, "sshd", "leads", day(31));
    put_rule(&rules, "month", "leads", day(29));
    put_rule(&rules, "week", "leads", day(6));
    put_rule(&rules, "tomorrow", "leads", day(0));
    put_rule(&rules, "over", "leads", day(-1));
    write_policy(f, &rules);
    agent_fixture_start(f);
    wait_for(f, "rule-lapsing", 3);
    wait_for(f, "rule-lapsed", 1);
    look_again(f);
    agent_fixture_kill(f, SIGKILL);
    agent_fixture_start(f);
    agent_fixture_new_day(f);
    look_again(f);
    agent_fixture_kill(f, SIGTERM);
    assert_int_equal(audit_count(f, "rule-lapsing"), 3);
    assert_int_equal(audit_count(f, "rule-lapsed"), 1);
}

static void test_what_is_new_is_told_anew(void **state)
{
    struct agent_fixture *f = *state;
    struct str_builder rules = {0};

    put_rule(&rules, "sshd", "leads", day(20));
    write_policy(f, &rules);
    agent_fixture_start(f);
    wait_for(f, "rule-lapsing", 1);
    put_rule(&rules, "sshd", "leads", day(25)); /* another certificate */
    write_policy(f, &rules);
    look_again(f);
    wait_for(f, "rule-lapsing", 2);
    put_rule(&rules, "sshd", "carol", day(25)); /* another rule */
    write_policy(f, &rules);
    look_again(f);
    wait_for(f, "rule-lapsing", 3);
    put_rule(&rules, "sshd", "carol", day(5)); /* nearer */
    write_policy(f, &rules);
    look_again(f);
    wait_for(f, "rule-lapsing", 4);
    put_rule(&rules, "sshd", "carol", day(-5));
    write_policy(f, &rules);
    look_again(f);
    wait_for(f, "rule-lapsed", 1);
}

static void test_status_says_it_to_whom_it_concerns(void **state)
{
    struct agent_fixture *f = *state;
    struct str_builder rules = {0};
    AUTO_JSON json_t *status = NULL;

    put_rule(&rules, "sshd", "leads", day(-1));
    put_rule(&rules, "su", "leads", day(10));
    write_policy(f, &rules);
    agent_fixture_start(f);
    status = agent_call_good(f, UID_MAN, "GetStatus", NULL);
    assert_true(json_is_false(json_object_get(status, "healthy")));
    for (size_t i = 0; i < 2; i++) {
        uid_t uid = i == 0 ? 0 : UID_GAMES;

        assert_true(says(f, uid, "lapsed", "rule sshd was certified up to"));
        assert_true(says(f, uid, "warnings", "rule su is certified up to"));
    }
    assert_true(says(f, UID_MAN, "lapsed", "1 rule has lapsed"));
    assert_false(says(f, UID_MAN, "lapsed", "sshd"));
    assert_false(says(f, UID_MAN, "warnings", "su"));
}

static void test_lapsing_alone_is_healthy(void **state)
{
    struct agent_fixture *f = *state;
    struct str_builder rules = {0};
    AUTO_JSON json_t *status = NULL;

    put_rule(&rules, "su", "leads", day(10));
    str_append(&rules, "  - { id: off, owner: leads, who: { user: man }, decision: allow, "
                       "disabled: yes }\n");
    write_policy(f, &rules);
    agent_fixture_start(f);
    status = agent_call_good(f, 0, "GetStatus", NULL);
    assert_true(json_is_true(json_object_get(status, "healthy")));
}

/* Watches as that account; what comes is written to `ret_fd`. */
static pid_t watch(struct agent_fixture *f, uid_t uid, int *ret_fd)
{
    uint64_t deadline = clock_deadline(TIMEOUT_US);
    struct varlink_reply reply = {0};
    struct varlink *link = NULL;
    int pipes[2];
    pid_t pid;

    assert_int_equal(pipe2(pipes, O_CLOEXEC | O_NONBLOCK), 0);
    pid = fork();
    assert_true(pid >= 0);
    *ret_fd = pipes[0];
    if (pid > 0) {
        close(pipes[1]);
        return pid;
    }
    if (setresgid(65534, 65534, 65534) < 0 || setresuid(uid, uid, uid) < 0 ||
        varlink_open(f->public, deadline, &link) < 0 ||
        varlink_send(link, "io.assent.Watch", NULL, true, deadline) < 0)
        _exit(1);
    while (varlink_receive(link, deadline, &reply) == 0)
        if (json_dumpfd(reply.parameters, pipes[1], JSON_COMPACT) < 0)
            _exit(1);
    _exit(0);
}

static void end_watch(pid_t pid, int fd)
{
    close(fd);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* Loads rules that lapse some other day, until the owner has seen of it; what they saw. */
static void wait_for_news(struct agent_fixture *f, int fd, char *seen, size_t size)
{
    static unsigned next;
    uint64_t deadline = clock_deadline(TIMEOUT_US);
    ssize_t length;

    while ((length = read(fd, seen, size - 1)) <= 0) {
        struct str_builder rules = {0};

        assert_true(clock_remaining_ms(deadline) > 0);
        put_rule(&rules, "sshd", "leads", day(10 + (int)(next++ % 10)));
        write_policy(f, &rules);
        look_again(f);
    }
    seen[length] = '\0';
}

/* Of their rules, not of those who use them. */
static void test_owners_watch_their_rules(void **state)
{
    struct agent_fixture *f = *state;
    char seen[4096] = "", none[16];
    int owner_fd, other_fd;
    pid_t owner, other;

    agent_fixture_start(f);
    other = watch(f, UID_MAN, &other_fd);
    owner = watch(f, UID_GAMES, &owner_fd);
    wait_for_news(f, owner_fd, seen, sizeof(seen));
    assert_non_null(strstr(seen, "\"event\":\"rule-lapsing\""));
    assert_true(read(other_fd, none, sizeof(none)) <= 0);
    assert_int_equal(login(f), GATE_ALLOW);
    assert_int_equal(audit_count(f, "decided"), 1);
    while (read(owner_fd, seen, sizeof(seen)) > 0)
        assert_null(strstr(seen, "\"event\":\"decided\""));
    wait_for_news(f, owner_fd, seen, sizeof(seen));
    assert_non_null(strstr(seen, "\"event\":\"rule-lapsing\""));
    assert_null(strstr(seen, "\"event\":\"decided\""));
    end_watch(owner, owner_fd);
    end_watch(other, other_fd);
}

/* What could not be written is told at the next look. */
static void test_on_a_broken_disk(void **state)
{
    struct agent_fixture *f = *state;
    struct str_builder rules = {0};

    put_rule(&rules, "sshd", "leads", day(100));
    write_policy(f, &rules);
    agent_fixture_start(f);
    ledger_execute(f, "CREATE TRIGGER broken BEFORE INSERT ON state WHEN NEW.kind = 5 "
                      "BEGIN SELECT RAISE(ABORT, 'broken'); END;");
    put_rule(&rules, "sshd", "leads", day(-1));
    write_policy(f, &rules);
    /* whatever shares its transaction fails with it, the record of the load as well */
    json_decref(agent_call_good(f, 0, "Reload", NULL));
    json_decref(agent_call_good(f, 0, "Reload", NULL));
    assert_int_equal(audit_count(f, "rule-lapsed"), 0);
    ledger_execute(f, "DROP TRIGGER broken;");
    look_again(f);
    wait_for(f, "rule-lapsed", 1);
}

#define MANY 500

static void test_many_rules(void **state)
{
    struct agent_fixture *f = *state;
    struct str_builder rules = {0};
    AUTO_JSON json_t *status = NULL;
    char id[16];

    for (unsigned i = 0; i < MANY; i++) {
        snprintf(id, sizeof(id), "rule-%u", i);
        put_rule(&rules, id, "leads", day(-1));
    }
    write_policy(f, &rules);
    agent_fixture_start(f);
    wait_for(f, "rule-lapsed", MANY);
    status = agent_call_good(f, 0, "GetStatus", NULL);
    assert_int_equal(json_array_size(json_object_get(status, "lapsed")), 21);
    assert_true(has_line(json_object_get(status, "lapsed"), "480 more rules have lapsed"));
    agent_fixture_kill(f, SIGTERM);
    agent_fixture_start(f);
    look_again(f);
    agent_fixture_kill(f, SIGTERM);
    assert_int_equal(audit_count(f, "rule-lapsed"), MANY);
}

/* ---- identities -------------------------------------------------------------------------- */

static void put_identity(
    struct str_builder *rules, const char *account, const char *owner, const char *expires)
{
    str_appendf(rules, "  i-%s: { user: %s, owner: %s, purpose: Tests, expires: %s }\n", account,
        account, owner, expires);
}

static void test_identities_are_told_of_once(void **state)
{
    struct agent_fixture *f = *state;
    struct str_builder rules = {0};
    AUTO_FREE char *record = NULL;

    put_rule(&rules, "sshd", "leads", day(100));
    str_append(&rules, "identities:\n");
    put_identity(&rules, "daemon", "leads", day(31));
    put_identity(&rules, "man", "leads", day(29));
    put_identity(&rules, "lp", "leads", day(6));
    put_identity(&rules, "mail", "leads", day(0));
    put_identity(&rules, "news", "dave", day(-1));
    write_policy(f, &rules);
    agent_fixture_start(f);
    wait_for(f, "identity-lapsing", 3);
    wait_for(f, "identity-lapsed", 1);
    record = audit_record(f, "identity-lapsed");
    assert_non_null(strstr(record, "\"identity\":\"i-news\""));
    assert_non_null(strstr(record, "\"owner\":\"dave\""));
    assert_non_null(strstr(record, "\"lapse\":\"date\""));
    assert_true(says(f, 0, "lapsed", "identity i-news ended on "));
    assert_true(says(f, UID_GAMES, "lapsed", "identity i-news ended on "));
    assert_false(says(f, UID_BIN, "lapsed", "identity i-news"));
    assert_true(says(f, UID_BIN, "lapsed", "1 identity has lapsed"));
    assert_true(says(f, UID_BIN, "warnings", "identity i-mail ends on "));
    assert_true(says(f, 0, "warnings", "leads sets a later `expires` in the policy"));
    assert_false(says(f, UID_MAN, "warnings", "identity"));
    assert_false(says(f, 0, "warnings", "i-daemon"));
    agent_fixture_new_day(f);
    look_again(f);
    agent_fixture_kill(f, SIGTERM);
    agent_fixture_start(f);
    look_again(f);
    assert_int_equal(audit_count(f, "identity-lapsing"), 3);
    assert_int_equal(audit_count(f, "identity-lapsed"), 1);
    assert_int_equal(audit_count(f, "rule-lapsed"), 0);
}

/* Renewed it is told of anew. */
static void test_an_identity_is_renewed(void **state)
{
    struct agent_fixture *f = *state;
    const int days[] = {-1, 100, 20, 5, 0, 300};
    struct str_builder rules = {0};

    agent_fixture_start(f);
    for (unsigned i = 0; i < ARRAY_SIZE(days); i++) {
        put_rule(&rules, "sshd", "leads", day(100));
        str_append(&rules, "identities:\n");
        put_identity(&rules, "man", "leads", day(days[i]));
        write_policy(f, &rules);
        look_again(f);
    }
    wait_for(f, "identity-lapsing", 3);
    wait_for(f, "identity-lapsed", 1);
    assert_false(says(f, 0, "lapsed", "identity"));
    assert_false(says(f, 0, "warnings", "identity"));
}

/* ---- people ------------------------------------------------------------------------------ */

/* Accounts as assent-accounts tells them: lines in order. */
static void write_accounts(struct agent_fixture *f, const char *lines)
{
    static char path[128];
    struct accounts_source source;
    struct stat status;
    char text[512];
    int count = 0, length;

    for (const char *c = lines; *c != '\0'; c++)
        count += *c == '\n';
    assert_int_equal(stat("/etc/shadow", &status), 0);
    source = accounts_source_of(&status);
    length = snprintf(text, sizeof(text), "assent-accounts 1 %d %ju %ju\n%s", count,
        (uintmax_t)source.changed_ns, (uintmax_t)source.inode, lines);
    snprintf(path, sizeof(path), "%s/accounts", f->directory);
    assert_int_equal(file_write_atomic(path, text, (size_t)length, 0640), 0);
    f->accounts = path;
}

/* root is the one account of every Debian whose shell lets somebody in: person ops. */
static void test_an_owner_is_locked(void **state)
{
    struct agent_fixture *f = *state;
    struct str_builder rules = {0};

    put_rule(&rules, "sshd", "ops", day(100));
    write_policy(f, &rules);
    write_accounts(f, "");
    agent_fixture_start(f);
    assert_int_equal(login(f), GATE_ALLOW);
    write_accounts(f, "root locked -\n");
    assert_int_equal(login(f), GATE_ALLOW);
    agent_fixture_new_day(f);
    wait_for(f, "rule-lapsed", 1);
    wait_for(f, "person-gone", 1);
    assert_int_equal(login(f), GATE_DENY);
    assert_true(says(f, 0, "lapsed",
        "rule sshd counts no more: nobody of its owner ops is left (ops is locked)"));
    assert_true(says(f, 0, "warnings", "ops is locked; needed by sshd"));
    agent_fixture_new_day(f);
    look_again(f);
    agent_fixture_kill(f, SIGTERM);
    agent_fixture_start(f);
    look_again(f);
    assert_int_equal(audit_count(f, "rule-lapsed"), 1);
    assert_int_equal(audit_count(f, "person-gone"), 1);
    write_accounts(f, "");
    look_again(f);
    assert_int_equal(login(f), GATE_ALLOW);
    write_accounts(f, "root locked -\n");
    agent_fixture_new_day(f);
    wait_for(f, "rule-lapsed", 2);
    wait_for(f, "person-gone", 2);
}

static void test_the_owner_of_an_identity_is_locked(void **state)
{
    struct agent_fixture *f = *state;
    struct str_builder rules = {0};
    AUTO_FREE char *record = NULL;

    put_rule(&rules, "sshd", "ops", day(100));
    str_append(&rules, "identities:\n");
    put_identity(&rules, "man", "ops", day(100));
    write_policy(f, &rules);
    write_accounts(f, "");
    agent_fixture_start(f);
    assert_int_equal(login(f), GATE_ALLOW);
    write_accounts(f, "root locked -\n");
    agent_fixture_new_day(f);
    wait_for(f, "identity-lapsed", 1);
    wait_for(f, "person-gone", 1);
    assert_int_equal(login(f), GATE_DENY);
    record = audit_record(f, "identity-lapsed");
    assert_non_null(strstr(record, "\"lapse\":\"owner\""));
    assert_true(says(f, 0, "lapsed",
        "identity i-man gets nothing: nobody of its owner ops is left (ops is locked)"));
    assert_true(says(f, 0, "warnings", "ops is locked; needed by sshd, identity i-man"));
    look_again(f);
    assert_int_equal(audit_count(f, "identity-lapsed"), 1);
    write_accounts(f, "");
    look_again(f);
    assert_int_equal(login(f), GATE_ALLOW);
    write_accounts(f, "root locked -\n");
    agent_fixture_new_day(f);
    wait_for(f, "identity-lapsed", 2);
}

static void test_an_account_ends_soon(void **state)
{
    struct agent_fixture *f = *state;
    struct str_builder rules = {0};
    char lines[64];

    put_rule(&rules, "sshd", "ops", day(100));
    write_policy(f, &rules);
    snprintf(lines, sizeof(lines), "root open %s\n", day(40));
    write_accounts(f, lines);
    agent_fixture_start(f);
    look_again(f);
    assert_int_equal(audit_count(f, "person-leaving"), 0);
    snprintf(lines, sizeof(lines), "root open %s\n", day(12));
    write_accounts(f, lines);
    agent_fixture_new_day(f);
    wait_for(f, "person-leaving", 1);
    assert_true(says(f, 0, "warnings", "ops's account ends on "));
    assert_int_equal(login(f), GATE_ALLOW);
    look_again(f);
    snprintf(lines, sizeof(lines), "root open %s\n", day(-3));
    write_accounts(f, lines);
    look_again(f);
    wait_for(f, "person-gone", 1);
    wait_for(f, "person-leaving", 1);
    assert_true(says(f, 0, "warnings", "ops has expired; needed by sshd"));
}

static void test_too_few_are_left(void **state)
{
    struct agent_fixture *f = *state;

    agent_fixture_policy(f,
        "  - id: asks\n    who: { user: man }\n    decision: escalate\n"
        "    approval: { stages: [ { from: [leads, ops], need: 2, within: 1h } ], "
        "strength: local }\n");
    write_accounts(f, ""); /* but all accounts of leads have a shell that lets nobody in */
    agent_fixture_start(f);
    wait_for(f, "person-gone", 2);
    assert_true(says(f, 0, "warnings", "rule asks needs 2 of leads, ops, and 1 is left"));
    assert_true(says(f, 0, "warnings", "carol is locked; needed by asks"));
    assert_false(says(f, UID_MAN, "warnings", "carol"));
}

/* ---- what the daily look leaves alone ---------------------------------------------------- */

static void test_a_day_changes_nothing_else(void **state)
{
    struct agent_fixture *f = *state;
    struct str_builder rules = {0};
    AUTO_JSON json_t *before = NULL, *after = NULL;

    put_rule(&rules, "sshd", "ops", day(100));
    write_policy(f, &rules);
    write_accounts(f, "");
    agent_fixture_start(f);
    before = agent_call_good(f, 0, "GetStatus", NULL);
    /* edited, but nobody has asked for it to be loaded; and no configuration any more */
    agent_fixture_policy(f, "  - { id: broken\n");
    write_accounts(f, "root locked -\n");
    agent_fixture_new_day(f);
    wait_for(f, "rule-lapsed", 1);
    after = agent_call_good(f, 0, "GetStatus", NULL);
    for (size_t i = 0; i < 3; i++) {
        static const char *const keys[] = {"digest", "loaded", "errors"};

        assert_true(json_equal(json_object_get(json_object_get(before, "policy"), keys[i]),
            json_object_get(json_object_get(after, "policy"), keys[i])));
    }
    assert_int_equal(audit_count(f, "policy-loaded"), 1);
    assert_int_equal(audit_count(f, "policy-rejected"), 0);
}

static void test_a_day_does_not_end_a_rollback(void **state)
{
    struct agent_fixture *f = *state;
    struct str_builder rules = {0};
    AUTO_JSON json_t *first = NULL, *now = NULL;
    const char *digest, *error;

    put_rule(&rules, "sshd", "ops", day(100));
    write_policy(f, &rules);
    write_accounts(f, "");
    agent_fixture_start(f);
    first = agent_call_good(f, 0, "GetStatus", NULL);
    digest = json_string_value(json_object_get(json_object_get(first, "policy"), "digest"));
    put_rule(&rules, "su", "ops", day(100));
    write_policy(f, &rules);
    look_again(f);
    json_decref(
        agent_call(f, 0, "io.assent.RollbackPolicy", json_pack("{s:s}", "digest", digest), &error));
    write_accounts(f, "root locked -\n");
    agent_fixture_new_day(f);
    wait_for(f, "rule-lapsed", 1);
    now = agent_call_good(f, 0, "GetStatus", NULL);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(now, "policy"), "digest")), digest);
    assert_true(json_is_object(json_object_get(json_object_get(now, "policy"), "rollback")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, agent_fixture_end)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(test_steps_are_told_once),
        TEST(test_what_is_new_is_told_anew),
        TEST(test_status_says_it_to_whom_it_concerns),
        TEST(test_lapsing_alone_is_healthy),
        TEST(test_owners_watch_their_rules),
        TEST(test_on_a_broken_disk),
        TEST(test_many_rules),
        TEST(test_an_owner_is_locked),
        TEST(test_the_owner_of_an_identity_is_locked),
        TEST(test_an_identity_is_renewed),
        TEST(test_identities_are_told_of_once),
        TEST(test_an_account_ends_soon),
        TEST(test_too_few_are_left),
        TEST(test_a_day_changes_nothing_else),
        TEST(test_a_day_does_not_end_a_rollback),
    };

    agent_fixture_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
