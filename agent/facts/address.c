#include "address.h"

#include <arpa/inet.h>
#include <string.h>

bool address_parse(const char *text, struct in6_addr *ret_address)
{
    struct in6_addr address = {.s6_addr = {[10] = 0xff, [11] = 0xff}};
    struct in_addr v4;

    if (inet_pton(AF_INET6, text, ret_address) == 1)
        return true;
    if (inet_pton(AF_INET, text, &v4) != 1)
        return false;
    memcpy(&address.s6_addr[12], &v4, sizeof(v4));
    *ret_address = address;
    return true;
}

void address_print(const struct in6_addr *address, char ret_text[INET6_ADDRSTRLEN])
{
    if (IN6_IS_ADDR_V4MAPPED(address))
        (void)inet_ntop(AF_INET, &address->s6_addr[12], ret_text, INET6_ADDRSTRLEN);
    else
        (void)inet_ntop(AF_INET6, address, ret_text, INET6_ADDRSTRLEN);
}
