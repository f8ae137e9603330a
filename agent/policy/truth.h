/* Three-valued logic: what is not known stays unknown. Ordered, so that "and" is the smaller
 * and "or" the greater of two. */
#pragma once

enum truth {
    TRUTH_NO,
    TRUTH_UNKNOWN,
    TRUTH_YES,
};
