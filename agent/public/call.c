#include "call.h"

#include <string.h>

#include "conn.h"
#include "message.h"

struct public_call {
    struct conn *conn; /* NULL: the connection is gone */
    bool more;
    bool oneway;
    bool going; /* inside `gone` */
    void (*gone)(struct public_call *call, void *userdata);
    void *userdata;
    void (*drained)(struct public_call *call, void *userdata);
    void *drained_userdata;
};

struct public_call *call_new(struct conn *conn, const struct message *message)
{
    struct public_call *call = calloc(1, sizeof(*call));

    if (!call)
        return NULL;
    call->conn = conn;
    call->more = message->more;
    call->oneway = message->oneway;
    return call;
}

void call_gone(struct public_call *call)
{
    call->going = true;
    if (call->gone) {
        call->gone(call, call->userdata);
        free(call);
        return;
    }
    call->conn = NULL;
    call->going = false;
}

const struct peer *public_peer(const struct public_call *call)
{
    static const struct peer nobody = {.uid = (uid_t)-1, .gid = (gid_t)-1, .pidfd = -1};

    return call->conn ? &call->conn->peer : &nobody;
}

bool public_wants_more(const struct public_call *call)
{
    return call->more;
}

static void send_reply(
    struct public_call *call, const char *error, json_t *parameters, bool continues)
{
    AUTO_FREE char *text = NULL;

    if (!call->conn || call->going || call->oneway) {
        json_decref(parameters);
        return;
    }
    text = message_format_reply(error, parameters, continues);
    conn_send(call->conn, text, text ? strlen(text) + 1 : 0);
}

static void end_call(struct public_call *call)
{
    if (call->going)
        return; /* call_gone() frees */
    if (call->conn)
        conn_call_ended(call->conn);
    free(call);
}

void public_reply(struct public_call *call, json_t *parameters)
{
    send_reply(call, NULL, parameters, false);
    end_call(call);
}

void public_reply_text(struct public_call *call, const char *parameter, const char *json)
{
    struct str_builder text = {0};
    AUTO_FREE char *message = NULL;

    str_appendf(&text, "{\"parameters\":{\"%s\":%s}}", parameter, json);
    message = str_builder_take(&text);
    if (call->conn && !call->going && !call->oneway)
        conn_send(call->conn, message, message ? strlen(message) + 1 : 0);
    end_call(call);
}

void public_reply_more(struct public_call *call, json_t *parameters)
{
    if (call->more)
        send_reply(call, NULL, parameters, true);
    else
        json_decref(parameters);
}

void public_append_more(struct str_builder *out, const char *parameter, const char *json)
{
    static const char end[] = "},\"continues\":true}";

    str_append(out, "{\"parameters\":{\"");
    str_append(out, parameter);
    str_append(out, "\":");
    str_append(out, json);
    str_append_n(out, end, sizeof(end));
}

void public_reply_texts(struct public_call *call, const char *messages, size_t length)
{
    if (call->conn && !call->going && call->more && length > 0)
        conn_send(call->conn, messages, length);
}

size_t public_unread(const struct public_call *call)
{
    return call->conn ? buffer_length(&call->conn->out) : 0;
}

void public_error(struct public_call *call, const char *name, json_t *parameters)
{
    send_reply(call, name, parameters, false);
    end_call(call);
}

void public_invalid_parameter(struct public_call *call, const char *parameter)
{
    public_error(call, PUBLIC_INVALID_PARAMETER, json_pack("{s:s}", "parameter", parameter));
}

void public_on_gone(struct public_call *call,
    void (*gone)(struct public_call *call, void *userdata), void *userdata)
{
    call->gone = gone;
    call->userdata = userdata;
}

void public_on_drained(struct public_call *call,
    void (*drained)(struct public_call *call, void *userdata), void *userdata)
{
    call->drained = drained;
    call->drained_userdata = userdata;
}

void call_drained(struct public_call *call)
{
    if (call->drained && !call->going)
        call->drained(call, call->drained_userdata);
}
