/* Addresses and networks of remote hosts. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>

#include "../../common/macro.h"

/* IPv4 is kept as ::ffff:a.b.c.d with 96 added to the prefix, and apart from IPv6: ::/0 is every
 * IPv6 address and no IPv4 one. */
struct network {
    struct in6_addr address;
    unsigned prefix;
};

/* Reads an address or ADDRESS/PREFIX. Returns NULL, or what is wrong, in words for its author. */
MUST_USE const char *network_parse(const char *text, struct network *ret_network);

bool network_contains(const struct network *network, const struct in6_addr *address);
