#include "enquiry.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "clock.h"
#include "str.h"

#define ROUNDS_MAX 32 /* asks in one enquiry: an agent that never ends is not ours */
#define RETRY_MS 50   /* between tries while the agent restarts */

/* "Go on": no outcome yet. */
#define UNDECIDED ((enum enquiry_outcome)0)

static enum enquiry_outcome fail(struct enquiry *enquiry, int error)
{
    enquiry->error = error;
    return ENQUIRY_FAILED;
}

static enum enquiry_outcome outcome_of_error(struct enquiry *enquiry, int r)
{
    switch (r) {
    case -ECONNREFUSED:
    case -ENOENT:
    case -ETIMEDOUT:
    case CLIENT_E_CLOSED:
        return ENQUIRY_GONE;
    case CLIENT_E_UNTRUSTED:
    case CLIENT_E_GARBLED:
        return ENQUIRY_NOT_BELIEVED;
    case CLIENT_E_WOKEN:
        return ENQUIRY_CANCELLED;
    default:
        return fail(enquiry, r);
    }
}

static void hang_up(struct enquiry *enquiry)
{
    client_close(&enquiry->client);
}

/* Keeps a copy; an absent text leaves the earlier one. */
static int keep(char **slot, const char *text)
{
    char *copy;

    if (!text)
        return 0;
    copy = strdup(text);
    if (!copy)
        return -ENOMEM;
    free(*slot);
    *slot = copy;
    return 0;
}

/* The text of a NEED is a prompt, and no last word. */
static int keep_answer(struct enquiry *enquiry, const struct gate_answer *answer)
{
    int r = answer->kind == GATE_NEED ? 0 : keep(&enquiry->text, answer->text);

    if (r == 0)
        r = keep(&enquiry->request, answer->request);
    if (r == 0 && answer->kind == GATE_ALLOW)
        r = keep(&enquiry->tie, answer->tie);
    return r;
}

/* Sleeps a moment, less when woken. Returns 0, CLIENT_E_WOKEN or -ETIMEDOUT. */
static int pause_before_retry(const struct enquiry *enquiry)
{
    struct pollfd watch = {.fd = enquiry->watch_fd, .events = POLLIN};
    int left_ms = clock_remaining_ms(enquiry->answer_by_us);

    if (left_ms == 0)
        return -ETIMEDOUT;
    return poll(&watch, 1, left_ms < RETRY_MS ? left_ms : RETRY_MS) > 0 ? CLIENT_E_WOKEN : 0;
}

/* Connects. Once the agent has been there, "nobody listens" may be its restart, so this
 * tries on until the deadline. */
static int connect_gate(struct enquiry *enquiry, bool was_there)
{
    for (;;) {
        int r = client_open(&enquiry->client, enquiry->gate, enquiry->answer_by_us);

        if (!was_there || (r != -ECONNREFUSED && r != -ENOENT))
            return r;
        r = pause_before_retry(enquiry);
        if (r != 0)
            return r;
    }
}

/* Asks and takes the first answer, reconnecting once if the agent ends in between. */
static int ask_once(struct enquiry *enquiry, struct gate_answer *ret_answer)
{
    bool was_there = enquiry->rounds > 1;

    for (int tries = 0;; tries++) {
        int r = enquiry->client.fd >= 0 ? 0 : connect_gate(enquiry, was_there);

        if (r == 0)
            r = client_send(
                &enquiry->client, enquiry->ask, enquiry->pass_fd, enquiry->answer_by_us);
        if (r == 0)
            r = client_receive(
                &enquiry->client, enquiry->answer_by_us, enquiry->watch_fd, ret_answer);
        if (r != CLIENT_E_CLOSED || tries > 0)
            return r;
        hang_up(enquiry);
        was_there = true;
    }
}

/* Puts one question to the person. A ^C that the host holds back is a ^C all the same. */
static enum enquiry_outcome ask_person(
    struct enquiry *enquiry, enum typed_kind kind, const char *text)
{
    AUTO_FREE char *question = typed_prompt(kind, text);
    char *line = NULL;
    int r;

    if (!question)
        return fail(enquiry, -ENOMEM);
    if (!typed_may_ask(&enquiry->typed, kind))
        return ENQUIRY_UNSUPPLIED;
    if (enquiry->signals)
        signals_pause(enquiry->signals);
    r = enquiry->ops->prompt(enquiry->context, question, &line);
    if (enquiry->signals)
        signals_resume();
    if (r == -ENOMEM)
        return fail(enquiry, r);
    if (typed_take(&enquiry->typed, kind, r < 0 ? NULL : line, enquiry->ask))
        return UNDECIDED;
    return enquiry->signals && signals_are_pending() ? ENQUIRY_CANCELLED : ENQUIRY_UNSUPPLIED;
}

