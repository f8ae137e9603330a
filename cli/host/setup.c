#include "setup.h"

#include <string.h>
#include <unistd.h>

#include "../../common/clock.h"
#include "../../common/parse.h"
#include "../../common/str.h"
#include "setup_change.h"
#include "setup_door.h"
#include "setup_pending.h"

const struct cli_option setup_options[] = {
    {"yes", NULL, "do not ask before the change"},
    {"confirm-within", "DUR", "take it back unless confirmed in this time (5m); 0: never"},
    {"test-user", "NAME", "try the new stack with this account"},
    {"dry-run", NULL, "show and try everything, change nothing"},
    {"from", "BACKUP", "revert: only if this backup is the one that waits"},
    {"boot", NULL, "revert: sshd does not run yet"},
    {"root", "DIR", "work on the files below DIR; nothing is run"},
    {0},
};

static int parse_doors(int count, char **names, unsigned *ret_doors)
{
    unsigned doors = 0;
    for (int i = 0; i < count; i++) {
        const struct door *door = door_find(names[i]);
        if (door == NULL)
            return -1;
        doors |= 1u << (unsigned)(door - door_table);
    }
    *ret_doors = doors;
    return 0;
}

static int parse_within(const char *text, uint64_t *ret_us)
{
    if (text == NULL) {
        *ret_us = SETUP_CONFIRM_DEFAULT_US;
        return 0;
    }
    if (strcmp(text, "0") == 0) {
        *ret_us = 0;
        return 0;
    }
    uint64_t us;
    if (parse_duration(text, &us) < 0 || us < SETUP_CONFIRM_MIN_US || us > SETUP_CONFIRM_MAX_US)
        return -1;
    *ret_us = us;
    return 0;
}

static int change_doors(int argc, char **argv, const char *root, const struct cli_options *options)
{
    struct setup_request request = {
        .root = root,
        .enable = strcmp(argv[1], "enable") == 0,
        .yes = cli_value(options, "yes") != NULL,
        .dry_run = cli_value(options, "dry-run") != NULL,
        .test_user = cli_value(options, "test-user"),
    };
    if (argc < 3)
        return cli_usage_error(options, "which door? sshd, sshd-interactive, sudo or su");
    if (parse_doors(argc - 2, argv + 2, &request.doors) < 0)
        return cli_usage_error(options, "a door is sshd, sshd-interactive, sudo or su");
    if (parse_within(cli_value(options, "confirm-within"), &request.within_us) < 0)
        return cli_usage_error(options, "--confirm-within takes 1s to 24h, as 5m, or 0");
    if (request.test_user != NULL && !str_is_name(request.test_user))
        return cli_usage_error(options, "--test-user takes the name of an account");
    return setup_change_doors(&request, options);
}

int verb_setup(int argc, char **argv, const struct cli_options *options)
{
    const char *root = cli_value(options, "root");
    const char *verb = argc > 1 ? argv[1] : "";
    if (root == NULL)
        root = "";
    if (strcmp(verb, "status") == 0 && argc == 2)
        return setup_status(root, options);
    if (root[0] == '\0' && geteuid() != 0) {
        cli_error("setup changes how people log in: run it as root");
        return CLI_REFUSED;
    }
    if (strcmp(verb, "enable") == 0 || strcmp(verb, "disable") == 0)
        return change_doors(argc, argv, root, options);
    if (strcmp(verb, "confirm") == 0 && argc == 2)
        return setup_confirm(root, options);
    if (strcmp(verb, "revert") == 0 && argc == 2)
        return setup_revert(
            root, cli_value(options, "from"), cli_value(options, "boot") != NULL, options);
    return cli_usage_error(options, "say enable, disable, confirm, revert or status");
}
