#include "dispatch.h"

#include <string.h>

#include "message.h"
#include "service.h"

/* The length of "io.assent" in "io.assent.GetStatus", 0 if there is no dot. */
static size_t interface_length(const char *method)
{
    const char *dot = strrchr(method, '.');

    return dot ? (size_t)(dot - method) : 0;
}

static bool is_in_interface(const char *method, const char *interface)
{
    size_t length = interface_length(method);

    return length == strlen(interface) && memcmp(method, interface, length) == 0;
}

static const struct public_method *find_method(
    const struct public_options *options, const char *name)
{
    for (const struct public_method *method = options->methods; method->name; method++)
        if (strcmp(method->name, name) == 0)
            return method;
    return NULL;
}

static bool may_call(
    const struct public_options *options, enum public_access access, const struct peer *peer)
{
    if (peer->uid == 0)
        return true;
    switch (access) {
    case PUBLIC_ANYONE:
        return true;
    case PUBLIC_AUDITOR:
        return options->is_auditor && options->is_auditor(peer, options->userdata);
    case PUBLIC_ROOT:
        break;
    }
    return false;
}

static void refuse_unknown(
    const struct public_options *options, struct public_call *call, const char *name)
{
    size_t length = interface_length(name);

    if (!is_in_interface(name, options->interface_name) &&
        !is_in_interface(name, SERVICE_INTERFACE))
        public_error(
            call, PUBLIC_INTERFACE_NOT_FOUND, json_pack("{s:s%}", "interface", name, length));
    else if (service_describes(options, name))
        public_error(call, PUBLIC_METHOD_NOT_IMPLEMENTED, json_pack("{s:s}", "method", name));
    else
        public_error(call, PUBLIC_METHOD_NOT_FOUND, json_pack("{s:s}", "method", name));
}

void dispatch_call(
    const struct public_options *options, struct public_call *call, const struct message *message)
{
    const struct public_method *method = find_method(options, message->method);

    if (message->upgrade) /* the connection stays Varlink */
        public_error(
            call, PUBLIC_METHOD_NOT_IMPLEMENTED, json_pack("{s:s}", "method", message->method));
    else if (!message->parameters)
        public_invalid_parameter(call, "parameters");
    else if (service_handle(options, call, message))
        return;
    else if (!method)
        refuse_unknown(options, call, message->method);
    else if (!may_call(options, method->access, public_peer(call)))
        public_error(call, PUBLIC_PERMISSION_DENIED, NULL);
    else
        method->handle(call, message->parameters, options->userdata);
}