/* The agent's text belongs to the first question; it asks for one kind at a time. After a
 * person has typed, its deadline starts again. */
static enum enquiry_outcome supply_typed(struct enquiry *enquiry, uint64_t need, const char *text)
{
    if (!enquiry->ops->prompt || (enquiry->ask->flags & GATE_FLAG_PROMPT) == 0) {
        typed_note_unasked(&enquiry->typed, need);
        return ENQUIRY_UNSUPPLIED;
    }
    for (unsigned kind = 0; kind < TYPED_MAX; kind++) {
        enum enquiry_outcome outcome;

        if ((need & typed_need(kind)) == 0)
            continue;
        outcome = ask_person(enquiry, kind, text);
        if (outcome != UNDECIDED)
            return outcome;
        text = NULL;
    }
    enquiry->answer_by_us = clock_deadline(enquiry->deadline_us);
    return UNDECIDED;
}

/* Finds what the answer asks for. Groups cost nobody's time. */
static enum enquiry_outcome supply(struct enquiry *enquiry, const struct gate_answer *answer)
{
    struct gate_ask *ask = enquiry->ask;
    uint64_t need = answer->need;

    if (need == 0 || (need & ~(uint64_t)(GATE_NEED_GROUPS | GATE_NEED_TYPED)) != 0)
        return ENQUIRY_UNSUPPLIED;
    if ((need & GATE_NEED_GROUPS) != 0) {
        int r = ask->groups || !enquiry->ops->groups ? -ENODATA
                                                     : enquiry->ops->groups(enquiry->context, ask);

        if (r < 0)
            return r == -ENODATA ? ENQUIRY_UNSUPPLIED : fail(enquiry, r);
    }
    ask->flags |= GATE_FLAG_ASKED;
    return (need & GATE_NEED_TYPED) != 0 ? supply_typed(enquiry, need, answer->text) : UNDECIDED;
}

/* READY: everything that may have changed while people thought is taken once more. */
static enum enquiry_outcome ask_afresh(struct enquiry *enquiry)
{
    int r = 0;

    if (enquiry->ops->refresh)
        r = enquiry->ops->refresh(enquiry->context, enquiry->ask, &enquiry->pass_fd);
    if (r < 0)
        return fail(enquiry, r);
    enquiry->ask->flags |= GATE_FLAG_ASKED;
    enquiry->answer_by_us = clock_deadline(enquiry->deadline_us);
    return UNDECIDED;
}

