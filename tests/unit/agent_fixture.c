#include "agent_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "../../agent/core/agent.h"
#include "../../agent/core/refresh.h"
#include "../../agent/daemon.h"
#include "../../agent/load/resolve.h"
#include "../../agent/state/session.h"
#include "../../cli/base/varlink.h"
#include "../../common/clock.h"

#define TIMEOUT_US (60 * USEC_PER_SEC) /* for a machine that has much else to do */

/* ---- in place of logind ---------------------------------------------------------------- */

static char session_file[128];

int session_of(pid_t pid, int pidfd, struct login_session *ret_session)
{
    char path[64], line[64] = "";
    AUTO_CLOSE int fd = open(session_file, O_RDONLY | O_CLOEXEC);
    struct stat st;

    (void)pidfd;
    snprintf(path, sizeof(path), "/proc/%d", (int)pid);
    if (stat(path, &st) < 0)
        return -ESRCH;
    *ret_session =
        (struct login_session){.known = true, .local = true, .uid = st.st_uid, .id = "1"};
    if (fd >= 0 && read(fd, line, sizeof(line) - 1) > 0) {
        ret_session->known = strncmp(line, "none", 4) != 0;
        ret_session->uid = (uid_t)strtoul(line, NULL, 10);
        if (strchr(line, '@'))
            ret_session->id[0] = '\0';
        ret_session->local = !strpbrk(line, "@ &");
        if (strchr(line, ' '))
            snprintf(ret_session->rhost, sizeof(ret_session->rhost), "%s", strchr(line, ' ') + 1);
    }
    return 0;
}

int session_peer_pidfd(int socket_fd, pid_t pid)
{
    (void)socket_fd;
    (void)pid;
    return -ENOSYS;
}

/* ---- the agent ------------------------------------------------------------------------- */

void agent_fixture_main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--resolve") == 0)
        _exit(resolve_main());
}

static void write_file(const char *path, const char *head, const char *text)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_true(fputs(head, file) >= 0 && fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0644), 0);
}

void agent_fixture_policy(const struct agent_fixture *fixture, const char *rules)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/10-test.yaml", fixture->policy);
    write_file(path,
        "people:\n  carol: { accounts: [bin, sys] }\n  dave: { accounts: [games] }\n"
        "  ops: { accounts: [root] }\n"
        "groups:\n  leads: [carol, dave]\nrules:\n",
        rules);
}

void agent_fixture_session(const struct agent_fixture *fixture, const char *uid_or_none)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/session", fixture->directory);
    if (uid_or_none)
        write_file(path, "", uid_or_none);
    else
        unlink(path);
}

void agent_fixture_init(struct agent_fixture *fixture, const char *rules)
{
    *fixture = (struct agent_fixture){.directory = "/tmp/assent-agent-XXXXXX"};
    assert_non_null(mkdtemp(fixture->directory));
    assert_int_equal(chmod(fixture->directory, 0755), 0);
    snprintf(fixture->config, sizeof(fixture->config), "%s/assent.yaml", fixture->directory);
    snprintf(fixture->policy, sizeof(fixture->policy), "%s/policy", fixture->directory);
    snprintf(fixture->gate, sizeof(fixture->gate), "%s/gate", fixture->directory);
    snprintf(fixture->public, sizeof(fixture->public), "%s/public", fixture->directory);
    snprintf(fixture->ledger, sizeof(fixture->ledger), "%s/ledger.db", fixture->directory);
    snprintf(session_file, sizeof(session_file), "%s/session", fixture->directory);
    snprintf(fixture->spool, sizeof(fixture->spool), "%s/spool", fixture->directory);
    assert_int_equal(mkdir(fixture->policy, 0755), 0);
    assert_int_equal(mkdir(fixture->spool, 0755), 0);
    agent_fixture_policy(fixture, rules);
}

static int on_new_day(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
    (void)source;
    (void)info;
    refresh_look(userdata);
    return 0;
}

void agent_fixture_new_day(const struct agent_fixture *fixture)
{
    assert_int_equal(kill(fixture->pid, SIGUSR2), 0);
}

