/* What a reload costs whoever asks meanwhile. One client asks over and over; every second one of
 * its slices has a reload in it, of a policy that has changed, so that it is compiled, indexed, put
 * in force and kept in the ledger.
 *
 *     bench_reload GATE LEDGER PID POLICY SLICES MILLISECONDS
 *
 * PID: the agent, which is told with SIGHUP. POLICY: its file, which gets a rule more each time.
 * Prints the times of a question in slices without and with a reload, the slowest of each kind of
 * slice (median and largest), and by how much the slowest of all with a reload was slower than is
 * usual for the slowest of a slice without. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../agent/ledger/ledger.h"
#include "../../agent/ledger/ledger_policy.h"
#include "../../common/client.h"
#include "../../common/clock.h"
#include "bench.h"
#include "question.h"

#define SLICES_MAX 200
#define TIMES_MAX ((size_t)4 << 20)
#define WARM_UP 2000
#define MORE_NS UINT64_C(50000000)
#define ACCOUNT 7

/* All slices of one kind. */
struct kind {
    const char *name;
    uint64_t *ns;
    size_t count;
    double slowest[SLICES_MAX]; /* of each slice */
};

struct bench {
    const char *gate, *policy;
    pid_t pid;
    struct ledger_reader *reader;
    struct question question;
    unsigned rules; /* added */
    uint64_t slice_ns;
};

static uint64_t ask(const struct bench *bench)
{
    struct client client = CLIENT_NULL;
    struct gate_answer answer;
    uint64_t start = bench_now_ns(), deadline = clock_deadline(5 * USEC_PER_SEC), took;
    int r;

    r = client_open(&client, bench->gate, deadline);
    if (r == 0)
        r = client_send(&client, &bench->question.ask, -1, deadline);
    if (r == 0)
        r = client_receive(&client, deadline, -1, &answer);
    if (r != 0)
        bench_die(bench->gate, r < 0 ? -r : EPROTO);
    if (answer.kind != GATE_ALLOW)
        bench_die(answer.text ? answer.text : "not allowed", 0);
    took = bench_now_ns() - start;
    client_close(&client);
    return took;
}

static int count_kept(const struct ledger_version *version, void *userdata)
{
    unsigned *kept = userdata;

    *kept += version->complete;
    return 0;
}

static unsigned kept_versions(const struct bench *bench)
{
    unsigned kept = 0;
    int r = ledger_reader_each_version(bench->reader, SLICES_MAX + 1, count_kept, &kept);

    if (r < 0)
        bench_die("ledger", -r);
    return kept;
}

static void change_policy(struct bench *bench)
{
    AUTO_CLOSE int fd = open(bench->policy, O_WRONLY | O_APPEND | O_CLOEXEC);
    char rule[160];
    int length = snprintf(rule, sizeof(rule),
        "  - {id: added-%u, owner: leads, decision: deny, who: {user: user1}, what: {service: "
        "su}, reason: Added}\n",
        bench->rules++);

    if (fd < 0 || write(fd, rule, (size_t)length) != length)
        bench_die(bench->policy, errno);
    if (kill(bench->pid, SIGHUP) < 0)
        bench_die("kill", errno);
}

/* Asks for that long; returns the slowest. */
static uint64_t ask_for(const struct bench *bench, struct kind *kind, uint64_t slice_ns)
{
    uint64_t until = bench_now_ns() + slice_ns, slowest = 0;

    while (bench_now_ns() < until) {
        uint64_t ns = ask(bench);

        slowest = ns > slowest ? ns : slowest;
        if (kind->count < TIMES_MAX)
            kind->ns[kind->count++] = ns;
    }
    return slowest;
}

/* A slice, and as much longer as it takes until that many versions are kept. */
static void run_slice(const struct bench *bench, struct kind *kind, unsigned slice, unsigned kept)
{
    uint64_t slowest = ask_for(bench, kind, bench->slice_ns);

    while (kept_versions(bench) < kept) {
        uint64_t ns = ask_for(bench, kind, MORE_NS);

        slowest = ns > slowest ? ns : slowest;
    }
    kind->slowest[slice] = (double)slowest / 1000;
}

static void print_kind(struct kind *kind, unsigned slices)
{
    bench_print_times(kind->name, kind->ns, kind->count);
    printf("%s_slowest_p50 %.1f us\n", kind->name, bench_median(kind->slowest, slices));
    printf("%s_slowest_max %.1f us\n", kind->name, kind->slowest[slices - 1]);
    free(kind->ns);
}

static void parse(struct bench *bench, char **argv)
{
    int r = ledger_reader_open(argv[2], &bench->reader);

    if (r < 0)
        bench_die(argv[2], -r);
    bench->gate = argv[1];
    bench->pid = (pid_t)bench_number(argv[3], INT32_MAX);
    bench->policy = argv[4];
    question_init(&bench->question, ACCOUNT);
}

int main(int argc, char **argv)
{
    struct kind quiet = {.name = "quiet"}, reload = {.name = "reload"};
    struct bench bench = {0};
    unsigned slices, before;

    if (argc != 7)
        bench_die("usage: GATE LEDGER PID POLICY SLICES MILLISECONDS", 0);
    parse(&bench, argv);
    slices = (unsigned)bench_number(argv[5], SLICES_MAX);
    bench.slice_ns = bench_number(argv[6], 60000) * 1000000;
    quiet.ns = calloc(TIMES_MAX, sizeof(*quiet.ns));
    reload.ns = calloc(TIMES_MAX, sizeof(*reload.ns));
    if (!quiet.ns || !reload.ns)
        bench_die("memory", ENOMEM);
    for (unsigned i = 0; i < WARM_UP; i++)
        (void)ask(&bench);
    before = kept_versions(&bench);
    for (unsigned i = 0; i < slices; i++) {
        run_slice(&bench, &quiet, i, before + i);
        change_policy(&bench);
        run_slice(&bench, &reload, i, before + i + 1);
    }
    ledger_reader_close(bench.reader);
    print_kind(&quiet, slices);
    print_kind(&reload, slices);
    printf("extra %.1f us\n", reload.slowest[slices - 1] - quiet.slowest[slices / 2]);
    return 0;
}
