#include "wait.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../common/clock.h"
#include "base/call.h"
#include "base/field.h"
#include "base/json.h"
#include "base/text.h"
#include "view/progress.h"
#include "view/view.h"

#define REDRAW_US (250 * USEC_PER_MSEC)
/* Also without a terminal: a signal that comes just before poll(2) does not end it. */
#define LOOK_UP_US USEC_PER_SEC
/* A restart or upgrade of the agent keeps requests; it takes a second or two. */
#define RECONNECT_US (10 * USEC_PER_SEC)
#define RECONNECT_PAUSE_NS (200L * 1000 * 1000)

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number UNUSED)
{
    interrupted = 1;
}

/* Without SA_RESTART, so that poll(2) ends; not where the signal is ignored (nohup, "&"). */
static void catch_interrupt(void)
{
    const struct sigaction caught = {.sa_handler = on_interrupt};
    struct sigaction before;

    if (sigaction(SIGINT, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        (void)sigaction(SIGINT, &caught, NULL);
}

/* Ends as a shell expects of a program that was interrupted. */
static void leave(const struct wait *wait, const struct view *view)
{
    const char *id = field_text_or(wait->request, "id", "?");
    struct str_builder out = {0};
    AUTO_FREE char *text = NULL;

    progress_clear(view->options);
    text_put(&out, id);
    if (wait->attached)
        str_append(&out, " is withdrawn, since you stopped waiting");
    else
        str_append(&out, " stays open; `assent withdraw` takes it back");
    text = str_builder_take(&out);
    cli_error("%s", text ? text : "stopped waiting");
    (void)signal(SIGINT, SIG_DFL);
    (void)raise(SIGINT);
    _exit(CLI_UNANSWERED);
}

static int send_wait(const struct wait *wait)
{
    AUTO_JSON json_t *params = json_pack("{s:s}", "id", field_text_or(wait->request, "id", "?"));

    if (!params)
        return -ENOMEM;
    return varlink_send(
        wait->link, CALL_INTERFACE "WaitRequest", params, true, clock_deadline(CALL_TIMEOUT_US));
}

/* Tries to find the agent again. Returns 0, or the last failure. */
static int reconnect(struct wait *wait, const struct view *view)
{
    const struct timespec pause = {.tv_nsec = RECONNECT_PAUSE_NS};
    uint64_t deadline_us = clock_deadline(RECONNECT_US);
    int r;

    varlink_free(TAKE_PTR(wait->link));
    do {
        r = varlink_open(wait->options->socket, deadline_us, &wait->link);
        if (r == 0)
            return send_wait(wait);
        if (interrupted)
            leave(wait, view);
        (void)nanosleep(&pause, NULL);
    } while (clock_remaining_ms(deadline_us) > 0);
    return r;
}

static void keep(json_t **slot, json_t *value)
{
    if (!value)
        return;
    json_incref(value);
    json_decref(*slot);
    *slot = value;
}

/* Takes what the agent said. Returns CLI_OK, or the exit code of an error that has been said. */
static int take_reply(
    struct wait *wait, const struct view *view, struct varlink_reply *reply, bool *ret_more)
{
    *ret_more = reply->continues;
    if (reply->error) {
        progress_clear(view->options);
        return call_say_error(reply->error, reply->parameters);
    }
    keep(&wait->request, field_object(reply->parameters, "request"));
    keep(&wait->grant, field_object(reply->parameters, "grant"));
    return CLI_OK;
}

static uint64_t next_wake(const struct wait *wait)
{
    uint64_t wake_us = clock_deadline(wait->options->tty_err ? REDRAW_US : LOOK_UP_US);

    return wait->deadline_us < wake_us ? wait->deadline_us : wake_us;
}

/* Waits for one reply, drawing meanwhile. Sets `ret_more` false when the waiting is over. */
static int follow(struct wait *wait, struct view *view, struct progress *progress, bool *ret_more)
{
    CLEANUP(cleanup_varlink_reply) struct varlink_reply reply = {0};
    int r;

    view->now_us = clock_realtime_us();
    progress_draw(progress, view, wait->request);
    r = varlink_receive(wait->link, next_wake(wait), &reply);
    if (interrupted)
        leave(wait, view);
    if (r == VARLINK_E_CLOSED)
        r = reconnect(wait, view);
    else if (r == 0)
        return take_reply(wait, view, &reply, ret_more);
    *ret_more = clock_remaining_ms(wait->deadline_us) > 0;
    if (r == 0 || r == -ETIMEDOUT || r == -EINTR)
        return CLI_OK;
    progress_clear(view->options);
    return call_say_broken(wait->options, r);
}

int wait_for_end(struct wait *wait)
{
    struct progress progress = {0};
    struct view view;
    bool more = true;
    int r;

    /* before the agent knows that somebody waits: from then on leaving has a meaning */
    catch_interrupt();
    r = send_wait(wait);
    if (r != 0)
        return call_say_broken(wait->options, r);
    view_init(&view, wait->options);
    do
        r = follow(wait, &view, &progress, &more);
    while (r == CLI_OK && more);
    if (r == CLI_OK)
        progress_clear(view.options);
    return r;
}

enum cli_exit wait_exit_of(const json_t *request)
{
    static const struct {
        const char *state;
        enum cli_exit exit;
    } table[] = {
        {"new", CLI_UNANSWERED},
        {"waiting", CLI_UNANSWERED},
        {"approved", CLI_OK},
        {"denied", CLI_REFUSED},
        {"expired", CLI_UNANSWERED},
        {"withdrawn", CLI_UNANSWERED},
    };
    const char *state = field_text_or(request, "state", "");

    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        if (strcmp(table[i].state, state) == 0)
            return table[i].exit;
    return CLI_FAILED;
}
