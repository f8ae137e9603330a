/* Command patterns: assent-policy(5), "Command patterns". */
#pragma once

#include <stdbool.h>

#include "pattern.h"
#include "truth.h"

struct command {
    struct text_list words; /* normal form; words.items[0] is the path */
    const char *path;       /* the path itself when it has no wildcard, else NULL */
    bool any;               /* the word `any`: every command, but it must be known */
    bool rest;              /* the last word was a lone star: any further arguments */
};

/* Reads a pattern. Returns NULL, or what is wrong with it, in words for its author. */
MUST_USE const char *command_parse(
    const char *text, struct arena *arena, struct command *ret_command);

/* `path` NULL: the command is not known; `argv` NULL: its arguments are not. */
enum truth command_match(
    const struct command *command, const char *path, const char *const *argv, size_t argc);

/* One argument with the word it stands for. */
enum truth command_match_argument(const char *word, const char *argument);
