/* What differs between two policies in what they mean. Names are compared as texts; comments,
 * layout, files and the order of what is a set do not count. The order of rules counts where it can
 * change a decision. Pure. */
#pragma once

#include "../policy.h"

enum compare_kind {
    COMPARE_ADDED,
    COMPARE_REMOVED,
    COMPARE_CHANGED,
    COMPARE_MOVED, /* a rule, past another that it can meet; it may be changed too */
};

enum compare_subject {
    COMPARE_RULE,
    COMPARE_ENTITLEMENT,
    COMPARE_GROUP,
    COMPARE_PERSON,
    COMPARE_IDENTITY,
};

/* One thing that is said of the subject. A NULL text: not said, or the default. */
struct compare_field {
    const char *key; /* as in the file: "what.command" */
    const char *before, *after;
    const char *gone, *more; /* of a set that both have: what it lost and what is new; or NULL */
};

/* Borrowed, for the time of the call. */
struct compare_change {
    enum compare_kind kind;
    enum compare_subject subject;
    const char *name;
    struct place_info before, after; /* file NULL: it is not there */
    const struct compare_field *fields;
    size_t field_count;
    const char *past;  /* COMPARE_MOVED: the rule that it went past */
    bool now_first;    /* it stands before that rule now */
    const char *rules; /* of all but rules: those of the later policy that name it, or NULL */
};

typedef void compare_visit(const struct compare_change *change, void *userdata);

/* Calls `visit` for each difference: rules first, then entitlements, identities, groups and people;
 * of each, what is gone first, then the rest in the order of `after`. Accounts need no ids, but
 * which rules can meet is better told where they have them. Returns 0 or -ENOMEM. */
MUST_USE int policy_compare(
    const struct policy *before, const struct policy *after, compare_visit *visit, void *userdata);

const char *compare_kind_to_string(enum compare_kind kind);          /* "added" */
const char *compare_subject_to_string(enum compare_subject subject); /* "rule" */
