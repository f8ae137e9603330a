/* One load, from files or stored text to a policy that is ready to decide. Loader's thread. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "../../common/macro.h"
#include "../policy/policy.h"
#include "../state/texts.h"
#include "chunk.h"
#include "config.h"
#include "survey.h"

struct ledger_reader;
struct resolve_job;
struct resolve_name;
struct sd_event;

/* What to load. Paths borrowed for as long as the loader lives. */
struct load_order {
    const char *directory, *config, *ledger;
    const char *accounts; /* what assent-accounts tells, or NULL */
    uid_t owner;          /* may own files besides root */
    /* Load this version out of the ledger instead of the files; with `held` set only while that is
     * what the files say. "": the files. */
    char version[POLICY_DIGEST_SIZE];
    char held[POLICY_DIGEST_SIZE];
    bool hold; /* `held` is whatever else the files say */
    bool any;  /* nothing is in force yet: an earlier version is better than none */
    /* Only that very version, from wherever it is to be had: for the accounts that it names. */
    bool same;
    /* No configuration is read; the one in force has this group. Borrowed until it is over. */
    const char *auditors;
};

struct load_result {
    struct policy *policy;     /* names resolved, indexed; NULL: nothing was loaded */
    struct policy_files files; /* its text */
    struct chunks chunks;      /* where it is cut to be kept */
    struct config config;
    bool has_config; /* one was read, and is to be in force with the policy */
    bool from_ledger;
    char held[POLICY_DIGEST_SIZE]; /* what the files say and shall not take force, or "" */
    bool unresolved;               /* the accounts could not be looked up: worth another try */
    struct texts errors;
    struct texts warnings;
    struct survey survey;
    bool auditors_known;
    gid_t auditors;
};

struct load_job {
    struct load_order order;
    struct load_result result;
    struct sd_event *event; /* the thread's own loop, not the agent's */
    void (*finished)(struct load_job *job);
    void *userdata;
    struct ledger_reader *reader;
    struct resolve_job *resolve;
};

/* Loads; `job->finished` is called when it is over, perhaps from inside. */
void load_job_run(struct load_job *job);

/* Frees what it holds, ending it if it has not finished. */
void load_job_done(struct load_job *job);