static void run_agent(const struct agent_fixture *fixture)
{
    struct agent_options options = {
        .config = fixture->config,
        .policy_dir = fixture->policy,
        .ledger = fixture->ledger,
        .gate = fixture->gate,
        .public = fixture->public,
        .spool = fixture->spool,
        .accounts = fixture->accounts,
    };
    struct agent *agent;
    sigset_t mask;
    int r;

    sigemptyset(&mask); /* before its threads begin */
    sigaddset(&mask, SIGUSR2);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    r = daemon_new(&options, &agent);
    if (r == 0) {
        r = sd_event_add_signal(agent->event, NULL, SIGUSR2, on_new_day, agent);
        if (r >= 0)
            r = daemon_run(agent);
        daemon_free(agent);
    }
    /* exit() runs the leak check, which this test wants of the agent too */
    exit(r < 0 ? 1 : 0);
}

/* The socket's file is there a moment before anybody listens. */
static bool serves(const struct agent_fixture *fixture)
{
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    assert_true(fd >= 0);
    memcpy(address.sun_path, fixture->public, strlen(fixture->public) + 1);
    return connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
}

void agent_fixture_start(struct agent_fixture *fixture)
{
    uint64_t deadline = clock_deadline(TIMEOUT_US);

    unlink(fixture->public);
    fixture->pid = fork();
    assert_true(fixture->pid >= 0);
    if (fixture->pid == 0)
        run_agent(fixture);
    while (!serves(fixture)) {
        assert_true(clock_remaining_ms(deadline) > 0);
        assert_int_equal(waitpid(fixture->pid, NULL, WNOHANG), 0);
        usleep(1000);
    }
}

void agent_fixture_refuse(struct agent_fixture *fixture)
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0)
        run_agent(fixture);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

void agent_fixture_kill(struct agent_fixture *fixture, int signal)
{
    int status;

    assert_int_equal(kill(fixture->pid, signal), 0);
    assert_int_equal(waitpid(fixture->pid, &status, 0), fixture->pid);
    if (signal == SIGTERM)
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    fixture->pid = 0;
}

void agent_fixture_done(struct agent_fixture *fixture)
{
    char command[128];

    if (fixture->pid > 0)
        agent_fixture_kill(fixture, SIGTERM);
    snprintf(command, sizeof(command), "rm -rf '%s'", fixture->directory);
    assert_int_equal(system(command), 0);
}

int agent_fixture_begin(void **state, const char *rules)
{
    static struct agent_fixture fixture;

    agent_fixture_init(&fixture, rules);
    agent_fixture_start(&fixture);
    *state = &fixture;
    return 0;
}

int agent_fixture_end(void **state)
{
    agent_fixture_done(*state);
    return 0;
}

/* ---- the public socket ------------------------------------------------------------------ */

/* In the child: the call, its answer as JSON {"error":…} or {"parameters":…} on the pipe. */
static void call_in_child(
    const struct agent_fixture *fixture, const char *method, json_t *parameters, int out)
{
    struct varlink *link = NULL;
    struct varlink_reply reply = {0};
    uint64_t deadline = clock_deadline(TIMEOUT_US);
    char *text = NULL;

    if (varlink_open(fixture->public, deadline, &link) == 0 &&
        varlink_send(link, method, parameters, false, deadline) == 0 &&
        varlink_receive(link, deadline, &reply) == 0)
        text = json_dumps(
            json_pack("{s:s?, s:o}", "error", reply.error, "parameters", reply.parameters),
            JSON_COMPACT);
    if (text)
        dprintf(out, "%s", text);
    _exit(0);
}

json_t *agent_call(const struct agent_fixture *fixture, uid_t uid, const char *method,
    json_t *parameters, const char **ret_error)
{
    static char error[128];
    json_t *answer, *result;
    int pipes[2];
    pid_t pid;

    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (setresgid(65534, 65534, 65534) < 0 || setresuid(uid, uid, uid) < 0)
            _exit(1);
        call_in_child(fixture, method, parameters, pipes[1]);
    }
    close(pipes[1]);
    answer = json_loadfd(pipes[0], 0, NULL);
    close(pipes[0]);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    json_decref(parameters);
    snprintf(error, sizeof(error), "%s",
        !answer ? "closed"
        : json_is_string(json_object_get(answer, "error"))
            ? json_string_value(json_object_get(answer, "error"))
            : "");
    *ret_error = error[0] != '\0' ? error : NULL;
    result = error[0] == '\0' ? json_incref(json_object_get(answer, "parameters")) : NULL;
    json_decref(answer);
    return result;
}

