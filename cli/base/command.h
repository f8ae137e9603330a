/* Commands as they are typed. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "cli.h"

/* Whether that door becomes another account and runs a command: sudo, su, doas. */
bool command_is_of(const char *service);

/* Adds argv as `command` to the parameters, its first word resolved as sudo would do it; says so
 * where that differs from what was typed. Returns CLI_OK, or the exit code with what is wrong on
 * standard error. */
int command_add(json_t *params, int argc, char *const *argv);
