#include "service.h"

#include <string.h>

#include "message.h"

static const char description[] =
    "# Every Varlink service has this interface: it tells what the service is and which\n"
    "# interfaces it offers.\n"
    "interface org.varlink.service\n"
    "\n"
    "# The service, and the names of its interfaces.\n"
    "method GetInfo() -> (\n"
    "  vendor: string,\n"
    "  product: string,\n"
    "  version: string,\n"
    "  url: string,\n"
    "  interfaces: []string\n"
    ")\n"
    "\n"
    "# The text of one interface.\n"
    "method GetInterfaceDescription(interface: string) -> (description: string)\n"
    "\n"
    "error InterfaceNotFound (interface: string)\n"
    "error MethodNotFound (method: string)\n"
    "error MethodNotImplemented (method: string)\n"
    "error InvalidParameter (parameter: string)\n"
    "error PermissionDenied ()\n"
    "error ExpectedMore ()\n";

static void get_info(const struct public_options *options, struct public_call *call)
{
    public_reply(call, json_pack("{s:s, s:s, s:s, s:s, s:[s, s]}", "vendor", "Assent", "product",
                           "assentd", "version", ASSENT_VERSION, "url", "", "interfaces",
                           SERVICE_INTERFACE, options->interface_name));
}

static void get_description(
    const struct public_options *options, struct public_call *call, const json_t *parameters)
{
    const char *name = json_string_value(json_object_get(parameters, "interface"));
    const char *text = NULL;

    if (!name) {
        public_invalid_parameter(call, "interface");
        return;
    }
    if (strcmp(name, SERVICE_INTERFACE) == 0)
        text = description;
    else if (strcmp(name, options->interface_name) == 0)
        text = options->interface_text;
    if (text)
        public_reply(call, json_pack("{s:s}", "description", text));
    else
        public_error(call, PUBLIC_INTERFACE_NOT_FOUND, json_pack("{s:s}", "interface", name));
}

bool service_handle(
    const struct public_options *options, struct public_call *call, const struct message *message)
{
    if (strcmp(message->method, SERVICE_INTERFACE ".GetInfo") == 0)
        get_info(options, call);
    else if (strcmp(message->method, SERVICE_INTERFACE ".GetInterfaceDescription") == 0)
        get_description(options, call, message->parameters);
    else
        return false;
    return true;
}

/* Looks for "method NAME" at the start of a line, ended by a blank or the bracket. */
bool service_describes(const struct public_options *options, const char *method)
{
    static const char keyword[] = "\nmethod ";
    const char *name = strrchr(method, '.');
    size_t length = name ? strlen(++name) : 0;

    if (length == 0)
        return false;
    for (const char *p = strstr(options->interface_text, keyword); p; p = strstr(p, keyword)) {
        p += sizeof(keyword) - 1;
        if (strncmp(p, name, length) == 0 && (p[length] == '(' || p[length] == ' '))
            return true;
    }
    return false;
}
