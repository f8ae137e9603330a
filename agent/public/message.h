/* Varlink messages as JSON (https://varlink.org/Method-Call): bytes to a call, a reply to bytes. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "../../common/macro.h"

struct message {
    json_t *root;       /* owns the rest; message_done() */
    const char *method; /* "io.assent.GetStatus" */
    json_t *parameters; /* an object, empty if none were given; NULL: given, but no object */
    bool more, oneway, upgrade;
};

/* Reads one call, without its NUL. Returns 0; -EBADMSG if it is not a Varlink call (not JSON, a key
 * twice, \u0000, nested too deep, wrong types, more and oneway together); -ENOMEM. */
MUST_USE int message_parse(const char *text, size_t length, struct message *ret_message);
void message_done(struct message *message);

/* One reply as text (caller frees) or NULL on OOM. Takes `parameters` (NULL: an empty object).
 * `error` or NULL. */
char *message_format_reply(const char *error, json_t *parameters, bool continues);
