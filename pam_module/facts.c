#include "facts.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "../common/names.h"
#include "../common/str.h"
#include "door.h"
#include "sshd.h"

_Static_assert(sizeof(gid_t) == sizeof(uint32_t), "group ids travel as 32 bits");

/* A text over the protocol's cap is not known rather than cut. */
static const char *fitting(const char *text)
{
    return text && strlen(text) < GATE_TEXT_MAX ? text : NULL;
}

int pam_facts_collect(pam_handle_t *pamh, const struct door *door, uint64_t phase,
    struct pam_facts *store, struct gate_ask *ask)
{
    record_init_ask(ask);
    ask->phase = phase;
    ask->parent = (uint64_t)getppid();
    ask->parent = (uint64_t)getppid();
    ask->uid = door->uid;
    ask->user = door->user;
    ask->service = fitting(door->service);
    ask->tty = fitting(door->tty);
    ask->rhost = fitting(door->rhost);
    if (door->run_as) {
        ask->run_as = door->run_as;
        ask->run_as_uid = door->run_as_uid;
    }
    ask->tie = fitting(pam_getenv(pamh, ASSENT_PAM_TIE));
    if (phase == GATE_PHASE_SESSION || phase == GATE_PHASE_END)
        ask->session = fitting(pam_getenv(pamh, "XDG_SESSION_ID"));
    if (door->kind == DOOR_SSHD) {
        ask->auth_info = sshd_auth_info(pamh);
        if (sshd_client_address(pamh, &store->rhost) == -ENOMEM)
            return -ENOMEM;
        if (store->rhost)
            ask->rhost = store->rhost;
    }
    return 0;
}

static int groups_of_account(const struct door *door, uint32_t **ret_groups, size_t *ret_count)
{
    int count = GATE_GROUPS_MAX;
    AUTO_FREE uint32_t *groups = calloc((size_t)count, sizeof(*groups));

    if (!groups)
        return -ENOMEM;
    if (getgrouplist(door->user, door->gid, groups, &count) < 0 || count < 0)
        return -E2BIG;
    *ret_groups = TAKE_PTR(groups);
    *ret_count = (size_t)count;
    return 0;
}

static int groups_of_process(uint32_t **ret_groups, size_t *ret_count)
{
    AUTO_FREE uint32_t *groups = calloc(GATE_GROUPS_MAX, sizeof(*groups));
    int count;

    if (!groups)
        return -ENOMEM;
    count = getgroups(GATE_GROUPS_MAX - 1, groups);
    if (count < 0)
        return errno == EINVAL ? -E2BIG : -errno;
    groups[count] = getgid();
    *ret_groups = TAKE_PTR(groups);
    *ret_count = (size_t)count + 1;
    return 0;
}

int pam_facts_add_groups(const struct door *door, struct pam_facts *store, struct gate_ask *ask)
{
    uint32_t *groups = NULL;
    size_t count = 0;
    int r = door->kind == DOOR_SETUID ? groups_of_process(&groups, &count)
                                      : groups_of_account(door, &groups, &count);

    if (r < 0)
        return r;
    free(store->groups);
    store->groups = groups;
    ask->groups = groups;
    ask->group_count = count;
    return 0;
}

uint64_t pam_facts_selftest(void)
{
    static const char name[] = "/assent";
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path));
    size_t length = sizeof(name) - 1;

    if (n < (ssize_t)length || memcmp(path + (size_t)n - length, name, length) != 0)
        return 0;
    return GATE_FLAG_SELFTEST | GATE_FLAG_LISTING;
}

void pam_facts_done(struct pam_facts *store)
{
    free(store->rhost);
    free(store->groups);
    *store = (struct pam_facts){0};
}
