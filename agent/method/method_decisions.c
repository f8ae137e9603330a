/* ListDecisions: what was decided and on which facts, out of the ledger. The thread of recall.h
 * reads and makes the replies; here they are passed on, the next piece when the last has been
 * taken, so that a slow reader holds two pieces of memory and nobody else up. */
#include <errno.h>
#include <stdlib.h>

#include "../../common/rfc3339.h"
#include "../core/agent.h"
#include "../core/recall.h"
#include "../ledger/ledger.h"
#include "methods.h"

/* At once, of which the last is root's. */
#define READERS_MAX 4

struct decisions_reader {
    struct agent *agent;
    struct public_call *call;
    struct ledger_range left;
    bool sought;  /* `left` begins at the right record */
    bool reading; /* a piece is on its way from the thread */
    char *texts;  /* one that is here, to be sent next; NULL: none */
    size_t length;
    struct decisions_reader *next;
};

static void reader_free(struct decisions_reader *reader)
{
    struct decisions_reader **at = &reader->agent->decisions_readers;

    while (*at != reader)
        at = &(*at)->next;
    *at = reader->next;
    recall_forget(reader->agent->recall, reader);
    free(reader->texts);
    free(reader);
}

/* The call is over with that. */
static void fail(struct decisions_reader *reader, int error)
{
    struct public_call *call = reader->call;

    public_on_gone(call, NULL, NULL);
    reader_free(reader);
    method_error(call, ERROR_UNAVAILABLE, "message",
        error == -ENOMEM ? "the agent is out of memory"
                         : "the agent cannot read its ledger; see its journal");
}

static void finish(struct decisions_reader *reader)
{
    struct public_call *call = reader->call;

    public_on_gone(call, NULL, NULL);
    monitor_note_read(reader->agent, public_peer(call)->uid, reader->left.since_us);
    reader_free(reader);
    public_reply(call, NULL);
}

static void on_piece(int result, struct recall_piece *piece, void *userdata);

static void send_piece(struct decisions_reader *reader)
{
    public_reply_texts(reader->call, reader->texts, reader->length);
    free(reader->texts);
    reader->texts = NULL;
}

static bool is_at_end(const struct decisions_reader *reader)
{
    return !reader->texts && !reader->reading && reader->sought &&
           reader->left.after >= reader->left.through;
}

/* One piece is sent while the next is read. */
static void go_on(struct decisions_reader *reader)
{
    int r = 0;

    if (reader->texts && public_unread(reader->call) == 0)
        send_piece(reader);
    if (is_at_end(reader)) {
        finish(reader);
        return;
    }
    if (reader->texts || reader->reading)
        return;
    r = recall_ask(reader->agent->recall, &reader->left, !reader->sought, on_piece, reader);
    reader->reading = r == 0;
    if (r < 0)
        fail(reader, r);
}

static void on_piece(int result, struct recall_piece *piece, void *userdata)
{
    struct decisions_reader *reader = userdata;

    reader->reading = false;
    if (result < 0) {
        fail(reader, result);
        return;
    }
    reader->sought = true;
    reader->left = piece->left;
    reader->texts = TAKE_PTR(piece->texts);
    reader->length = piece->length;
    go_on(reader);
}

static void on_drained(struct public_call *call, void *userdata)
{
    (void)call;
    go_on(userdata);
}

static void on_gone(struct public_call *call, void *userdata)
{
    (void)call;
    reader_free(userdata);
}

static bool take_since(struct public_call *call, json_t *parameters, uint64_t *ret_since_us)
{
    const char *text;

    *ret_since_us = 0;
    if (!method_text(call, parameters, "since", false, &text))
        return false;
    if (!text || rfc3339_parse(text, ret_since_us) == 0)
        return true;
    method_error(call, ERROR_INVALID, "message", "'since' is not a time (RFC 3339)");
    return false;
}

static bool is_room(const struct agent *agent, const struct public_call *call)
{
    unsigned count = public_peer(call)->uid == 0 ? 0 : 1;

    for (const struct decisions_reader *r = agent->decisions_readers; r; r = r->next)
        count++;
    return count < READERS_MAX;
}

void method_list_decisions(struct public_call *call, json_t *parameters, void *userdata)
{
    struct agent *agent = userdata;
    struct decisions_reader *reader;
    uint64_t since_us;

    if (!public_wants_more(call)) {
        method_error(call, ERROR_INVALID, "message", "ListDecisions needs \"more\"");
        return;
    }
    if (!take_since(call, parameters, &since_us))
        return;
    if (!is_room(agent, call)) {
        method_error(call, ERROR_TOO_MANY, "message",
            "recorded decisions are being read by others already; try again in a moment");
        return;
    }
    reader = calloc(1, sizeof(*reader));
    if (!reader) {
        method_unavailable(call, -ENOMEM);
        return;
    }
    *reader = (struct decisions_reader){
        .agent = agent,
        .call = call,
        .left = {.since_us = since_us, .through = ledger_durable_seq(agent->ledger)},
        .next = agent->decisions_readers,
    };
    agent->decisions_readers = reader;
    public_on_gone(call, on_gone, reader);
    public_on_drained(call, on_drained, reader);
    go_on(reader);
}
