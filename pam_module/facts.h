/* The facts a PAM phase knows, as the gate's question. */
#pragma once

#include <security/pam_modules.h>

#include "../common/macro.h"
#include "../common/record.h"

struct door;

/* The memory a question points into. */
struct pam_facts {
    char *rhost;
    uint32_t *groups;
};

/* Fills in `ask` for a phase (enum gate_phase); flags are left at 0. Texts are borrowed from
 * the door, the PAM handle and `store`. Returns 0 or -ENOMEM. */
MUST_USE int pam_facts_collect(pam_handle_t *pamh, const struct door *door, uint64_t phase,
    struct pam_facts *store, struct gate_ask *ask);

/* The subject's groups as ids. At a login door what the account database says, which is what
 * the login will get; at a setuid door what the kernel says this process has. Returns 0,
 * -ENOMEM, -E2BIG over GATE_GROUPS_MAX (a shortened list could hide a deny), or -errno. */
MUST_USE int pam_facts_add_groups(
    const struct door *door, struct pam_facts *store, struct gate_ask *ask);

/* The flags of a question that is only tried: GATE_FLAG_SELFTEST, and LISTING so that nobody is
 * bothered, where this process is `assent` itself; else none. No argument and no variable says so,
 * since what is left behind by mistake, or set by the one who asks, would hide real decisions. */
uint64_t pam_facts_selftest(void);

void pam_facts_done(struct pam_facts *store);
