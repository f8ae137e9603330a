/* Loading a policy directory, from reading its files until decisions can be made, beside libyaml
 * going through the events of the same files and doing nothing with them; in turns.
 *
 *     bench_compile DIRECTORY ROUNDS
 *
 * Without the resolving of names, which is a child's work. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>

#include "../../agent/policy/policy.h"
#include "../../agent/yaml/yaml.h"
#include "../../common/file.h"
#include "../../common/macro.h"
#include "bench.h"

#define WARM_UP 2

/* All accounts and groups are there. */
static void resolve(struct policy *policy)
{
    for (size_t i = 0; i < policy_user_count(policy); i++)
        policy_resolve_user(policy, i, true, (uid_t)(1000 + i));
    for (size_t i = 0; i < policy_group_count(policy); i++)
        policy_resolve_group(policy, i, true, (gid_t)(1000 + i));
}

static uint64_t time_load(const char *directory)
{
    struct yaml_errors errors = {0};
    uint64_t start = bench_now_ns(), took;
    struct policy *policy = policy_load(directory, geteuid(), &errors);

    took = bench_now_ns() - start;
    if (!policy)
        bench_die(errors.items[0].message, 0);
    resolve(policy);
    start = bench_now_ns();
    policy_ready(policy);
    took += bench_now_ns() - start;
    policy_free(policy);
    return took;
}

static void parse(const char *text, size_t length)
{
    yaml_parser_t parser;
    bool done = false;

    if (!yaml_parser_initialize(&parser))
        bench_die("memory", ENOMEM);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    while (!done) {
        yaml_event_t event;

        if (!yaml_parser_parse(&parser, &event))
            bench_die("libyaml refuses the file", 0);
        done = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
}

static void parse_file(int directory, const char *name)
{
    AUTO_CLOSE int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
    AUTO_FREE char *text = NULL;
    size_t length;
    int r = fd < 0 ? -errno : file_read_all(fd, YAML_SIZE_MAX, &text, &length);

    if (r < 0)
        bench_die(name, -r);
    parse(text, length);
}

static uint64_t time_parse(const char *path)
{
    uint64_t start = bench_now_ns();
    DIR *directory = opendir(path);
    const struct dirent *entry;

    if (!directory)
        bench_die(path, errno);
    while ((entry = readdir(directory)) != NULL)
        if (entry->d_name[0] != '.')
            parse_file(dirfd(directory), entry->d_name);
    closedir(directory);
    return bench_now_ns() - start;
}

int main(int argc, char **argv)
{
    size_t rounds = bench_number(argc > 2 ? argv[2] : NULL, 100000);
    uint64_t *load = calloc(rounds, sizeof(*load)), *bare = calloc(rounds, sizeof(*bare));

    if (!load || !bare)
        bench_die("memory", ENOMEM);
    for (size_t i = 0; i < rounds + WARM_UP; i++) {
        size_t at = i < WARM_UP ? 0 : i - WARM_UP;

        bare[at] = time_parse(argv[1]);
        load[at] = time_load(argv[1]);
    }
    bench_print_times("policy_load", load, rounds);
    bench_print_times("yaml_events", bare, rounds);
    free(load);
    free(bare);
    return 0;
}
