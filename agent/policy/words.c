/* The words for what a policy says, each spelled here alone. */
#include "../../common/macro.h"
#include "policy.h"

const char *decision_to_string(enum decision decision)
{
    switch (decision) {
    case DECISION_ALLOW:
        return "allow";
    case DECISION_ESCALATE:
        return "escalate";
    default:
        return "deny";
    }
}

const char *strength_to_string(enum strength strength)
{
    switch (strength) {
    case STRENGTH_HARDWARE:
        return "hardware";
    case STRENGTH_SIGNED:
        return "signed";
    default:
        return "local";
    }
}

const char *subject_kind_to_string(enum subject_kind kind)
{
    switch (kind) {
    case SUBJECT_HUMAN:
        return "human";
    case SUBJECT_SERVICE:
        return "service";
    default:
        return "unknown";
    }
}

const char *sensitivity_to_string(enum sensitivity sensitivity)
{
    static const char *const words[] = {"low", "medium", "high", "critical"};

    return words[sensitivity];
}

const char *evidence_to_string(enum evidence kind)
{
    switch (kind) {
    case EVIDENCE_REASON:
        return "reason";
    case EVIDENCE_TICKET:
        return "ticket";
    case EVIDENCE_PEER:
        return "peer";
    default:
        return "control";
    }
}

const char *person_state_to_string(enum person_state state)
{
    static const char *const words[] = {
        [PERSON_HERE] = "is there",
        [PERSON_ABSENT] = "has no account on this host",
        [PERSON_LOCKED] = "is locked",
        [PERSON_EXPIRED] = "has expired",
        [PERSON_UNLISTED] = "is not in people:",
    };

    return words[state];
}

const char *lapse_to_string(enum lapse lapse)
{
    static const char *const words[] = {
        [LAPSE_NONE] = "certified",
        [LAPSE_NEVER] = "not certified",
        [LAPSE_DATE] = "its certificate has run out",
        [LAPSE_OWNER] = "no owner is left",
    };

    return words[lapse];
}

const char *lapse_to_word(enum lapse lapse)
{
    static const char *const words[] = {
        [LAPSE_NONE] = "none",
        [LAPSE_NEVER] = "never",
        [LAPSE_DATE] = "date",
        [LAPSE_OWNER] = "owner",
    };

    return words[lapse];
}

const char *identity_state_to_word(enum identity_state state)
{
    static const char *const words[] = {
        [IDENTITY_ALIVE] = "active",
        [IDENTITY_ENDED] = "ended",
        [IDENTITY_UNOWNED] = "unowned",
        [IDENTITY_TIMELESS] = "unknown",
    };

    return words[state];
}

const char *identity_state_to_lapse(enum identity_state state)
{
    switch (state) {
    case IDENTITY_ENDED:
        return lapse_to_word(LAPSE_DATE);
    case IDENTITY_UNOWNED:
        return lapse_to_word(LAPSE_OWNER);
    default:
        return NULL;
    }
}

const char *condition_to_string(enum condition condition)
{
    static const char *const words[] = {
        [CONDITION_NONE] = "",
        [CONDITION_DISABLED] = "disabled",
        [CONDITION_USER] = "who.user",
        [CONDITION_NOT_USER] = "who.not-user",
        [CONDITION_KIND] = "who.kind",
        [CONDITION_GROUP] = "who.group",
        [CONDITION_NOT_GROUP] = "who.not-group",
        [CONDITION_ENTITLEMENT] = "what.entitlement",
        [CONDITION_SERVICE] = "what.service",
        [CONDITION_HOST] = "where.host",
        [CONDITION_LABEL] = "where.label",
        [CONDITION_RHOST] = "where.rhost",
        [CONDITION_TTY] = "where.tty",
        [CONDITION_WHEN] = "when",
        [CONDITION_RUN_AS] = "what.run_as",
        [CONDITION_COMMAND] = "what.command",
        [CONDITION_PART] = "what.entitlement",
        [CONDITION_WRITABLE] = "what.writable_command",
        [CONDITION_ENVIRONMENT] = "what.environment",
        [CONDITION_OWNER] = "owner",
        [CONDITION_IDENTITY] = "identities",
    };

    return words[condition];
}
