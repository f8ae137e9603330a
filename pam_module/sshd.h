/* What sshd leaves in the PAM environment, and the client's connection. */
#pragma once

#include <security/pam_modules.h>
#include <stdbool.h>

#include "../common/macro.h"

/* SSH_AUTH_INFO_0: the methods this connection has completed, one a line; NULL when empty. */
const char *sshd_auth_info(pam_handle_t *pamh);

/* Whether such a text names a completed public key or certificate. The module may stand in
 * the auth phase only behind one (sshd_config AuthenticationMethods). */
bool sshd_has_publickey(const char *auth_info);

/* The client's numeric address out of SSH_CONNECTION into fresh memory. 0, -ENODATA, -ENOMEM. */
MUST_USE int sshd_client_address(pam_handle_t *pamh, char **ret_address);

/* The descriptor of the client's TCP connection in this process, by the port in
 * SSH_CONNECTION; borrowed. -1 when there is none. sshd itself reads nothing while a module
 * runs, so only this tells that the client has gone. */
int sshd_client_socket(pam_handle_t *pamh);
