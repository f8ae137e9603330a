#include "trial_requests.h"

#include <stdbool.h>
#include <string.h>

#include "ask.h"
#include "json.h"

/* A new reference to the array of open requests, NULL when it cannot be had. */
static json_t *list_open(const char *socket)
{
    CLEANUP(cleanup_varlink_reply) struct varlink_reply reply = {0};
    if (ask_agent(socket, "ListRequests", json_pack("{s:s}", "scope", "all"), &reply) != 0 ||
        reply.error != NULL)
        return NULL;
    json_t *list = json_object_get(reply.parameters, "requests");
    return json_is_array(list) ? json_incref(list) : NULL;
}

json_t *trial_requests_open(const char *socket)
{
    AUTO_JSON json_t *list = list_open(socket);
    json_t *ids = list != NULL ? json_object() : NULL;
    for (size_t i = 0; ids != NULL && i < json_array_size(list); i++) {
        const char *id = json_string_value(json_object_get(json_array_get(list, i), "id"));
        if (id != NULL)
            (void)json_object_set_new(ids, id, json_true());
    }
    return ids;
}

static bool withdraw(const char *socket, const char *id)
{
    CLEANUP(cleanup_varlink_reply) struct varlink_reply reply = {0};
    return ask_agent(socket, "WithdrawRequest", json_pack("{s:s}", "id", id), &reply) == 0 &&
           reply.error == NULL;
}

unsigned trial_requests_withdraw(const char *socket, const json_t *before, const char *user)
{
    AUTO_JSON json_t *list = before != NULL ? list_open(socket) : NULL;
    unsigned count = 0;
    for (size_t i = 0; list != NULL && i < json_array_size(list); i++) {
        const json_t *request = json_array_get(list, i);
        const char *id = json_string_value(json_object_get(request, "id"));
        const char *name =
            json_string_value(json_object_get(json_object_get(request, "subject"), "name"));
        if (id != NULL && name != NULL && strcmp(name, user) == 0 &&
            json_object_get(before, id) == NULL && withdraw(socket, id))
            count++;
    }
    return count;
}
