/* Whole runs of `assent` in a child against a scripted agent: what it asks, prints and returns. A
 * test program that uses it calls dispatch_main() at the start of its main() when argv[0] is
 * "assent".
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "fake_agent.h"

struct run {
    struct fake_agent agent;
    int status; /* exit status, or 128 + signal */
    char *out, *err;
};

/* Runs `assent WORDS...` against an agent that follows the script. Free with run_done. */
void run_assent(struct run *run, const struct fake_step *steps, const char *const *words);
void run_done(struct run *run);

/* The value of a member of the parameters of message `index`, as JSON in a static buffer; "method"
 * is the method. */
const char *run_sent(const struct run *run, size_t index, const char *key);

/* The same in parts: a file for what is printed, the start with --socket, the end. */
int run_scratch(void);
pid_t run_start(const char *socket, const char *const *words, int out, int err);
void run_finish(struct run *run, pid_t pid, int out, int err);

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define STEPS(...) ((const struct fake_step[]){__VA_ARGS__, {0}})
#define SAY(text)    \
    {                \
        (text), 0, 0 \
    }
