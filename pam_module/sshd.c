#include "sshd.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "../common/parse.h"
#include "../common/str.h"

const char *sshd_auth_info(pam_handle_t *pamh)
{
    const char *info = pam_getenv(pamh, "SSH_AUTH_INFO_0");

    return str_empty(info) ? NULL : info;
}

bool sshd_has_publickey(const char *auth_info)
{
    static const char method[] = "publickey ";

    while (auth_info) {
        if (strncmp(auth_info, method, sizeof(method) - 1) == 0 &&
            !strchr(" \n", auth_info[sizeof(method) - 1]))
            return true;
        auth_info = strchr(auth_info, '\n');
        auth_info += auth_info != NULL;
    }
    return false;
}

/* SSH_CONNECTION: client address, client port, server address, server port. */
static bool split_connection(
    const char *connection, char address[INET6_ADDRSTRLEN], uint64_t *ret_port)
{
    size_t length = strcspn(connection, " ");
    char port[6] = "";
    size_t port_length;

    if (length == 0 || length >= INET6_ADDRSTRLEN || connection[length] != ' ')
        return false;
    memcpy(address, connection, length);
    address[length] = '\0';
    port_length = strcspn(connection + length + 1, " ");
    if (port_length >= sizeof(port))
        return false;
    memcpy(port, connection + length + 1, port_length);
    return parse_u64(port, UINT16_MAX, ret_port) == 0;
}

int sshd_client_address(pam_handle_t *pamh, char **ret_address)
{
    const char *connection = pam_getenv(pamh, "SSH_CONNECTION");
    char address[INET6_ADDRSTRLEN], *copy;
    uint64_t port;

    if (!connection || !split_connection(connection, address, &port))
        return -ENODATA;
    copy = strdup(address);
    if (!copy)
        return -ENOMEM;
    *ret_address = copy;
    return 0;
}

static bool has_peer_port(int fd, uint64_t port)
{
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_storage space;
    } peer = {0};
    socklen_t length = sizeof(peer);

    if (getpeername(fd, &peer.any, &length) < 0)
        return false;
    if (peer.any.sa_family == AF_INET)
        return ntohs(peer.in.sin_port) == port;
    return peer.any.sa_family == AF_INET6 && ntohs(peer.in6.sin6_port) == port;
}

static inline void close_directory(DIR **directory)
{
    if (*directory)
        (void)closedir(*directory);
}

int sshd_client_socket(pam_handle_t *pamh)
{
    const char *connection = pam_getenv(pamh, "SSH_CONNECTION");
    CLEANUP(close_directory) DIR *directory = NULL;
    char address[INET6_ADDRSTRLEN];
    const struct dirent *entry;
    uint64_t port, fd;

    if (!connection || !split_connection(connection, address, &port))
        return -1;
    directory = opendir("/proc/self/fd");
    while (directory && (entry = readdir(directory)))
        if (parse_u64(entry->d_name, INT32_MAX, &fd) == 0 && has_peer_port((int)fd, port))
            return (int)fd;
    return -1;
}
