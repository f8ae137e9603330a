/* What a policy that loads may still have wrong with it: findings, each of a kind that has a name,
 * a level and its line in assent-policy(5), "FINDINGS". Pure, like policy.h; says nothing about
 * how it is shown. */
#pragma once

#include "../policy.h"

enum lint_level {
    LINT_NOTE,    /* good to know */
    LINT_WARNING, /* most likely not what was meant */
    LINT_ERROR,   /* certainly not what was meant, on whatever host */
};

/* What a kind of finding hangs on, besides the files. */
enum lint_needs {
    LINT_FILES,
    LINT_TIME, /* what day it is */
    LINT_HOST, /* the accounts and directories of this host */
};

struct lint {
    const char *name;
    enum lint_level level;
    enum lint_needs needs;
    const char *meaning; /* one line */
};

enum lint_subject {
    LINT_POLICY,
    LINT_RULE,
    LINT_ENTITLEMENT,
    LINT_GROUP, /* of `groups:` */
    LINT_IDENTITY,
};

/* Borrowed, for the time of the call. */
struct lint_finding {
    const struct lint *lint;
    struct place_info place;
    enum lint_subject subject;
    const char *name;     /* of the subject; NULL for the policy */
    const char *message;  /* what is wrong and what to do, one line, not escaped */
    const char *accepted; /* the reason written under `accept:`, or NULL */
};

struct lint_options {
    uint64_t now_us; /* 0: not known; findings that need it are left out */
    bool host;       /* ids and accounts of this host have been told; else findings that need them
                        are left out */

    /* For the path pattern of a command: the directory that really is meant by its directory (fresh
     * memory), or NULL when it is that one. May be NULL itself. */
    char *(*real_directory)(const char *pattern, void *userdata);
    void *userdata;
};

typedef void lint_visit(const struct lint_finding *finding, void *userdata);

/* Calls `visit` for every finding, in no particular order. Names must have been resolved: with
 * `options->host` by this host, else all to ids that are made up, since who is not there counts as
 * gone. Returns 0, or -ENOMEM when some were not looked for. */
MUST_USE int policy_lint(const struct policy *policy, const struct lint_options *options,
    lint_visit *visit, void *userdata);

/* Every kind there is, by name; ended by a NULL name. */
extern const struct lint lints[];

const char *lint_level_to_string(enum lint_level level);
const char *lint_subject_to_string(enum lint_subject subject); /* "rule" */
