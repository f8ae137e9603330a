#include "message.h"

#include <errno.h>
#include <string.h>

#include "public_limits.h"

/* Before the parser builds anything: it would follow 2048 levels (JSON_PARSER_MAX_DEPTH). */
static bool is_too_deep(const char *text, size_t length)
{
    bool quoted = false;
    unsigned depth = 0;

    for (size_t i = 0; i < length; i++) {
        char c = text[i];

        if (quoted && c == '\\') {
            i++;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && (c == '{' || c == '[')) {
            if (++depth > PUBLIC_DEPTH_MAX)
                return true;
        } else if (!quoted && (c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return false;
}

static int read_flag(const json_t *root, const char *key, bool *ret_flag)
{
    const json_t *value = json_object_get(root, key);

    if (value && !json_is_boolean(value))
        return -EBADMSG;
    *ret_flag = json_is_true(value);
    return 0;
}

static int read_flags(struct message *message)
{
    if (read_flag(message->root, "more", &message->more) < 0 ||
        read_flag(message->root, "oneway", &message->oneway) < 0 ||
        read_flag(message->root, "upgrade", &message->upgrade) < 0)
        return -EBADMSG;
    return message->more && message->oneway ? -EBADMSG : 0;
}

/* Absent or null is the same as an empty object; anything else but an object stays NULL. */
static int read_parameters(struct message *message)
{
    json_t *given = json_object_get(message->root, "parameters");

    if (given && !json_is_null(given)) {
        message->parameters = json_is_object(given) ? given : NULL;
        return 0;
    }
    if (json_object_set_new(message->root, "parameters", json_object()) < 0)
        return -ENOMEM;
    message->parameters = json_object_get(message->root, "parameters");
    return 0;
}

int message_parse(const char *text, size_t length, struct message *ret_message)
{
    struct message message = {0};
    int r;

    if (is_too_deep(text, length))
        return -EBADMSG;
    message.root = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
    message.method = json_string_value(json_object_get(message.root, "method"));
    r = message.method ? read_flags(&message) : -EBADMSG;
    if (r == 0)
        r = read_parameters(&message);
    if (r < 0) {
        message_done(&message);
        return r;
    }
    *ret_message = message;
    return 0;
}

void message_done(struct message *message)
{
    json_decref(message->root);
    *message = (struct message){0};
}

char *message_format_reply(const char *error, json_t *parameters, bool continues)
{
    json_t *reply = json_object();
    char *text = NULL;
    int r;

    r = json_object_set_new(reply, "parameters", parameters ? parameters : json_object());
    if (r == 0 && error)
        r = json_object_set_new(reply, "error", json_string(error));
    if (r == 0 && continues)
        r = json_object_set_new(reply, "continues", json_true());
    if (r == 0)
        text = json_dumps(reply, JSON_COMPACT);
    json_decref(reply);
    return text;
}
