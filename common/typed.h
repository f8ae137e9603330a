/* What a person types because the agent NEEDs it: the kinds, how each is asked for, how often, and
 * what is said where it does not come. A line is kept to the end, so that every further ask carries
 * all that was given, and wiped then. Used by enquiry.c for both doors. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "macro.h"
#include "record.h"

/* In the order in which they are asked for. */
enum typed_kind {
    TYPED_REASON,
    TYPED_TICKET,
    TYPED_CONTROL,
    TYPED_PEER,
    TYPED_MAX,
};

#define TYPED_TRIES_MAX 3   /* for one kind; so twelve prompts in all */
#define TYPED_LINE_MAX 2048 /* bytes; longer is an accident with the clipboard */

/* Why something is lacking. */
enum typed_why {
    TYPED_UNASKED = 1, /* nobody can be asked here */
    TYPED_UNGIVEN,     /* an empty line, the end of the input, ^C */
    TYPED_TOO_LONG,    /* more than TYPED_LINE_MAX */
    TYPED_UNFIT,       /* nothing that was accepted in all tries */
};

struct typed {
    char *lines[TYPED_MAX]; /* owned */
    unsigned tries[TYPED_MAX];
    uint64_t lacking; /* enum gate_need, 0: nothing */
    enum typed_why why;
};

/* The bit of a kind in gate_answer.need. */
uint64_t typed_need(enum typed_kind kind);

/* Its option of `assent request` with a sample value: "--ticket TICKET". */
const char *typed_option(enum typed_kind kind);

/* Counts one more try. False, with `lacking` and `why` set, when there have been enough. */
MUST_USE bool typed_may_ask(struct typed *typed, enum typed_kind kind);

/* The prompt: the agent's text, with a line of ours where it brings none. Fresh memory or NULL. */
char *typed_prompt(enum typed_kind kind, const char *text);

/* Takes the line (NULL: there was none) and puts it into `ask`, trimmed. False, with `lacking`
 * and `why` set, when it says nothing. */
MUST_USE bool typed_take(
    struct typed *typed, enum typed_kind kind, char *line, struct gate_ask *ask);

/* Nobody can be asked for what is in `need`. */
void typed_note_unasked(struct typed *typed, uint64_t need);

/* "PREFIX: no ticket was given." and how to give it ahead, in two lines. Fresh memory or NULL. */
char *typed_refusal(const struct typed *typed, const struct gate_ask *ask, const char *prefix);

/* Wipes and frees. */
void typed_done(struct typed *typed);
