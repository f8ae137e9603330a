/* Which of a command's environment is part of what is approved: assent_sudo(8) lists it. */
#pragma once

#include "../common/macro.h"
#include "../common/record.h"

/* The account the command runs as; NULL where it is not known. */
struct environment_account {
    const char *name;
    const char *home;
    const char *shell;
};

/* Everything in `envp` but what sudo sets by itself and what only concerns the terminal,
 * display and language, sorted, so that the same command has the same facts in every
 * terminal. Returns 0 with fresh memory in `ret_list->data` (NULL when empty), -ENOMEM, or
 * -E2BIG over GATE_ENV_MAX. */
MUST_USE int environment_collect(
    char *const envp[], const struct environment_account *account, struct gate_list *ret_list);
