/* Addresses as facts hold them: IPv4 as ::ffff:a.b.c.d. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>

#include "../../common/macro.h"

/* False: not an address. */
MUST_USE bool address_parse(const char *text, struct in6_addr *ret_address);

/* As sshd and people write it: IPv4 with dots. */
void address_print(const struct in6_addr *address, char ret_text[INET6_ADDRSTRLEN]);