static uint64_t add_saturated(uint64_t a, uint64_t b)
{
    uint64_t sum;

    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

/* When a request that says it lives another `left_ms` must have been ended by the agent. */
static uint64_t request_end_us(const struct enquiry *enquiry, uint64_t left_ms)
{
    uint64_t left_us;

    if (left_ms == 0 || __builtin_mul_overflow(left_ms, USEC_PER_MSEC, &left_us))
        return UINT64_MAX;
    return clock_deadline(add_saturated(left_us, enquiry->deadline_us));
}

static enum enquiry_outcome leave_open(struct enquiry *enquiry)
{
    client_leave(&enquiry->client);
    hang_up(enquiry);
    return ENQUIRY_OPEN;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void tell_waiting(struct enquiry *enquiry, const struct gate_answer *answer)
{
    if (enquiry->ops->waiting)
        enquiry->ops->waiting(
            enquiry->context, answer, clock_boottime_us() - enquiry->wait_began_us);
}

/* A copy of what the progress line shows: the answer's own texts go with the next message. */
struct shown {
    char *text, *request, *asked;
    struct gate_answer answer;
};

static void shown_done(struct shown *shown)
{
    free(shown->text);
    free(shown->request);
    free(shown->asked);
}

static int shown_set(struct shown *shown, const struct gate_answer *answer)
{
    int r = keep(&shown->text, answer->text);

    if (r == 0)
        r = keep(&shown->request, answer->request);
    if (r == 0)
        r = keep(&shown->asked, answer->asked);
    shown->answer = (struct gate_answer){
        .kind = answer->kind,
        .left_ms = answer->left_ms,
        .text = shown->text,
        .request = shown->request,
        .asked = shown->asked,
    };
    return r;
}

/* The next message while waiting, with a tick of the progress line as often as asked for.
 * Returns as client_receive; -ETIMEDOUT at `until_us`. */
static int receive_ticking(
    struct enquiry *enquiry, const struct shown *shown, uint64_t until_us, struct gate_answer *ret)
{
    for (;;) {
        uint64_t tick_us = enquiry->tick_us ? clock_deadline(enquiry->tick_us) : UINT64_MAX;
        int r =
            client_receive(&enquiry->client, earlier(tick_us, until_us), enquiry->watch_fd, ret);

        if (r != -ETIMEDOUT || clock_boottime_us() >= until_us)
            return r;
        tell_waiting(enquiry, &shown->answer);
    }
}

/* Waits for people. UNDECIDED: `answer` is what ended the wait, of kind 0 when the agent is
 * to be asked again because it went away. */
static enum enquiry_outcome wait_for_people(struct enquiry *enquiry, struct gate_answer *answer)
{
    CLEANUP(shown_done) struct shown shown = {0};

    if ((enquiry->ask->flags & GATE_FLAG_WAIT) == 0)
        return leave_open(enquiry);
    if (enquiry->wait_began_us == 0)
        enquiry->wait_began_us = clock_boottime_us();
    while (answer->kind == GATE_WAIT) {
        uint64_t mine_us = add_saturated(enquiry->wait_began_us, enquiry->wait_us);
        uint64_t its_us = request_end_us(enquiry, answer->left_ms);
        int r = keep_answer(enquiry, answer);

        if (r == 0)
            r = shown_set(&shown, answer);
        if (r < 0)
            return fail(enquiry, r);
        tell_waiting(enquiry, &shown.answer);
        r = receive_ticking(enquiry, &shown, earlier(mine_us, its_us), answer);
        if (r == CLIENT_E_CLOSED) {
            hang_up(enquiry);
            enquiry->answer_by_us = clock_deadline(enquiry->deadline_us);
            answer->kind = 0;
            return UNDECIDED;
        }
        if (r == -ETIMEDOUT && mine_us <= its_us)
            return leave_open(enquiry);
        if (r != 0)
            return outcome_of_error(enquiry, r);
    }
    /* An ALLOW here would be for facts as old as the wait. */
    return answer->kind == GATE_ALLOW ? ENQUIRY_NOT_BELIEVED : UNDECIDED;
}

static enum enquiry_outcome act_on(struct enquiry *enquiry, const struct gate_answer *answer)
{
    int r = keep_answer(enquiry, answer);

    if (r < 0)
        return fail(enquiry, r);
    switch (answer->kind) {
    case GATE_ALLOW:
        return ENQUIRY_ALLOWED;
    case GATE_DENY:
        return ENQUIRY_DENIED;
    case GATE_BUSY:
        return ENQUIRY_BUSY;
    case GATE_NEED:
        return supply(enquiry, answer);
    case GATE_READY:
        return ask_afresh(enquiry);
    default:
        return ENQUIRY_NOT_BELIEVED;
    }
}

static enum enquiry_outcome ask_and_act(struct enquiry *enquiry)
{
    struct gate_answer answer;
    int r = ask_once(enquiry, &answer);
    enum enquiry_outcome outcome;

    if (r != 0)
        return outcome_of_error(enquiry, r);
    if (answer.kind != GATE_WAIT)
        return act_on(enquiry, &answer);
    r = keep_answer(enquiry, &answer);
    if (r < 0)
        return fail(enquiry, r);
    outcome = wait_for_people(enquiry, &answer);
    return outcome == UNDECIDED && answer.kind != 0 ? act_on(enquiry, &answer) : outcome;
}

enum enquiry_outcome enquiry_run(struct enquiry *enquiry)
{
    enum enquiry_outcome outcome = UNDECIDED;

    enquiry->answer_by_us = clock_deadline(enquiry->deadline_us);
    while (outcome == UNDECIDED) {
        if (++enquiry->rounds > ROUNDS_MAX)
            return ENQUIRY_NOT_BELIEVED;
        outcome = ask_and_act(enquiry);
    }
    return outcome;
}

void enquiry_done(struct enquiry *enquiry)
{
    if (!enquiry)
        return;
    hang_up(enquiry);
    free(enquiry->text);
    free(enquiry->request);
    free(enquiry->tie);
    typed_done(&enquiry->typed);
}
