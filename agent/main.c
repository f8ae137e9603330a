/* assentd: the command line, then the agent. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/names.h"
#include "../common/thread.h"
#include "core/agent.h"
#include "daemon.h"
#include "load/resolve.h"
#include "yaml/yaml.h"

enum {
    OPTION_CONFIG = 256,
    OPTION_POLICY,
    OPTION_LEDGER,
    OPTION_GATE,
    OPTION_PUBLIC,
    OPTION_SPOOL,
    OPTION_ACCOUNTS,
    OPTION_NO_JOURNAL,
    OPTION_CHECK,
    OPTION_RESOLVE,
};

static const struct option options_table[] = {
    {"config", required_argument, NULL, OPTION_CONFIG},
    {"policy", required_argument, NULL, OPTION_POLICY},
    {"ledger", required_argument, NULL, OPTION_LEDGER},
    {"gate", required_argument, NULL, OPTION_GATE},
    {"public", required_argument, NULL, OPTION_PUBLIC},
    {"spool", required_argument, NULL, OPTION_SPOOL},
    {"accounts", required_argument, NULL, OPTION_ACCOUNTS},
    {"no-journal", no_argument, NULL, OPTION_NO_JOURNAL},
    {"check", no_argument, NULL, OPTION_CHECK},
    {"resolve", no_argument, NULL, OPTION_RESOLVE},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

static int usage(FILE *out, int status)
{
    fputs("Usage: assentd [OPTION...]\n"
          "The agent that decides at ssh login and sudo elevation; see assentd(8).\n\n"
          "  --config FILE   configuration (" ASSENT_CONFIG ")\n"
          "  --policy DIR    policy files (" ASSENT_POLICY_DIR ")\n"
          "  --ledger FILE   state and records (" ASSENT_LEDGER ")\n"
          "  --gate PATH     socket of the PAM modules (" ASSENT_GATE ")\n"
          "  --public PATH   socket of everybody (" ASSENT_PUBLIC ")\n"
          "  --spool DIR     uses of the rescue door (" ASSENT_SPOOL_DIR ")\n"
          "  --accounts FILE who is locked or expired (" ASSENT_ACCOUNTS ")\n"
          "  --no-journal    do not copy the records to the journal\n"
          "  --check         check configuration and policy, then exit (0 good, 2 not)\n"
          "  --help          this text\n"
          "  --version       the version\n",
        out);
    return status;
}

static int check(const struct agent_options *options)
{
    struct yaml_errors errors = {0};
    struct config config;
    struct policy *policy;
    bool good;

    if (config_init(&config) < 0)
        return EXIT_FAILURE;
    /* what it finds is in `errors` */
    (void)!config_load(&config, options->config, geteuid(), &errors);
    policy = policy_load(options->policy_dir, geteuid(), &errors);
    for (size_t i = 0; i < errors.count; i++)
        fprintf(stderr, "%s:%u:%u: %s\n", errors.items[i].file, errors.items[i].line,
            errors.items[i].column, errors.items[i].message);
    good = policy && errors.count == 0;
    policy_free(policy);
    config_done(&config);
    yaml_errors_done(&errors);
    return good ? EXIT_SUCCESS : 2;
}

static int run(const struct agent_options *options)
{
    struct agent *agent;
    int r;

    /* where it cannot be, a question takes a few milliseconds longer beside other work */
    (void)thread_be_prompt();
    r = daemon_new(options, &agent);
    if (r < 0)
        return EXIT_FAILURE;
    r = daemon_run(agent);
    daemon_free(agent);
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

struct command {
    enum { ACTION_RUN, ACTION_CHECK, ACTION_RESOLVE, ACTION_HELP, ACTION_VERSION } action;
    struct agent_options options;
};

/* Returns false for an option that is none. */
static bool take_option(struct command *command, int option)
{
    struct agent_options *options = &command->options;

    switch (option) {
    case OPTION_CONFIG:
        options->config = optarg;
        return true;
    case OPTION_POLICY:
        options->policy_dir = optarg;
        return true;
    case OPTION_LEDGER:
        options->ledger = optarg;
        return true;
    case OPTION_GATE:
        options->gate = optarg;
        return true;
    case OPTION_PUBLIC:
        options->public = optarg;
        return true;
    case OPTION_SPOOL:
        options->spool = optarg;
        return true;
    case OPTION_ACCOUNTS:
        options->accounts = optarg[0] ? optarg : NULL;
        return true;
    case OPTION_NO_JOURNAL:
        options->journal = false;
        return true;
    case OPTION_CHECK:
        command->action = ACTION_CHECK;
        return true;
    case OPTION_RESOLVE:
        command->action = ACTION_RESOLVE;
        return true;
    case 'h':
        command->action = ACTION_HELP;
        return true;
    case 'V':
        command->action = ACTION_VERSION;
        return true;
    default:
        return false;
    }
}

static bool parse_command(struct command *command, int argc, char **argv)
{
    int option;

    while ((option = getopt_long(argc, argv, "hV", options_table, NULL)) != -1)
        if (!take_option(command, option))
            return false;
    return optind == argc;
}

int main(int argc, char **argv)
{
    struct command command = {
        .action = ACTION_RUN,
        .options =
            {
                .config = ASSENT_CONFIG,
                .policy_dir = ASSENT_POLICY_DIR,
                .ledger = ASSENT_LEDGER,
                .gate = ASSENT_GATE,
                .public = ASSENT_PUBLIC,
                .spool = ASSENT_SPOOL_DIR,
                .accounts = ASSENT_ACCOUNTS,
                .journal = true,
            },
    };

    if (!parse_command(&command, argc, argv))
        return usage(stderr, 2);
    switch (command.action) {
    case ACTION_RUN:
        return run(&command.options);
    case ACTION_CHECK:
        return check(&command.options);
    case ACTION_RESOLVE:
        return resolve_main();
    case ACTION_HELP:
        return usage(stdout, EXIT_SUCCESS);
    case ACTION_VERSION:
        puts("assentd " ASSENT_VERSION);
        return EXIT_SUCCESS;
    }
    return EXIT_FAILURE;
}
