/* The kinds of findings. The table of assent-policy(5), "FINDINGS", says the same at length. */
#include "report.h"

const struct lint lints[LINT_KINDS + 1] = {
    [ACCEPT_UNKNOWN] = {"accept-unknown", LINT_WARNING, LINT_FILES,
        "accept: names a finding that does not exist"},
    [ACCEPT_UNUSED] = {"accept-unused", LINT_WARNING, LINT_FILES,
        "accept: names a finding that is not there"},
    [APPROVER_GONE] = {"approver-gone", LINT_WARNING, LINT_HOST,
        "one of those who are asked is gone from this host"},
    [APPROVERS_ARE_REQUESTERS] = {"approvers-are-requesters", LINT_ERROR, LINT_FILES,
        "nobody could approve for those who may ask"},
    [APPROVERS_EMPTY] = {"approvers-empty", LINT_ERROR, LINT_FILES,
        "the owner who is asked once the rule lapses is nobody"},
    [APPROVERS_UNKNOWN] = {"approvers-unknown", LINT_WARNING, LINT_HOST,
        "fewer can be asked on this host than must agree"},
    [ASKS_FOR_SHELL] = {"asks-for-shell", LINT_NOTE, LINT_FILES,
        "what is approved as one command gives a shell"},
    [DEAD_PATH] = {"dead-path", LINT_WARNING, LINT_HOST,
        "a command below a directory that is only a link, so that it matches nothing"},
    [DENIES_SU] = {"denies-su", LINT_WARNING, LINT_FILES,
        "a deny rule on a command that denies every su as well"},
    [DISABLED] = {"disabled", LINT_NOTE, LINT_FILES, "a rule that is switched off"},
    [DURATION_OVER_LIMIT] = {"duration-over-limit", LINT_WARNING, LINT_FILES,
        "a rule's duration is longer than its entitlement gives"},
    [ENTITLEMENT_IN_PARTS] = {"entitlement-in-parts", LINT_NOTE, LINT_FILES,
        "no rule gives the entitlement as a whole"},
    [ENTITLEMENT_UNREACHABLE] = {"entitlement-unreachable", LINT_WARNING, LINT_FILES,
        "no rule in force gives the entitlement"},
    [ENVIRONMENT_OPEN] = {"environment-open", LINT_WARNING, LINT_FILES,
        "an allow rule lets the caller's variables through"},
    [GIVES_SHELL] = {"gives-shell", LINT_WARNING, LINT_FILES,
        "a command that is a way to a shell or to writing any file"},
    [IDENTITY_OVER] = {"identity-ended", LINT_WARNING, LINT_TIME,
        "the last day of an identity is over"},
    [IDENTITY_UNUSED] = {"identity-unused", LINT_WARNING, LINT_FILES,
        "no rule in force is for the identity"},
    [IDENTITY_WITHOUT_OWNER] = {"identity-without-owner", LINT_ERROR, LINT_FILES,
        "the owner of the identity is nobody"},
    [LAPSED] = {"lapsed", LINT_WARNING, LINT_TIME, "the certificate has run out"},
    [LAPSES_SOON] = {"lapses-soon", LINT_WARNING, LINT_TIME,
        "the certificate runs out within 30 days"},
    [LONG_CERTIFICATE] = {"long-certificate", LINT_WARNING, LINT_TIME,
        "the certificate is good for more than 400 days"},
    [MISSING_COMMAND] = {"missing-command", LINT_WARNING, LINT_FILES,
        "every command is allowed, since none is named"},
    [MONITOR] = {"monitor", LINT_NOTE, LINT_FILES, "a rule that is only watched"},
    [NEEDS_PLUGIN] = {"needs-plugin", LINT_NOTE, LINT_FILES,
        "a sudo rule that matches nothing without the sudo plugin"},
    [NEVER_CERTIFIED] = {"never-certified", LINT_WARNING, LINT_FILES,
        "an allow rule without certified_until"},
    [NEVER_MATCHES] = {"never-matches", LINT_ERROR, LINT_FILES,
        "conditions that can never hold together"},
    [NO_OWNER] = {"no-owner", LINT_WARNING, LINT_FILES, "a rule that nobody answers for"},
    [NOT_IN_PEOPLE] = {"not-in-people", LINT_WARNING, LINT_FILES,
        "a member of a group who is not in people:, and so counts as gone"},
    [OWNER_GONE] = {"owner-gone", LINT_WARNING, LINT_HOST, "no owner is left on this host"},
    [SHADOWED] = {"shadowed", LINT_WARNING, LINT_FILES,
        "a rule that never decides, since another always comes first"},
    [TOO_FEW_APPROVERS] = {"too-few-approvers", LINT_WARNING, LINT_FILES,
        "when one of those asked is the one who asks, too few are left"},
    [UNKNOWN_ACCOUNT] = {"unknown-account", LINT_WARNING, LINT_HOST,
        "an account that does not exist on this host"},
    [UNKNOWN_GROUP] = {"unknown-group", LINT_WARNING, LINT_HOST,
        "a group that does not exist on this host"},
    [UNUSED_ENTITLEMENT] = {"unused-entitlement", LINT_WARNING, LINT_FILES,
        "no rule names the entitlement"},
    [UNUSED_GROUP] = {"unused-group", LINT_NOTE, LINT_FILES,
        "a group that owns nothing and is never asked"},
    [WEAK_APPROVAL] = {"weak-approval", LINT_NOTE, LINT_FILES,
        "root is given on an approval that is not signed"},
    [WEAK_EVIDENCE] = {"weak-evidence", LINT_WARNING, LINT_FILES,
        "less evidence is asked for than the sensitivity calls for"},
    [WINDOW_OVER] = {"window-over", LINT_WARNING, LINT_TIME, "the rule's time is over"},
    [WRITABLE_OPEN] = {"writable-open", LINT_WARNING, LINT_FILES,
        "commands that others can write are let through"},
    [LINT_KINDS] = {0},
};

const char *lint_level_to_string(enum lint_level level)
{
    static const char *const words[] = {
        [LINT_NOTE] = "note", [LINT_WARNING] = "warning", [LINT_ERROR] = "error"};

    return words[level];
}

const char *lint_subject_to_string(enum lint_subject subject)
{
    static const char *const words[] = {
        [LINT_POLICY] = "policy",
        [LINT_RULE] = "rule",
        [LINT_ENTITLEMENT] = "entitlement",
        [LINT_GROUP] = "group",
        [LINT_IDENTITY] = "identity",
    };

    return words[subject];
}
