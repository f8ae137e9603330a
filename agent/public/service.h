/* org.varlink.service, which every Varlink service has (https://varlink.org/Service). Open
 * to everybody: it says what the package's files say. Private to agent/public. */
#pragma once

#include "public.h"

struct message;

#define SERVICE_INTERFACE "org.varlink.service"

/* Answers the call if it is for this interface and known. Returns whether it did. */
bool service_handle(
    const struct public_options *options, struct public_call *call, const struct message *message);

/* Whether the interface text has a method of that full name. */
bool service_describes(const struct public_options *options, const char *method);
