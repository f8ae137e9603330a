/* A call in flight: what public.h hands to the methods. Private to agent/public. */
#pragma once

#include "public.h"

struct conn;
struct message;

/* NULL on OOM. */
struct public_call *call_new(struct conn *conn, const struct message *message);

/* The connection goes. With a public_on_gone callback the call is freed after it; without one the
 * handler still holds it, and its last reply, which goes nowhere, frees it. */
void call_gone(struct public_call *call);

/* The connection's queue is empty. The call may be over when this returns. */
void call_drained(struct public_call *call);
