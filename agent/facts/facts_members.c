#include "facts_members.h"

const struct facts_member facts_texts[FACTS_TEXTS] = {
    {"user", offsetof(struct facts, user)},
    {"service", offsetof(struct facts, service)},
    {"host", offsetof(struct facts, host)},
    {"entitlement", offsetof(struct facts, entitlement)},
    {"reason", offsetof(struct facts, reason)},
    {"ticket", offsetof(struct facts, ticket)},
    {"peer", offsetof(struct facts, peer)},
    {"control", offsetof(struct facts, control)},
};

const struct facts_member facts_flags[FACTS_FLAGS] = {
    {"writable", offsetof(struct facts, command_writable)},
    {"environment_changed", offsetof(struct facts, environment_changed)},
    {"whole", offsetof(struct facts, whole)},
};

const char *const facts_kinds[FACTS_KINDS] = {
    [SUBJECT_HUMAN] = "human",
    [SUBJECT_SERVICE] = "service",
};
const char *const facts_ttys[FACTS_TTYS] = {
    [TTY_NONE] = "none",
    [TTY_PTY] = "pty",
    [TTY_CONSOLE] = "console",
};
const char *const facts_ticket_states[FACTS_TICKET_STATES] = {
    [TICKET_CONFIRMED] = "confirmed",
    [TICKET_REJECTED] = "rejected",
};
