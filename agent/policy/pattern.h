/* Splits the text of a command or host pattern into words in the normal form of glob.h. The
 * text is described in assent-policy(5), "Command patterns". */
#pragma once

#include "../yaml/arena.h"

#define PATTERN_WORDS_MAX 256

/* Texts in an arena. */
struct text_list {
    const char *const *items;
    size_t count;
};

/* Returns NULL and the words, or what is wrong with the text, in words for its author. */
MUST_USE const char *pattern_split(
    const char *text, struct arena *arena, struct text_list *ret_words);

/* The same of a text that is one word. */
MUST_USE const char *pattern_word(const char *text, struct arena *arena, const char **ret_word);

/* The other way: one line that splits into the same words. Fresh memory, NULL without. */
MUST_USE char *pattern_join(const struct text_list *words);
