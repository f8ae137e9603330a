/* The gate protocol: what pam_assent.so and assent_sudo.so say to assentd. This header is
 * its specification.
 *
 * Transport: AF_UNIX SOCK_SEQPACKET, one message a packet, at most GATE_MESSAGE_MAX bytes.
 * The agent serves uid 0 only. A message is
 *
 *     u32 magic "ASNT"   u16 version   u16 type   then fields: u16 tag, u32 length, bytes
 *
 * little-endian. Each tag at most once, in any order; unknown tags are skipped in an ask
 * (newer module, older agent) and refused in an answer, which must say nothing we cannot read.
 * Texts carry no NUL; lists are texts each ended by one NUL; numbers are u64.
 *
 * One connection serves one question:
 *
 *     client  ASK                the facts it knows
 *     agent   ANSWER ALLOW       the door may open; a use has been recorded, durably
 *     agent   ANSWER DENY        it may not; `text` says why and what to do
 *     agent   ANSWER NEED        ask again on this connection with the facts in `need`: groups
 *                                at once, everything else from the person, so only when the ask
 *                                had GATE_FLAG_PROMPT. One kind a NEED; `text` is the prompt. The
 *                                same kind again: what was given is not good enough
 *     agent   ANSWER WAIT        request `request` is open and people are asked. Sent when
 *                                the request opens and again at each change worth showing
 *     agent   ANSWER READY       it has been approved: send the ASK again, with fresh facts
 *     agent   ANSWER BUSY        the agent is there but cannot answer now: no, but not "gone"
 *     client  LEAVE              stops waiting, the request stays open
 *
 * A client that closes without LEAVE withdraws a request it was waiting for, unless policy
 * keeps it. After ALLOW, DENY or BUSY the agent closes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "macro.h"

#define GATE_MESSAGE_MAX ((size_t)128 * 1024)
#define GATE_ARGV_MAX ((size_t)96 * 1024) /* bytes of all arguments with their NULs */
#define GATE_ENV_MAX ((size_t)8 * 1024)
#define GATE_TEXT_MAX ((size_t)4096) /* any single text but the lists */
#define GATE_GROUPS_MAX 1024
#define GATE_UID_UNKNOWN UINT64_MAX

enum gate_type {
    GATE_ASK = 1,
    GATE_ANSWER = 2,
    GATE_LEAVE = 3,
};

/* Which question it is. */
enum gate_phase {
    GATE_PHASE_AUTH = 1,     /* PAM auth: may ask the person and wait */
    GATE_PHASE_ACCOUNT = 2,  /* PAM account: decide now */
    GATE_PHASE_SESSION = 3,  /* PAM open_session: check the tie, bind to the login session */
    GATE_PHASE_END = 4,      /* PAM close_session */
    GATE_PHASE_POSSIBLE = 5, /* PAM account of sudo beside the plugin: could anything match? */
    GATE_PHASE_COMMAND = 6,  /* sudo plugin: may this very command run now? */
};

/* What the client can do and has seen (gate_ask.flags). */
enum gate_flag {
    GATE_FLAG_WAIT = 1 << 0,     /* it will wait for people */
    GATE_FLAG_PROMPT = 1 << 1,   /* it can ask the person for the facts in `need` */
    GATE_FLAG_LISTING = 1 << 2,  /* looks like sudo -l or -v: open no request */
    GATE_FLAG_WRITABLE = 1 << 3, /* others than root can write the command or its path */
    GATE_FLAG_ASKED = 1 << 4,    /* this ask repeats an earlier one after READY or NEED */
    GATE_FLAG_SELFTEST = 1 << 5, /* `assent setup` tries a stack: nobody stands at the door */
};

/* Facts an answer NEEDs (gate_answer.need). */
enum gate_need {
    GATE_NEED_GROUPS = 1 << 0, /* the subject's groups as numeric ids */
    GATE_NEED_REASON = 1 << 1,
    GATE_NEED_TICKET = 1 << 2,
    GATE_NEED_PEER = 1 << 3,    /* the name of a colleague who has to confirm */
    GATE_NEED_CONTROL = 1 << 4, /* one word out of a list that the prompt shows */
};

