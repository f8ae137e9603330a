/* Three-valued logic: what is not known stays unknown. Ordered, so that "and" is the smaller
 * and "or" the greater of two. */
#pragma once

enum truth {
    TRUTH_NO,
    TRUTH_UNKNOWN,
    TRUTH_YES,
};

static inline enum truth truth_both(enum truth a, enum truth b)
{
    return a < b ? a : b;
}

static inline enum truth truth_not(enum truth truth)
{
    return truth == TRUTH_UNKNOWN ? TRUTH_UNKNOWN : truth == TRUTH_YES ? TRUTH_NO : TRUTH_YES;
}
