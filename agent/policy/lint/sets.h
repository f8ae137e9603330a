/* The sets that conditions are made of, one against the other. As a condition, an empty set (or
 * mask zero) is everything. */
#pragma once

#include "../model.h"

bool set_has(const struct numbers *set, uint32_t number);

/* Whatever is in the narrow one is in the wide one. */
bool set_covers(const struct numbers *wide, const struct numbers *narrow);
bool set_covers_mask(unsigned wide, unsigned narrow);
bool set_covers_texts(const struct text_list *wide, const struct text_list *narrow);
bool set_covers_window(const struct window *wide, const struct window *narrow);

/* Users are the same by name or by id. */
bool set_covers_users(
    const struct policy *policy, const struct numbers *wide, const struct numbers *narrow);

/* Both have at least one in common; neither is empty. */
bool set_users_meet(const struct policy *policy, const struct numbers *a, const struct numbers *b);
bool set_texts_meet(const struct text_list *a, const struct text_list *b);

/* False is certain. */
bool set_windows_meet(const struct window *a, const struct window *b);

/* Each command of the narrow one is a command of the wide one, letter by letter: that is how they
 * are compared when an entitlement is asked for as a whole. */
bool set_same_commands(const struct what *wide, const struct what *narrow);
