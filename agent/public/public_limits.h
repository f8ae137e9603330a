/* The bounds of the public socket, each once. They hold for what the peer sends and for what
 * it does not read; how many requests a person may have open is the request engine's. */
#pragma once

#include "../../common/clock.h"

/* A message with its NUL. Longer ones end the connection before they are kept. */
#define PUBLIC_MESSAGE_MAX ((size_t)64 << 10)

/* Objects and arrays inside one another. */
#define PUBLIC_DEPTH_MAX 16

/* What may wait for a reader while more is added to it; beyond, the reader is too slow. */
#define PUBLIC_QUEUE_MAX ((size_t)1 << 20)

/* One reply onto an empty queue: a list of ten thousand grants still fits. */
#define PUBLIC_REPLY_MAX ((size_t)16 << 20)

/* What waits on all connections together, on those of one uid, and the part that only root may use.
 */
#define PUBLIC_QUEUES_MAX ((size_t)64 << 20)
#define PUBLIC_QUEUES_UID ((size_t)20 << 20)
#define PUBLIC_QUEUES_ROOT ((size_t)16 << 20)

/* Connections: in all, of which for root alone, of one uid, of root. */
#define PUBLIC_CONNECTIONS_MAX 512
#define PUBLIC_CONNECTIONS_ROOT 64
#define PUBLIC_CONNECTIONS_UID 32
#define PUBLIC_CONNECTIONS_UID0 128

/* Connections accepted, and steps of one connection, before others get their turn. */
#define PUBLIC_ACCEPT_BURST 64
#define PUBLIC_STEP_BURST 32

/* How long a connection may stay without a call, with half a message, and without reading
 * what waits for it; and the pause when the kernel has no descriptor or memory to accept with. */
#define PUBLIC_IDLE_US (60 * USEC_PER_SEC)
#define PUBLIC_HALF_US (10 * USEC_PER_SEC)
#define PUBLIC_DRAIN_US (30 * USEC_PER_SEC)
#define PUBLIC_RETRY_US (250 * USEC_PER_MSEC)
