/* Addresses as facts hold them: IPv4 as ::ffff:a.b.c.d. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>

#include "../../common/macro.h"

/* False: not an address. */
MUST_USE bool address_parse(const char *text, struct in6_addr *ret_address);