json_t *agent_call_good(
    const struct agent_fixture *fixture, uid_t uid, const char *method, json_t *parameters)
{
    char name[64];
    const char *error;
    json_t *reply;

    snprintf(name, sizeof(name), "io.assent.%s", method);
    reply = agent_call(fixture, uid, name, parameters, &error);
    if (!reply)
        fail_msg("%s: %s", method, error);
    return reply;
}

/* ---- the gate --------------------------------------------------------------------------- */

static const char *name_of(uid_t uid)
{
    static const struct {
        uid_t uid;
        const char *name;
    } names[] = {{0, "root"}, {UID_DAEMON, "daemon"}, {UID_BIN, "bin"}, {UID_SYS, "sys"},
        {UID_GAMES, "games"}, {UID_MAN, "man"}};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (names[i].uid == uid)
            return names[i].name;
    return "stranger";
}

struct gate_ask ask_login(uid_t uid, const char *rhost)
{
    struct gate_ask ask;

    record_init_ask(&ask);
    ask.phase = GATE_PHASE_ACCOUNT;
    ask.deadline_ms = 20000;
    ask.uid = uid;
    ask.user = name_of(uid);
    ask.service = "sshd";
    ask.rhost = rhost;
    ask.tty = "ssh";
    return ask;
}

struct gate_ask ask_sudo(uid_t uid, const char *arguments, size_t length)
{
    struct gate_ask ask = ask_login(uid, NULL);

    ask.phase = GATE_PHASE_COMMAND;
    ask.service = "sudo";
    ask.run_as = "root";
    ask.run_as_uid = 0;
    ask.command = arguments;
    ask.argv = (struct gate_list){arguments, length};
    ask.cwd = "/";
    ask.tty = "/dev/pts/0";
    return ask;
}

static void copy(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from ? from : "");
}

struct gate_result gate_once(const struct agent_fixture *fixture, const struct gate_ask *ask)
{
    struct client client = CLIENT_NULL;
    struct gate_result result = {0};
    struct gate_answer answer;
    uint64_t deadline = clock_deadline(TIMEOUT_US);

    if (client_open(&client, fixture->gate, deadline) == 0 &&
        client_send(&client, ask, -1, deadline) == 0 &&
        client_receive(&client, deadline, -1, &answer) == 0) {
        result.kind = answer.kind;
        copy(result.text, sizeof(result.text), answer.text);
        copy(result.request, sizeof(result.request), answer.request);
        copy(result.grant, sizeof(result.grant), answer.grant);
        copy(result.tie, sizeof(result.tie), answer.tie);
        if (answer.kind == GATE_WAIT)
            client_leave(&client);
    }
    client_close(&client);
    return result;
}

/* ---- the ledger ------------------------------------------------------------------------- */

static sqlite3_stmt *query(
    const struct agent_fixture *fixture, const char *sql, const char *argument, sqlite3 **ret_db)
{
    sqlite3_stmt *statement;

    assert_int_equal(
        sqlite3_open_v2(fixture->ledger, ret_db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    sqlite3_busy_timeout(*ret_db, 5000);
    assert_int_equal(sqlite3_prepare_v2(*ret_db, sql, -1, &statement, NULL), SQLITE_OK);
    sqlite3_bind_text(statement, 1, argument, -1, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    return statement;
}

unsigned ledger_number(const struct agent_fixture *fixture, const char *sql, const char *argument)
{
    sqlite3 *db;
    sqlite3_stmt *statement = query(fixture, sql, argument, &db);
    unsigned number = (unsigned)sqlite3_column_int(statement, 0);

    sqlite3_finalize(statement);
    sqlite3_close(db);
    return number;
}

char *ledger_text(const struct agent_fixture *fixture, const char *sql, const char *argument)
{
    sqlite3 *db;
    sqlite3_stmt *statement = query(fixture, sql, argument, &db);
    const char *text = (const char *)sqlite3_column_text(statement, 0);
    char *copy = text ? strdup(text) : NULL;

    assert_true(copy || !text);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return copy;
}

unsigned audit_count(const struct agent_fixture *fixture, const char *event)
{
    return ledger_number(fixture, "SELECT count(*) FROM audit WHERE event = ?1", event);
}

char *audit_record(const struct agent_fixture *fixture, const char *event)
{
    char *record = ledger_text(
        fixture, "SELECT record FROM audit WHERE event = ?1 ORDER BY seq DESC LIMIT 1", event);

    assert_non_null(record);
    return record;
}

void ledger_execute(const struct agent_fixture *fixture, const char *sql)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(fixture->ledger, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}
