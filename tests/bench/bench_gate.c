/* One question at the gate, connection included, by the modules' own client: agents side by
 * side, asked in turns.
 *
 *     bench_gate ROUNDS NAME=SOCKET...
 *
 * Prints the times of each under its name. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/client.h"
#include "../../common/clock.h"
#include "bench.h"
#include "question.h"

#define WARM_UP 200
#define SERVERS_MAX 4
#define ACCOUNT 7

struct server {
    char name[32];
    const char *path;
    uint64_t *ns;
};

static void parse_server(const char *argument, size_t rounds, struct server *ret_server)
{
    const char *equals = strchr(argument, '=');

    if (!equals || (size_t)(equals - argument) >= sizeof(ret_server->name))
        bench_die("servers are NAME=SOCKET", 0);
    memcpy(ret_server->name, argument, (size_t)(equals - argument));
    ret_server->name[equals - argument] = '\0';
    ret_server->path = equals + 1;
    ret_server->ns = calloc(rounds, sizeof(*ret_server->ns));
    if (!ret_server->ns)
        bench_die("memory", ENOMEM);
}

static uint64_t time_question(const char *path, const struct gate_ask *ask)
{
    struct client client = CLIENT_NULL;
    struct gate_answer answer;
    uint64_t start = bench_now_ns(), deadline = clock_deadline(5 * USEC_PER_SEC), took;
    int r;

    r = client_open(&client, path, deadline);
    if (r == 0)
        r = client_send(&client, ask, -1, deadline);
    if (r == 0)
        r = client_receive(&client, deadline, -1, &answer);
    if (r != 0)
        bench_die(path, r < 0 ? -r : EPROTO);
    if (answer.kind != GATE_ALLOW)
        bench_die(answer.text ? answer.text : "not allowed", 0);
    took = bench_now_ns() - start;
    client_close(&client);
    return took;
}

int main(int argc, char **argv)
{
    struct server servers[SERVERS_MAX] = {0};
    struct question question;
    size_t rounds, count = 0;

    if (argc < 3 || argc > 2 + SERVERS_MAX)
        bench_die("usage: ROUNDS NAME=SOCKET...", 0);
    rounds = bench_number(argv[1], 1000000);
    for (int i = 2; i < argc; i++)
        parse_server(argv[i], rounds, &servers[count++]);
    question_init(&question, ACCOUNT);
    for (size_t i = 0; i < rounds + WARM_UP; i++)
        for (size_t s = 0; s < count; s++)
            servers[s].ns[i < WARM_UP ? 0 : i - WARM_UP] =
                time_question(servers[s].path, &question.ask);
    for (size_t s = 0; s < count; s++) {
        bench_print_times(servers[s].name, servers[s].ns, rounds);
        free(servers[s].ns);
    }
    return 0;
}
