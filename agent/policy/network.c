#include "network.h"

#include <arpa/inet.h>
#include <string.h>

#include "../../common/parse.h"

#define V4_BITS 96 /* of the mapped form before the IPv4 address */

static bool parse_address(const char *text, struct in6_addr *ret_address)
{
    struct in_addr v4;

    if (inet_pton(AF_INET6, text, ret_address) == 1)
        return true;
    if (inet_pton(AF_INET, text, &v4) != 1)
        return false;
    *ret_address = (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff}};
    memcpy(&ret_address->s6_addr[12], &v4, sizeof(v4));
    return true;
}

/* The address with all bits behind the prefix cleared. */
static struct in6_addr masked(const struct in6_addr *address, unsigned prefix)
{
    struct in6_addr result = *address;

    for (unsigned i = 0; i < 16; i++) {
        unsigned bits = prefix > 8 * i ? prefix - 8 * i : 0;

        if (bits < 8)
            result.s6_addr[i] &= (uint8_t)(0xff00U >> bits);
    }
    return result;
}

const char *network_parse(const char *text, struct network *ret_network)
{
    char address[INET6_ADDRSTRLEN];
    const char *slash = strchr(text, '/');
    size_t length = slash ? (size_t)(slash - text) : strlen(text);
    struct network network;
    struct in6_addr base;
    uint64_t prefix;
    bool v4;

    if (length >= sizeof(address))
        return "it is not an address";
    memcpy(address, text, length);
    address[length] = '\0';
    if (!parse_address(address, &network.address))
        return "it is not an IPv4 or IPv6 address (names are not looked up)";
    v4 = strchr(address, ':') == NULL;
    prefix = v4 ? 32 : 128;
    if (slash && (slash[1] == '\0' || parse_u64(slash + 1, prefix, &prefix) < 0))
        return v4 ? "the prefix is a number from 0 to 32" : "the prefix is a number from 0 to 128";
    network.prefix = (unsigned)prefix + (v4 ? V4_BITS : 0);
    base = masked(&network.address, network.prefix);
    if (memcmp(&base, &network.address, sizeof(base)) != 0)
        return "it has bits set behind the prefix; write the network's own address";
    *ret_network = network;
    return NULL;
}

static bool is_v4(const struct network *network)
{
    return network->prefix >= V4_BITS && IN6_IS_ADDR_V4MAPPED(&network->address);
}

bool network_contains(const struct network *network, const struct in6_addr *address)
{
    struct in6_addr base;

    if (is_v4(network) != (bool)IN6_IS_ADDR_V4MAPPED(address))
        return false;
    base = masked(address, network->prefix);
    return memcmp(&base, &network->address, sizeof(base)) == 0;
}
