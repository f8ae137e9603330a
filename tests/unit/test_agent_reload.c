/* A policy that comes into force between the question at a door and its answer: while the command's
 * file is hashed, and while the decision is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../common/clock.h"
#include "../../common/macro.h"
#include "../../common/str.h"
#include "agent_fixture.h"

#define TIMEOUT_US (20 * USEC_PER_SEC)
#define HELD_SIZE 4711 /* of the one file that is slow to read */

#define CERTIFIED "owner: ops, certified_until: 2099-12-31"
#define ASKS                                                                                \
    "  - { id: asks, who: { user: daemon }, what: { service: sudo }, decision: escalate,\n" \
    "      approval: { stages: [ { from: leads, within: 5m } ], strength: local },\n"       \
    "      uses: 5, evidence: { reason: optional } }\n"
#define ALLOWS                                                                             \
    "  - { id: allows, who: { user: daemon }, what: { service: sudo }, decision: allow,\n" \
    "      " CERTIFIED ", uses: 5 }\n"
#define DENIES                                                                                  \
    "  - { id: denies, who: { user: daemon }, what: { service: sudo, command: \"/opt/held *\" " \
    "},\n      decision: deny, reason: not now }\n"

/* ---- a disk that is slow where the test wants it ------------------------------------------ */

static char held_path[96], hold_path[96];

/* In the agent's digester: who reads the file waits until the test has written. */
ssize_t pread(int fd, void *buffer, size_t size, off_t offset)
{
    struct stat st;

    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == HELD_SIZE && offset == 0) {
        AUTO_CLOSE int hold = open(hold_path, O_RDONLY | O_CLOEXEC);
        char byte;

        if (hold >= 0)
            (void)!read(hold, &byte, 1);
    }
    return (ssize_t)syscall(SYS_pread64, fd, buffer, size, offset);
}

/* Returns, once somebody reads the file, the end to close to let them go on. */
static int await_reader(void)
{
    uint64_t deadline = clock_deadline(TIMEOUT_US);
    int fd;

    while ((fd = open(hold_path, O_WRONLY | O_CLOEXEC | O_NONBLOCK)) < 0) {
        assert_true(clock_remaining_ms(deadline) > 0);
        usleep(1000);
    }
    assert_int_equal(unlink(hold_path), 0);
    return fd;
}

static void hold_the_next(void)
{
    assert_int_equal(mkfifo(hold_path, 0600), 0);
}

/* ---- fixture ------------------------------------------------------------------------------- */

