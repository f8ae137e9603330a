/* pam_assent.so: PAM's entry points and the one table from outcome to return code.
 * pam_assent(8) is its text for administrators. */
#include <errno.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <syslog.h>

#include "../common/macro.h"
#include "../common/record.h"
#include "flow.h"
#include "sshd.h"

/* Where the answer goes. sshd's auth phase alone can succeed: there a public key has been
 * verified on this connection. At every other door the module adds to an authentication, so
 * its yes is PAM_IGNORE, and a stack with nothing else in it fails. */
enum column {
    COLUMN_AUTH_SSHD,
    COLUMN_AUTH,
    COLUMN_ACCOUNT,
    COLUMN_SESSION_LOGIN,
    COLUMN_SESSION_SETUID, /* sudo would run the command all the same */
    COLUMN_MAX,
};

static const int codes[FLOW_OUTCOME_MAX][COLUMN_MAX] = {
    [FLOW_BROKEN] = {PAM_SERVICE_ERR, PAM_SERVICE_ERR, PAM_SERVICE_ERR, PAM_SERVICE_ERR,
        PAM_SERVICE_ERR},
    [FLOW_NO_MEMORY] = {PAM_BUF_ERR, PAM_BUF_ERR, PAM_BUF_ERR, PAM_BUF_ERR, PAM_BUF_ERR},
    [FLOW_REFUSED] = {PAM_MAXTRIES, PAM_ABORT, PAM_PERM_DENIED, PAM_PERM_DENIED, PAM_SUCCESS},
    [FLOW_AWAY] = {PAM_MAXTRIES, PAM_ABORT, PAM_AUTHINFO_UNAVAIL, PAM_PERM_DENIED, PAM_SUCCESS},
    [FLOW_UNKNOWN_USER] = {PAM_MAXTRIES, PAM_ABORT, PAM_USER_UNKNOWN, PAM_PERM_DENIED, PAM_SUCCESS},
    [FLOW_EXEMPT] = {PAM_SUCCESS, PAM_IGNORE, PAM_IGNORE, PAM_IGNORE, PAM_IGNORE},
    [FLOW_UNGATED] = {PAM_IGNORE, PAM_IGNORE, PAM_IGNORE, PAM_IGNORE, PAM_IGNORE},
    [FLOW_MONITORED] = {PAM_SUCCESS, PAM_IGNORE, PAM_IGNORE, PAM_IGNORE, PAM_IGNORE},
    [FLOW_GRANTED] = {PAM_SUCCESS, PAM_IGNORE, PAM_SUCCESS, PAM_SUCCESS, PAM_SUCCESS},
};

static enum column auth_column(const struct flow *flow)
{
    return flow->door.kind == DOOR_SSHD ? COLUMN_AUTH_SSHD : COLUMN_AUTH;
}

static enum column session_column(const struct flow *flow)
{
    return flow->door.kind == DOOR_SETUID ? COLUMN_SESSION_SETUID : COLUMN_SESSION_LOGIN;
}

/* sshd's auth phase is reached in ways that prove nothing (password, keyboard-interactive
 * alone); those are refused before anything else is looked at, exemption included. */
static bool stands_behind_key(const struct flow *flow)
{
    if (sshd_has_publickey(sshd_auth_info(flow->pamh)))
        return true;
    pam_syslog(flow->pamh, LOG_ERR,
        "refused: no public key has been verified on this connection; "
        "AuthenticationMethods must be publickey,keyboard-interactive");
    (void)pam_error(flow->pamh, "Access refused: this way of logging in needs a public key first.");
    return false;
}

static int authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct flow flow;
    bool is_console;
    enum flow_outcome outcome = flow_begin(&flow, pamh, flags, argc, argv, &is_console);

    if (flow.door.kind == DOOR_SSHD && outcome != FLOW_BROKEN && !stands_behind_key(&flow))
        return codes[FLOW_REFUSED][COLUMN_AUTH_SSHD];
    if (outcome == FLOW_GRANTED)
        outcome = is_console ? FLOW_UNGATED : flow_auth(&flow);
    return codes[outcome][auth_column(&flow)];
}

static int account(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct flow flow;
    bool is_console;
    enum flow_outcome outcome = flow_begin(&flow, pamh, flags, argc, argv, &is_console);

    if (is_console)
        flow_tell_console(&flow, GATE_PHASE_ACCOUNT);
    else if (outcome == FLOW_GRANTED)
        outcome = flow_account(&flow);
    return codes[outcome][COLUMN_ACCOUNT];
}

static int open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct flow flow;
    bool is_console;
    enum flow_outcome outcome = flow_begin(&flow, pamh, flags, argc, argv, &is_console);

    if (is_console)
        flow_tell_console(&flow, GATE_PHASE_SESSION);
    else if (outcome == FLOW_GRANTED)
        outcome = flow_open_session(&flow);
    return codes[outcome][session_column(&flow)];
}

EXPORT int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    int saved = errno, code = authenticate(pamh, flags, argc, argv);

    errno = saved;
    return code;
}

/* There are no credentials to set, and pam_setcred(3) takes a failure here for one of the
 * whole stack, also for logins that never ran the auth phase. */
EXPORT int pam_sm_setcred(
    UNUSED pam_handle_t *pamh, UNUSED int flags, UNUSED int argc, UNUSED const char **argv)
{
    return PAM_SUCCESS;
}

EXPORT int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    int saved = errno, code = account(pamh, flags, argc, argv);

    errno = saved;
    return code;
}

EXPORT int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    int saved = errno, code = open_session(pamh, flags, argc, argv);

    errno = saved;
    return code;
}

EXPORT int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    int saved = errno;
    struct flow flow;
    bool is_console;
    enum flow_outcome outcome = flow_begin(&flow, pamh, flags, argc, argv, &is_console);

    if (outcome == FLOW_GRANTED)
        flow_close_session(&flow);
    errno = saved;
    return PAM_SUCCESS;
}

EXPORT int pam_sm_chauthtok(
    UNUSED pam_handle_t *pamh, UNUSED int flags, UNUSED int argc, UNUSED const char **argv)
{
    return PAM_IGNORE;
}
