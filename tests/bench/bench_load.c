/* Many clients at once, each a process that connects, asks, reads the answer and closes, over
 * and over. The servers are loaded in turns, a slice each, so that all see the same machine.
 *
 *     bench_load CLIENTS SLICES MILLISECONDS NAME=SOCKET...
 *
 * The client is the barest there is, the same for every server; with the name "echo" it is
 * content with any answer, else it wants an ALLOW. Prints for each server the median of its
 * slices' rates and its times of one question. */
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../common/macro.h"
#include "bench.h"
#include "question.h"

#define SERVERS_MAX 4
#define SLICES_MAX 64
#define TIMES_MAX 20000 /* of one client in one slice */

struct server {
    char name[32];
    struct sockaddr_un address;
    double rates[SLICES_MAX];
    uint64_t *ns; /* of the last slice */
    size_t count;
};

/* Between the clients and their parent. */
struct shared {
    _Atomic unsigned ready;
    _Atomic uint64_t until_ns; /* 0: not begun */
    struct client_times {
        size_t asked;
        uint64_t ns[TIMES_MAX];
    } clients[];
};

static uint64_t ask_once(
    const struct server *server, const uint8_t *message, size_t length, bool want_allow)
{
    _Alignas(4) uint8_t buffer[8192];
    struct gate_answer answer;
    uint64_t start = bench_now_ns();
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    ssize_t n;

    if (fd < 0 ||
        connect(fd, (const struct sockaddr *)&server->address, sizeof(server->address)) < 0 ||
        send(fd, message, length, MSG_NOSIGNAL) < 0)
        bench_die(server->name, errno);
    n = recv(fd, buffer, sizeof(buffer), 0);
    if (n <= 0)
        bench_die(server->name, n < 0 ? errno : EPIPE);
    if (want_allow &&
        (record_decode_answer(buffer, (size_t)n, &answer) < 0 || answer.kind != GATE_ALLOW))
        bench_die("not allowed", 0);
    return bench_now_ns() - start;
}

static noreturn void client(const struct server *server, struct shared *shared, unsigned number)
{
    static uint8_t message[GATE_MESSAGE_MAX];
    bool want_allow = strcmp(server->name, "echo") != 0;
    struct client_times *times = &shared->clients[number];
    struct question question;
    uint64_t until;
    int length;

    question_init(&question, number);
    length = record_encode_ask(&question.ask, message, sizeof(message));
    if (length < 0)
        bench_die("question", -length);
    atomic_fetch_add(&shared->ready, 1);
    while ((until = atomic_load(&shared->until_ns)) == 0)
        usleep(200);
    for (times->asked = 0; bench_now_ns() < until; times->asked++) {
        uint64_t ns = ask_once(server, message, (size_t)length, want_allow);

        if (times->asked < TIMES_MAX)
            times->ns[times->asked] = ns;
    }
    _exit(0);
}

static void reap(unsigned clients)
{
    for (unsigned i = 0; i < clients; i++) {
        int status;

        if (wait(&status) < 0 || status != 0)
            bench_die("a client failed", 0);
    }
}

static void collect(struct server *server, const struct shared *shared, unsigned clients)
{
    server->count = 0;
    for (unsigned i = 0; i < clients; i++) {
        const struct client_times *times = &shared->clients[i];
        size_t kept = times->asked < TIMES_MAX ? times->asked : TIMES_MAX;

        memcpy(server->ns + server->count, times->ns, kept * sizeof(*times->ns));
        server->count += kept;
    }
}

/* Clients start together, after all of them are there. */
static double run_slice(
    struct server *server, struct shared *shared, unsigned clients, uint64_t slice_ns)
{
    uint64_t asked = 0, start;

    atomic_store(&shared->ready, 0);
    atomic_store(&shared->until_ns, 0);
    for (unsigned i = 0; i < clients; i++) {
        pid_t pid = fork();

        if (pid < 0)
            bench_die("fork", errno);
        if (pid == 0)
            client(server, shared, i);
    }
    while (atomic_load(&shared->ready) < clients)
        usleep(1000);
    start = bench_now_ns();
    atomic_store(&shared->until_ns, start + slice_ns);
    reap(clients);
    collect(server, shared, clients);
    for (unsigned i = 0; i < clients; i++)
        asked += shared->clients[i].asked;
    return (double)asked * 1e9 / (double)(bench_now_ns() - start);
}

static void parse_server(const char *argument, unsigned clients, struct server *server)
{
    const char *equals = strchr(argument, '=');

    if (!equals || (size_t)(equals - argument) >= sizeof(server->name) ||
        strlen(equals + 1) >= sizeof(server->address.sun_path))
        bench_die("servers are NAME=SOCKET", 0);
    memcpy(server->name, argument, (size_t)(equals - argument));
    server->address.sun_family = AF_UNIX;
    memcpy(server->address.sun_path, equals + 1, strlen(equals + 1) + 1);
    server->ns = calloc((size_t)clients * TIMES_MAX, sizeof(*server->ns));
    if (!server->ns)
        bench_die("memory", ENOMEM);
}

static struct shared *make_shared(unsigned clients)
{
    size_t size = sizeof(struct shared) + clients * sizeof(struct client_times);
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        bench_die("memory", errno);
    return memory;
}

int main(int argc, char **argv)
{
    static struct server servers[SERVERS_MAX];
    unsigned clients, slices, count = 0;
    struct shared *shared;
    uint64_t slice_ns;

    if (argc < 5 || argc > 4 + SERVERS_MAX)
        bench_die("usage: CLIENTS SLICES MILLISECONDS NAME=SOCKET...", 0);
    clients = (unsigned)bench_number(argv[1], 1000);
    slices = (unsigned)bench_number(argv[2], SLICES_MAX);
    slice_ns = bench_number(argv[3], 60000) * 1000000;
    shared = make_shared(clients);
    for (int i = 4; i < argc; i++)
        parse_server(argv[i], clients, &servers[count++]);
    for (unsigned i = 0; i < slices; i++)
        for (unsigned s = 0; s < count; s++)
            servers[s].rates[i] = run_slice(&servers[s], shared, clients, slice_ns);
    for (unsigned s = 0; s < count; s++) {
        printf("%s_rate %.0f /s\n", servers[s].name, bench_median(servers[s].rates, slices));
        bench_print_times(servers[s].name, servers[s].ns, servers[s].count);
        free(servers[s].ns);
    }
    return 0;
}