static int setup_with(void **state, const char *rules)
{
    static struct agent_fixture fixture;
    FILE *file;

    agent_fixture_init(&fixture, rules);
    snprintf(held_path, sizeof(held_path), "%s/held", fixture.directory);
    snprintf(hold_path, sizeof(hold_path), "%s/hold", fixture.directory);
    file = fopen(held_path, "we");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(truncate(held_path, HELD_SIZE), 0);
    file = fopen(fixture.config, "we");
    assert_non_null(file);
    assert_true(fputs("host: first.example\nlabels: [web]\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    agent_fixture_start(&fixture);
    *state = &fixture;
    return 0;
}

static int setup_asks(void **state)
{
    return setup_with(state, ASKS);
}

static int setup_allows(void **state)
{
    return setup_with(state, ALLOWS);
}

static void reload(struct agent_fixture *f, const char *rules)
{
    agent_fixture_policy(f, rules);
    json_decref(agent_call_good(f, 0, "Reload", NULL));
}

/* The digest of the policy in force, in fresh memory. */
static char *policy_of(struct agent_fixture *f)
{
    json_t *status = agent_call_good(f, 0, "GetStatus", NULL);
    const char *digest =
        json_string_value(json_object_get(json_object_get(status, "policy"), "digest"));
    char *copy;

    assert_non_null(digest);
    copy = strdup(digest);
    json_decref(status);
    return copy;
}

/* ---- one question, answered later ----------------------------------------------------------- */

struct question {
    struct client client;
    struct gate_result result;
};

static struct question ask(const struct agent_fixture *f, uint64_t flags)
{
    static const char command[] = "/opt/held\0--now";
    struct question question = {.client = CLIENT_NULL};
    struct gate_ask asked = ask_sudo(UID_DAEMON, command, sizeof(command));
    AUTO_CLOSE int fd = open(held_path, O_RDONLY | O_CLOEXEC);
    uint64_t deadline = clock_deadline(TIMEOUT_US);

    assert_true(fd >= 0);
    asked.flags = flags;
    assert_int_equal(client_open(&question.client, f->gate, deadline), 0);
    assert_int_equal(client_send(&question.client, &asked, fd, deadline), 0);
    return question;
}

static void await_answer(struct question *question)
{
    struct gate_answer answer;

    assert_int_equal(client_receive(&question->client, clock_deadline(TIMEOUT_US), -1, &answer), 0);
    question->result.kind = answer.kind;
    snprintf(
        question->result.text, sizeof(question->result.text), "%s", answer.text ? answer.text : "");
    snprintf(question->result.request, sizeof(question->result.request), "%s",
        answer.request ? answer.request : "");
    client_close(&question->client);
}

/* As the rule that came wants it, with its own words. */
static void expect_denied(const struct question *question)
{
    assert_int_equal(question->result.kind, GATE_DENY);
    assert_non_null(strstr(question->result.text, "not now (rule denies)"));
}

/* A question that a policy meets while its command is hashed. */
static struct question ask_across(struct agent_fixture *f, const char *rules)
{
    struct question question;
    int held;

    hold_the_next();
    question = ask(f, GATE_FLAG_WAIT);
    held = await_reader();
    reload(f, rules);
    close(held);
    await_answer(&question);
    return question;
}

static void approve_it(struct agent_fixture *f)
{
    struct question question = ask(f, GATE_FLAG_WAIT);
    struct gate_answer answer;

    assert_int_equal(client_receive(&question.client, clock_deadline(TIMEOUT_US), -1, &answer), 0);
    assert_int_equal(answer.kind, GATE_WAIT);
    json_decref(
        agent_call_good(f, UID_GAMES, "ApproveRequest", json_pack("{s:s}", "id", answer.request)));
    client_close(&question.client);
}

/* ---- while the file is hashed -----------------------------------------------------------------
 */

static void test_a_deny_comes_before_a_request_is_opened(void **state)
{
    struct agent_fixture *f = *state;
    struct question question = ask_across(f, DENIES ASKS);

    expect_denied(&question);
    assert_int_equal(audit_count(f, "request-opened"), 0);
}

static void test_a_deny_comes_before_a_grant_is_used(void **state)
{
    struct agent_fixture *f = *state;
    struct question question;

    approve_it(f);
    question = ask_across(f, DENIES ASKS);
    expect_denied(&question);
    assert_int_equal(audit_count(f, "used"), 0);
}

/* With another host and other labels as well, which the facts borrowed. */
static void test_an_allow_comes(void **state)
{
    struct agent_fixture *f = *state;
    FILE *file = fopen(f->config, "we");
    AUTO_FREE char *digest = NULL, *record = NULL;
    struct question question;

    assert_non_null(file);
    assert_true(fputs("host: second.example\nlabels: [db]\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    question = ask_across(f,
        "  - { id: allows, who: { user: daemon }, what: { service: sudo }, where: { host: "
        "second.example, label: db }, decision: allow,\n      " CERTIFIED " }\n");
    assert_int_equal(question.result.kind, GATE_ALLOW);
    digest = policy_of(f);
    record = audit_record(f, "decided");
    assert_non_null(strstr(record, digest));
    assert_non_null(strstr(record, "second.example"));
    assert_null(strstr(record, "first.example"));
}

/* Rules that look at groups, which nobody had to tell before. */
static void test_groups_are_wanted_meanwhile(void **state)
{
    struct agent_fixture *f = *state;
    struct question question = ask_across(f,
        "  - { id: allows, who: { group: daemon }, what: { service: sudo }, decision: allow,\n"
        "      " CERTIFIED " }\n");

    assert_int_equal(question.result.kind, GATE_NEED);
    assert_int_equal(audit_count(f, "request-opened"), 0);
}

/* ---- while it is written ------------------------------------------------------------------------
 */

/* Nothing is committed until it is given back. */
static sqlite3 *hold_ledger(const struct agent_fixture *f)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(f->ledger, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return db;
}

static void release_ledger(sqlite3 *db)
{
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* A policy that is in force before the decision is written. */
static struct question ask_across_the_disk(struct agent_fixture *f, const char *rules)
{
    AUTO_FREE char *before = policy_of(f);
    sqlite3 *db = hold_ledger(f);
    struct question question = ask(f, 0);
    uint64_t deadline = clock_deadline(TIMEOUT_US);
    bool changed = false;
    pid_t reloader;

    /* two answers on new connections: what was sent before them has been looked at */
    free(policy_of(f));
    free(policy_of(f));
    reloader = fork();
    assert_true(reloader >= 0);
    if (reloader == 0) {
        reload(f, rules);
        _exit(0);
    }
    while (!changed && clock_remaining_ms(deadline) > 0) {
        AUTO_FREE char *now = policy_of(f);

        changed = strcmp(now, before) != 0;
    }
    release_ledger(db);
    assert_true(changed);
    assert_int_equal(waitpid(reloader, NULL, 0), reloader);
    await_answer(&question);
    return question;
}

static void test_a_deny_comes_while_an_allow_is_written(void **state)
{
    struct agent_fixture *f = *state;
    struct question question = ask_across_the_disk(f, DENIES ALLOWS);

    expect_denied(&question);
    assert_int_equal(audit_count(f, "decided"), 2);
}

static void test_a_deny_comes_while_a_use_is_written(void **state)
{
    struct agent_fixture *f = *state;
    AUTO_FREE char *record = NULL;
    struct question question;

    approve_it(f);
    question = ask_across_the_disk(f, DENIES ASKS);
    expect_denied(&question);
    assert_int_equal(audit_count(f, "used"), 1);
    record = audit_record(f, "denied-use");
    assert_non_null(strstr(record, "the policy changed before the answer"));
}

/* It was decided by the version before, and says so. */
static void test_what_is_still_allowed_is_allowed(void **state)
{
    struct agent_fixture *f = *state;
    AUTO_FREE char *before = policy_of(f), *record = NULL;
    struct question question = ask_across_the_disk(
        f, ALLOWS "  - { id: more, who: { user: man }, what: { service: su }, decision: deny }\n");

    assert_int_equal(question.result.kind, GATE_ALLOW);
    assert_int_equal(audit_count(f, "decided"), 1);
    record = audit_record(f, "decided");
    assert_non_null(strstr(record, before));
}

int main(int argc, char **argv)
{
#define TEST(name, setup) cmocka_unit_test_setup_teardown(name, setup, agent_fixture_end)
    const struct CMUnitTest tests[] = {
        TEST(test_a_deny_comes_before_a_request_is_opened, setup_asks),
        TEST(test_a_deny_comes_before_a_grant_is_used, setup_asks),
        TEST(test_an_allow_comes, setup_asks),
        TEST(test_groups_are_wanted_meanwhile, setup_asks),
        TEST(test_a_deny_comes_while_an_allow_is_written, setup_allows),
        TEST(test_a_deny_comes_while_a_use_is_written, setup_asks),
        TEST(test_what_is_still_allowed_is_allowed, setup_allows),
    };

    agent_fixture_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