/* What a person types. */
#define GATE_NEED_TYPED (GATE_NEED_REASON | GATE_NEED_TICKET | GATE_NEED_PEER | GATE_NEED_CONTROL)

/* Verdicts are far apart in their bits, so that no single flipped bit turns one into
 * another (CVE-2023-42465). Anything else is not an answer. */
enum gate_kind {
    GATE_ALLOW = 0x35a2965e,
    GATE_DENY = 0x4a5d69a1,
    GATE_NEED = 0x1c3b0e72,
    GATE_WAIT = 0x63c4718d,
    GATE_READY = 0x2ed917c8,
    GATE_BUSY = 0x5126e837,
};

/* Texts ended by one NUL each, `length` bytes in all; data NULL when absent. */
struct gate_list {
    const char *data;
    size_t length;
};

/* Every pointer is borrowed: from the caller when encoding, from the message when decoded.
 * NULL or GATE_UID_UNKNOWN means: not known. */
struct gate_ask {
    uint64_t phase;
    uint64_t flags;
    uint64_t deadline_ms; /* the client gives up waiting for any byte after this */
    uint64_t uid;         /* the subject: DESIGN "Who is the subject" */
    const char *user;
    const char *service;
    const char *run_as; /* account the command or shell would run as */
    uint64_t run_as_uid;
    const char *tty;
    const char *rhost;     /* numeric address out of SSH_CONNECTION; else PAM_RHOST */
    const char *auth_info; /* SSH_AUTH_INFO_0 */
    const char *reason;    /* typed by the person */
    const char *ticket;
    const char *peer;
    const char *control;
    const char *command;   /* absolute path as resolved by sudo */
    struct gate_list argv; /* with argv[0] */
    const char *cwd;
    struct gate_list env;   /* NAME=value the caller changed, see assent_sudo(8) */
    const uint32_t *groups; /* NULL: unknown */
    size_t group_count;
    const char *tie;     /* from an earlier phase of the same login */
    const char *session; /* XDG_SESSION_ID */
    uint64_t parent;     /* getppid(): keyboard-interactive runs in a child of the monitor */
};

struct gate_answer {
    uint64_t kind;    /* enum gate_kind */
    uint64_t need;    /* enum gate_need, with GATE_NEED */
    uint64_t left_ms; /* WAIT: until the request ends; ALLOW: until the grant does */
    const char *text; /* for the person: one or two plain lines, already escaped. With NEED a
                         prompt; one that does not end in a blank gets a line of the client's
                         own below it ("Reason: ") */
    const char *request;
    const char *grant;
    const char *asked; /* WAIT: who is asked ("carol or dave") */
    const char *tie;   /* ALLOW in auth and account: hand it to the next phase */
};

/* Writes a message into `buffer`. Returns its length, or -EMSGSIZE when a text or the whole
 * is over its cap, -EINVAL for a text with an embedded NUL in a list that is not NUL-ended. */
MUST_USE int record_encode_ask(const struct gate_ask *ask, uint8_t *buffer, size_t size);
MUST_USE int record_encode_answer(const struct gate_answer *answer, uint8_t *buffer, size_t size);
MUST_USE int record_encode_leave(uint8_t *buffer, size_t size);

/* The type of the message in `data`, or -EBADMSG / -EPROTONOSUPPORT (other version). */
MUST_USE int record_type(const uint8_t *data, size_t length);

/* Reads a message; the result points into `data`, which must outlive it. Returns 0 or -EBADMSG.
 * `data` must be aligned to 4 bytes (malloc'ed or a static buffer is). */
MUST_USE int record_decode_ask(uint8_t *data, size_t length, struct gate_ask *ret_ask);
MUST_USE int record_decode_answer(uint8_t *data, size_t length, struct gate_answer *ret_answer);

/* An ask with every fact unknown. */
void record_init_ask(struct gate_ask *ask);

/* The next text of a list after `previous` (NULL: the first), NULL at its end. */
const char *record_list_next(const struct gate_list *list, const char *previous);
