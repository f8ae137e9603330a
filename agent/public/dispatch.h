/* From a method's name to its handler: the one place that decides whether this peer may
 * call it at all. Private to agent/public. */
#pragma once

#include "public.h"

struct message;

/* Answers the call or has it answered; takes nothing. */
void dispatch_call(
    const struct public_options *options, struct public_call *call, const struct message *message);
