/* assent-accounts: tells the agent which local accounts are locked or end. Runs as root whenever
 * /etc/shadow has changed (assent-accounts.path). */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/accounts.h"
#include "../common/clock.h"
#include "../common/names.h"
#include "publish.h"

#define QUIET_US (2 * USEC_PER_SEC)
#define LOOK_US (50 * USEC_PER_MSEC)

enum {
    OPTION_SHADOW = 256,
    OPTION_OUTPUT,
    OPTION_SETTLE,
};

struct command {
    struct publishing publishing;
    bool settle;
};

static const struct option options_table[] = {
    {"shadow", required_argument, NULL, OPTION_SHADOW},
    {"output", required_argument, NULL, OPTION_OUTPUT},
    {"settle", no_argument, NULL, OPTION_SETTLE},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

static int usage(FILE *out, int status)
{
    fputs("Usage: assent-accounts [OPTION...]\n"
          "Tells assentd which local accounts are locked or end; see assent-accounts(8).\n\n"
          "  --shadow FILE   passwords and expiries (" ASSENT_SHADOW ")\n"
          "  --output FILE   what the agent reads (" ASSENT_ACCOUNTS ")\n"
          "  --settle        go on until there has been no change for two seconds\n"
          "  --help          this text\n"
          "  --version       the version\n",
        out);
    return status;
}

/* Returns -1 to go on, or an exit status. */
static int parse_command(struct command *command, int argc, char **argv)
{
    int option;

    while ((option = getopt_long(argc, argv, "hV", options_table, NULL)) != -1) {
        switch (option) {
        case OPTION_SHADOW:
            command->publishing.shadow = optarg;
            break;
        case OPTION_OUTPUT:
            command->publishing.target = optarg;
            break;
        case OPTION_SETTLE:
            command->settle = true;
            break;
        case 'h':
            return usage(stdout, EXIT_SUCCESS);
        case 'V':
            puts("assent-accounts " ASSENT_VERSION);
            return EXIT_SUCCESS;
        default:
            return usage(stderr, 2);
        }
    }
    return optind == argc ? -1 : usage(stderr, 2);
}

static int publish_or_say(const struct publishing *publishing, struct accounts_source *ret_source)
{
    int r = publish(publishing, ret_source);

    if (r < 0)
        fprintf(stderr,
            "what %s says of accounts could not be put into %s: %s. assentd does not notice "
            "which are locked or end since\n",
            publishing->shadow, publishing->target, strerror(-r));
    return r;
}

/* systemd does not watch the file from when it starts us until we are gone, and many changes often
 * come in a row: the last one would be missed every other time. */
static int settle(const struct publishing *publishing, struct accounts_source *source)
{
    uint64_t quiet = clock_deadline(QUIET_US);

    while (clock_remaining_ms(quiet) > 0) {
        usleep(LOOK_US);
        if (!publish_is_outdated(publishing, source))
            continue;
        if (publish_or_say(publishing, source) < 0)
            return -1;
        quiet = clock_deadline(QUIET_US);
    }
    return 0;
}

static int run(struct command *command)
{
    struct publishing *publishing = &command->publishing;
    struct accounts_source source;
    int r = accounts_gid(ASSENT_USER, &publishing->group);

    if (r < 0) {
        fprintf(stderr, "there is no group " ASSENT_USER " in /etc/group: %s\n", strerror(-r));
        return EXIT_FAILURE;
    }
    r = publish_or_say(publishing, &source);
    if (r == 0 && command->settle)
        r = settle(publishing, &source);
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct command command = {.publishing = {.shadow = ASSENT_SHADOW, .target = ASSENT_ACCOUNTS}};
    int status = parse_command(&command, argc, argv);

    return status >= 0 ? status : run(&command);
}
