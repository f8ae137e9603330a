#include "inquiry.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../common/names.h"
#include "../core/agent.h"
#include "../state/digest.h"

struct tie_bearer inquiry_bearer(const struct inquiry *inquiry)
{
    return (struct tie_bearer){
        .pid = inquiry->pid,
        .parent = inquiry->ask->parent,
        .uid = (uint32_t)inquiry->ask->uid,
        .service = inquiry->ask->service,
    };
}

struct doorway inquiry_doorway(const struct inquiry *inquiry)
{
    return (struct doorway){
        .uid = inquiry->subject.uid,
        .scope = &inquiry->scope,
        .key = inquiry->key,
        .policy = inquiry->policy,
        .facts = &inquiry->store.facts,
        .now_us = clock_boottime_us(),
    };
}

/* What a yes rests on. Two phases open nothing by themselves: sudo's plugin asks again about the
 * command, and a session is asked about once its login was let through. */
static bool is_founded(const struct inquiry *inquiry)
{
    switch (inquiry->ask->phase) {
    case GATE_PHASE_POSSIBLE:
    case GATE_PHASE_SESSION:
        return true;
    default:
        return inquiry->watched || inquiry->used || inquiry->continues ||
               (inquiry->verdict.decision == DECISION_ALLOW && inquiry->verdict.missing == 0);
    }
}

/* The only yes. */
void inquiry_allow(struct inquiry *inquiry, uint64_t left_us)
{
    struct tie_bearer bearer = inquiry_bearer(inquiry);
    char tie[TIE_SIZE];
    struct gate_answer answer = {
        .kind = GATE_ALLOW,
        .left_ms = left_us / USEC_PER_MSEC,
        .grant = inquiry->chain,
        .tie = tie,
    };

    if (!is_founded(inquiry)) {
        inquiry_deny(inquiry, "Refused: neither a rule nor a grant opens this.");
        return;
    }
    tie_make(inquiry->agent->seal_key, inquiry->chain, &bearer, tie);
    if (inquiry->chain[0] != '\0')
        sessions_remember(
            &inquiry->agent->sessions, inquiry->pid, inquiry->subject.uid, inquiry->chain);
    inquiry->answer(inquiry, &answer);
}

void inquiry_deny(struct inquiry *inquiry, const char *text)
{
    inquiry->answer(inquiry, &(struct gate_answer){
                                 .kind = GATE_DENY,
                                 .text = text ? text : "Refused: the agent is out of memory.",
                             });
}

bool inquiry_is_selftest(const struct inquiry *inquiry)
{
    return (inquiry->ask->flags & GATE_FLAG_SELFTEST) != 0;
}

bool inquiry_is_watched(const struct inquiry *inquiry)
{
    return inquiry->scope.service && monitor_covers(inquiry->agent, inquiry->scope.service);
}

static const char *busy_text(int error)
{
    switch (error) {
    case -ENOSPC:
        return "Refused: the agent cannot record this, its disk is full.\n"
               "Ask an administrator to free space under " ASSENT_STATE_DIR ".";
    case -ETIMEDOUT:
        return "Refused: the agent cannot record this in time, its disk does not answer.\n"
               "Try again, or use the console.";
    default:
        return "Refused: the agent cannot record this (see its journal).\n"
               "Try again, or ask an administrator of this host.";
    }
}

void inquiry_busy(struct inquiry *inquiry, int error)
{
    if (inquiry_is_watched(inquiry)) {
        fprintf(stderr, "monitor mode let %s through, and it could not be recorded: %s\n",
            inquiry->subject.name, strerrordesc_np(-error));
        inquiry->watched = true;
        inquiry_allow(inquiry, 0);
        return;
    }
    inquiry->answer(inquiry, &(struct gate_answer){.kind = GATE_BUSY, .text = busy_text(error)});
}

/* Its line may stand behind those of other methods. */
static const char *find_publickey(const char *auth_info)
{
    while (auth_info && strncmp(auth_info, "publickey ", 10) != 0) {
        auth_info = strchr(auth_info, '\n');
        auth_info += auth_info != NULL;
    }
    return auth_info;
}

int inquiry_find_key(struct inquiry *inquiry)
{
    const char *line = find_publickey(inquiry->ask->auth_info);
    char hex[DIGEST_HEX_SIZE];

    if (!line)
        return 0;
    digest_bytes(line, strcspn(line, "\n"), hex);
    inquiry->key = strdup(hex);
    return inquiry->key ? 0 : -ENOMEM;
}
