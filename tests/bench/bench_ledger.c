/* What a durable decision costs: one object and one audit record through the ledger, from
 * submit to callback, beside one append of 512 bytes with fdatasync in the same directory, the
 * two taken in turns so that both see the same disk. Then the rate with 64 outstanding.
 *
 *     bench_ledger [DIRECTORY]     (default: a fresh one under the current directory)
 *
 * Prints lines `name value unit`. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>

#include "../../agent/ledger/ledger.h"
#include "../../common/clock.h"
#include "../../common/macro.h"

#define ROUNDS 3000
#define WARM_UP 200
#define OUTSTANDING 64
#define BATCHES 60000

static const char BODY[] =
    "{\"id\":\"K7QM-2F9X\",\"state\":\"active\",\"subject\":{\"name\":\"alice\",\"uid\":1000,"
    "\"kind\":\"human\"},\"service\":\"sudo\",\"run_as\":\"root\",\"command\":[\"/usr/bin/"
    "systemctl\",\"restart\",\"postgresql@15\"],\"rule\":\"dba-restart\",\"policy\":\"9f86d081884"
    "c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\",\"created\":1795168800,\"expires\":"
    "1795169700,\"owner\":\"dba-leads\",\"purpose\":\"replica is stuck\"}";

struct bench {
    sd_event *event;
    struct ledger *ledger;
    unsigned long ids;
    unsigned long answered, wanted;
    bool again; /* each answer submits the next */
};

static void die(const char *what, int error)
{
    fprintf(stderr, "bench_ledger: %s: %s\n", what, strerror(error));
    exit(1);
}

static void submit(struct bench *bench);

static void on_done(int result, uint64_t first_seq UNUSED, void *userdata)
{
    struct bench *bench = userdata;

    if (result < 0)
        die("commit", -result);
    bench->answered++;
    if (bench->again && bench->answered + OUTSTANDING <= bench->wanted)
        submit(bench);
}

/* Ids come in no order, as real ones do. */
static void submit(struct bench *bench)
{
    struct ledger_batch *batch = ledger_batch_new();
    char id[32];

    if (!batch)
        die("memory", ENOMEM);
    snprintf(id, sizeof(id), "%016lx", ++bench->ids * 0x9e3779b97f4a7c15UL);
    ledger_batch_put(batch, LEDGER_GRANT, id, true, BODY);
    ledger_batch_audit(batch, id, "decided", clock_realtime_us(), BODY);
    ledger_submit(bench->ledger, batch, false, on_done, bench);
}

static void run_until(struct bench *bench, unsigned long answered)
{
    while (bench->answered < answered) {
        int r = sd_event_run(bench->event, UINT64_MAX);

        if (r < 0)
            die("event loop", -r);
    }
}

static uint64_t now_ns(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static uint64_t time_commit(struct bench *bench)
{
    uint64_t start = now_ns();

    submit(bench);
    run_until(bench, bench->answered + 1);
    return now_ns() - start;
}

static uint64_t time_append(int fd)
{
    static const char block[512] = "append";
    uint64_t start = now_ns();

    if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block) || fdatasync(fd) < 0)
        die("append", errno);
    return now_ns() - start;
}

static int compare(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static double percentile(uint64_t *times, unsigned percent)
{
    size_t index = (size_t)ROUNDS * percent / 100;

    qsort(times, ROUNDS, sizeof(*times), compare);
    return (double)times[index] / 1000;
}

static void bench_latency(struct bench *bench, int fd)
{
    static uint64_t commits[ROUNDS], appends[ROUNDS];
    double commit, append;

    for (unsigned i = 0; i < WARM_UP; i++) {
        (void)time_commit(bench);
        (void)time_append(fd);
    }
    for (unsigned i = 0; i < ROUNDS; i++) {
        commits[i] = time_commit(bench);
        appends[i] = time_append(fd);
    }
    commit = percentile(commits, 50);
    append = percentile(appends, 50);
    printf("append_512_fdatasync_p50 %.1f us\n", append);
    printf("append_512_fdatasync_p99 %.1f us\n", percentile(appends, 99));
    printf("ledger_commit_p50 %.1f us\n", commit);
    printf("ledger_commit_p99 %.1f us\n", percentile(commits, 99));
    printf("ledger_commit_to_append %.2f ratio\n", commit / append);
}

static void bench_throughput(struct bench *bench)
{
    struct ledger_health before, after;
    uint64_t start;

    ledger_health(bench->ledger, &before);
    bench->answered = 0;
    bench->wanted = BATCHES;
    bench->again = true;
    start = now_ns();
    for (unsigned i = 0; i < OUTSTANDING; i++)
        submit(bench);
    run_until(bench, BATCHES);
    printf("ledger_64_outstanding %.0f batches/s\n", BATCHES * 1e9 / (double)(now_ns() - start));
    ledger_health(bench->ledger, &after);
    printf("ledger_64_group_size %.1f batches/transaction\n",
        (double)(after.batches - before.batches) / (double)(after.committed - before.committed));
}

static char *path_in(const char *directory, const char *name)
{
    char *path;

    if (asprintf(&path, "%s/%s", directory, name) < 0)
        die("memory", ENOMEM);
    return path;
}

static void remove_in(const char *directory, const char *name)
{
    AUTO_FREE char *path = path_in(directory, name);

    (void)unlink(path);
}

static void open_ledger(struct bench *bench, const char *directory)
{
    AUTO_FREE char *path = path_in(directory, "ledger.db"), *detail = NULL;
    struct ledger_options options = {.path = path, .ballast_bytes = 1024 * 1024};
    int r;

    r = sd_event_new(&bench->event);
    if (r < 0)
        die("event loop", -r);
    r = ledger_open(bench->event, &options, &bench->ledger, &detail);
    if (r != 0)
        die(detail ? detail : path, r < 0 ? -r : EIO);
}

int main(int argc, char **argv)
{
    static const char *const files[] = {
        "append", "ledger.db", "ledger.db.ballast", "ledger.db.exists"};
    char template[] = "bench-ledger.XXXXXX";
    const char *directory = argc > 1 ? argv[1] : mkdtemp(template);
    AUTO_FREE char *append = NULL;
    AUTO_CLOSE int fd = -1;
    struct bench bench = {0};

    if (!directory)
        die("directory", errno);
    append = path_in(directory, "append");
    fd = open(append, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        die(append, errno);
    open_ledger(&bench, directory);
    bench_latency(&bench, fd);
    bench_throughput(&bench);
    ledger_close(bench.ledger);
    sd_event_unref(bench.event);
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        remove_in(directory, files[i]);
    if (argc <= 1)
        (void)rmdir(directory);
    return 0;
}
