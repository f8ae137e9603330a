/* A command line as it is written in facts: split into words as a command pattern is, but nothing
 * in it is a wildcard. Blanks and tabs separate; in double quotes every character stands for
 * itself; a backslash, in quotes or not, makes the next character stand for itself. */
#pragma once

#include "../policy/pattern.h"

/* Returns NULL and the words, in the arena, or what is wrong with the line, in words for its
 * author. */
MUST_USE const char *line_split(const char *text, struct arena *arena, struct text_list *ret_words);
