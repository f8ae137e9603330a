#include "verbs.h"

#include <string.h>

#include "../agent/yaml/yaml.h"
#include "host/doctor.h"
#include "host/setup.h"

static const struct cli_option no_options[] = {{0}};

static const struct cli_option request_options[] = {
    {"service", "SERVICE", "the door: sudo (default), sshd, su"},
    {"run-as", "USER", "the account to become (default: root)"},
    {"rhost", "ADDRESS", "asked for on the console: where a login by sshd will come from"},
    {"for", "DUR",
        "how long the access is needed, as 30m or 1h30m; never longer than policy gives"},
    {"reason", "TEXT", "why, for those who decide"},
    {"ticket", "TEXT", "the ticket this belongs to"},
    {"control", "WORD", "the compensating control you name, where one is asked for"},
    {"peer", "PERSON", "the colleague who shall confirm it"},
    {"uses", "N", "how many times the door is needed"},
    {"wait", "[DUR]", "wait for the answer, for at most DUR"},
    {0},
};

static const struct cli_option list_options[] = {
    {"mine", NULL, "only your own"},
    {"all", NULL, "everybody's (auditors and root)"},
    {"ended", NULL, "also those that have ended"},
    {0},
};

static const struct cli_option approve_options[] = {
    {"for", "DUR", "for a shorter time than was asked"},
    {"reason", "TEXT", "a note that is kept with the approval"},
    {0},
};

static const struct cli_option reason_options[] = {
    {"reason", "TEXT", "why; required, and shown to the person"},
    {0},
};

static const struct cli_option diff_options[] = {
    {"since", "DUR|DATE", "also which recorded decisions differ, as far back as 30d or 2026-11-01"},
    {"fail-on-change", NULL, "exit with 2 if they do not mean the same"},
    {0},
};

static const struct cli_option replay_options[] = {
    {"since", "DUR|DATE", "how far back, as 30d (default) or 2026-11-01"},
    {"rules", NULL, "also list what stays the same by another rule"},
    {"fail-on-change", NULL, "exit with 2 if an answer would change"},
    {0},
};

static const struct cli_option rollback_options[] = {
    {"reason", "TEXT", "why, for the record"},
    {0},
};

static const struct cli_option check_options[] = {
    {"strict", NULL, "fail on warnings too"},
    {"no-accounts", NULL, "leave out what hangs on this host's accounts and directories"},
    {"all", NULL, "show every note, and what the policy accepts"},
    {0},
};

static const struct cli_option enforce_options[] = {
    {"since", "WHEN", "how far back to look: 30d (default, at least 24h), a day or a time"},
    {"yes", NULL, "do not ask after the report"},
    {0},
};

static const struct cli_option recertify_options[] = {
    {"until", "DATE", "the last day, as 2027-06-30; required"},
    {"reason", "TEXT", "why, for the record; required"},
    {0},
};

static const struct cli_option report_options[] = {
    {"format", "FORMAT", "text (default), json, csv or html"},
    {"output", "FILE", "write it to FILE"},
    {"since", "WHEN", "how far back to look, as 90d, a day or a time"},
    {0},
};

static const struct cli_option help_options[] = {
    {"machine", NULL, "print every verb and option, one a line"},
    {0},
};

static const struct cli_option explain_options[] = {
    {"policy", "DIR", "ask the policy in DIR, not the one in force"},
    {"facts", "FILE", "a JSON object with the keys of a test's given:; - for standard input"},
    {"all", NULL, "also rules that are about something else"},
    {"user", "USER", "who asks"},
    {"kind", "KIND", "human or service"},
    {"group", "GROUP,...", "the groups of the system that they are in"},
    {"service", "SERVICE", "the door; with a command sudo"},
    {"run-as", "USER", "the account to become; at sudo left out: root"},
    {"command", "LINE", "absolute path and arguments"},
    {"entitlement", "NAME", "what is asked for by name"},
    {"host", "NAME", "the host; left out: this one"},
    {"label", "LABEL,...", "its labels"},
    {"rhost", "ADDRESS", "where the login comes from, or local"},
    {"tty", "KIND", "none, pty or console"},
    {"at", "TIME", "when, as 2026-11-20T10:00:00Z; left out: now"},
    {"reason", "TEXT", "the reason given"},
    {"ticket", "TEXT", "the ticket given"},
    {"peer", "PERSON", "the colleague named"},
    {"control", "WORD", "the control named"},
    {0},
};

static const struct cli_option test_options[] = {
    {"cover", "[PERCENT]", "list what no test reaches; fail below PERCENT"},
    {"format", "FORMAT", "text (default), tap or junit"},
    {"output", "FILE", "write that to FILE, and the text to standard output"},
    {0},
};

#define EXITS_PLAIN "0 done, 1 the agent does not answer, 2 wrong usage"
#define EXITS_ONE "0 done, 1 failed or no such id, 2 wrong usage, 3 not yours to do"

const struct cli_verb verbs[] = {
    {
        .name = "status",
        .run = verb_status,
        .summary = "how the agent is, which policy is in force",
        .example = "assent status\nassent status --json | jq .healthy\n",
        .exits = EXITS_PLAIN,
        .options = no_options,
    },
    {
        .name = "request",
        .run = verb_request,
        .operands = "[ENTITLEMENT] [-- CMD ARG...]",
        .summary = "ask for an entitlement, or for access ahead of a door",
        .text = "CMD is looked up where sudo looks (secure_path). The grant opens exactly this "
                "command\n"
                "with these arguments; an ENTITLEMENT alone opens all that it lists (see\n"
                "`assent entitlements`). With --wait, leaving with ^C withdraws the request; with\n"
                "--wait=DUR it stays open when DUR is over.\n",
        .example = "assent request --reason 'it is stuck' --wait -- systemctl restart postgresql\n"
                   "assent request --service sshd --reason 'look at the logs'\n"
                   "assent request db-admin --for 30m --reason 'it is stuck' --ticket INC-4711\n",
        .exits = "0 granted, 1 failed, 2 wrong usage, 3 refused, 4 not answered yet or expired",
        .options = request_options,
        .operands_max = -1,
    },
    {
        .name = "entitlements",
        .run = verb_entitlements,
        .summary = "what you may ask for by name, what it gives, and who decides",
        .example = "assent entitlements\nassent entitlements --json | jq -r '.[].name'\n",
        .exits = EXITS_PLAIN,
        .options = no_options,
    },
    {
        .name = "identities",
        .run = verb_identities,
        .summary = "what acts without being a person, who answers for it, how long",
        .text =
            "Lists what you are or answer for; for auditors and root all of the policy in force.\n"
            "One that has ended, or whose owner is gone, gets nothing.\n",
        .example = "assent identities\n"
                   "assent identities --json | jq -r '.[] | select(.state != \"active\").name'\n",
        .exits = EXITS_PLAIN,
        .options = no_options,
    },
    {
        .name = "pending",
        .run = verb_pending,
        .summary = "requests that wait for you, and your own",
        .example = "assent pending\nassent pending --mine --ended\n",
        .exits = EXITS_PLAIN ", 3 --all is not for you",
        .options = list_options,
    },
    {
        .name = "show",
        .run = verb_show,
        .operands = "ID",
        .summary = "explain a request or a grant",
        .example = "assent show K7QM-2F9X\nassent show k7qm2f9x --json\n",
        .exits = EXITS_ONE,
        .options = no_options,
        .operands_min = 1,
        .operands_max = 1,
    },
    {
        .name = "approve",
        .run = verb_approve,
        .operands = "ID",
        .summary = "agree to a request",
        .text = "Read it first with `assent show ID`. Nobody approves a request of their own.\n",
        .example = "assent approve K7QM-2F9X --for 15m --reason 'go ahead'\n",
        .exits = EXITS_ONE,
        .options = approve_options,
        .operands_min = 1,
        .operands_max = 1,
    },
    {
        .name = "deny",
        .run = verb_deny,
        .operands = "ID",
        .summary = "refuse a request",
        .example = "assent deny K7QM-2F9X --reason 'not during the backup, try after 18:00'\n",
        .exits = EXITS_ONE,
        .options = reason_options,
        .operands_min = 1,
        .operands_max = 1,
    },
    {
        .name = "withdraw",
        .run = verb_withdraw,
        .operands = "ID",
        .summary = "take back a request of your own",
        .example = "assent withdraw K7QM-2F9X\n",
        .exits = EXITS_ONE,
        .options = no_options,
        .operands_min = 1,
        .operands_max = 1,
    },
    {
        .name = "grants",
        .run = verb_grants,
        .summary = "access that is granted now",
        .example = "assent grants\nassent grants --all --ended --json\n",
        .exits = EXITS_PLAIN ", 3 --all is not for you",
        .options = list_options,
    },
    {
        .name = "revoke",
        .run = verb_revoke,
        .operands = "GRANT",
        .summary = "end a grant of somebody else",
        .example = "assent revoke 8XDT-4M1C --reason 'left the team'\n",
        .exits = EXITS_ONE,
        .options = reason_options,
        .operands_min = 1,
        .operands_max = 1,
    },
    {
        .name = "done",
        .run = verb_done,
        .operands = "GRANT",
        .summary = "give a grant of your own back, the task is done",
        .example = "assent done 8XDT-4M1C\n",
        .exits = EXITS_ONE,
        .options = no_options,
        .operands_min = 1,
        .operands_max = 1,
    },
    {
        .name = "watch",
        .run = verb_watch,
        .summary = "show what happens, live, until ^C",
        .text = "Shows the events you may see: your own, those of requests put to you, and for\n"
                "auditors and root all. With --json one object a line.\n",
        .example = "assent watch\n",
        .exits = "1 the agent does not answer or went away, 2 wrong usage, 3 not for you",
        .options = no_options,
    },
    {
        .name = "policy check",
        .run = verb_policy_check,
        .operands = "[DIR]",
        .summary = "check policy files, without agent or root",
        .text =
            "Reads DIR/*.yaml (default /etc/assent/policy.d) as the agent would and prints every\n"
            "error as file:line:column: message. Of a policy that loads it prints what is most\n"
            "likely not what was meant: rules that never decide, approvers who are gone, commands\n"
            "that give a shell and more, each with the name under which assent-policy(5) explains\n"
            "it and under which it can be accepted in the file.\n",
        .example = "assent policy check\n"
                   "assent policy check --strict --no-accounts ./policy.d && git push\n",
        .exits = "0 good, 1 failed, 2 errors in the policy (--strict: or warnings) or wrong usage",
        .options = check_options,
        .operands_max = 1,
    },
    {
        .name = "policy test",
        .run = verb_policy_test,
        .operands = "[DIR]",
        .summary = "run the tests beside the rules, without agent or root",
        .text = "Reads DIR/*.yaml (default /etc/assent/policy.d) and runs their `tests:`. Tells of "
                "each\n"
                "that fails what was expected, what came, and why.\n",
        .example = "assent policy test ./policy.d --cover\n"
                   "assent policy test ./policy.d --format junit -o report.xml\n",
        .exits =
            "0 all passed, 1 failed to run, 2 a test failed, errors in the policy, no tests, too "
            "little cover, or wrong usage",
        .options = test_options,
        .operands_max = 1,
    },
    {
        .name = "policy explain",
        .run = verb_policy_explain,
        .operands = "[ID] [-- CMD ARG...]",
        .summary = "what policy makes of some facts, rule by rule",
        .text =
            "Facts are those of the request ID as they were recorded, those in FILE, or those of "
            "the\n"
            "options; without --user they are about yourself. Asks the policy in force, or with\n"
            "--policy the one in DIR, without an agent. --command takes the line as it stands, a\n"
            "command behind -- is looked up where sudo looks.\n",
        .example = "assent policy explain -- systemctl restart postgresql\n"
                   "assent policy explain --policy ./policy.d --user erin --service sshd\n"
                   "assent policy explain K7QM-2F9X --json | jq -r .rule\n",
        .exits = "0 explained, 1 failed, 2 wrong usage or errors in the policy, 3 not for you",
        .options = explain_options,
        .operands_max = -1,
    },
    {
        .name = "policy diff",
        .run = verb_policy_diff,
        .operands = "A B",
        .summary = "what differs between two policies in what they mean",
        .text =
            "A and B are directories, digests of `assent policy versions` (8 digits are enough), "
            "or\n"
            "`running`. Tells which rules, entitlements, identities, groups and people were\n"
            "added, removed and changed, and which rules moved where that can change a decision.\n"
            "With --since, the decisions recorded on this host are put to both.\n",
        .example = "assent policy diff running ./policy.d\n"
                   "assent policy diff running ./policy.d --since 30d\n",
        .exits =
            "0 compared, 1 failed, 2 a policy does not load or wrong usage (--fail-on-change: or "
            "they differ), 3 not for you (versions: auditors and root)",
        .options = diff_options,
        .operands_min = 2,
        .operands_max = 2,
    },
    {
        .name = "policy replay",
        .run = verb_policy_replay,
        .operands = "DIR",
        .summary = "put recorded decisions to the policy in DIR (auditors, root)",
        .text =
            "Lists each decision that DIR/*.yaml would answer otherwise, what is newly allowed "
            "first.\n"
            "What was not recorded with all it takes is counted with the reason, not guessed.\n",
        .example = "assent policy replay ./policy.d\n"
                   "assent policy replay ./policy.d --since 2026-11-01 --fail-on-change\n",
        .exits = "0 replayed, 1 failed, 2 errors in the policy, wrong usage, or a change with\n"
                 "--fail-on-change, 3 not for you",
        .options = replay_options,
        .operands_min = 1,
        .operands_max = 1,
    },
    {
        .name = "policy versions",
        .run = verb_policy_versions,
        .summary = "policies that were in force, newest first",
        .text = "Whose they were, when they took force, and which can be put back.\n",
        .example = "assent policy versions\nassent policy versions --json | jq -r '.[].digest'\n",
        .exits = EXITS_PLAIN ", 3 not for you (auditors and root)",
        .options = no_options,
    },
    {
        .name = "policy rollback",
        .run = verb_policy_rollback,
        .operands = "DIGEST",
        .summary = "put an earlier policy in force again (root)",
        .text = "DIGEST is at least the first 8 digits of one of `assent policy versions`. The "
                "version\n"
                "stays in force, over restarts too, until the files say something else than now;\n"
                "`assent status` says so until then.\n",
        .example =
            "assent policy rollback 92b14611cec9 --reason 'the new rules refuse the backup'\n",
        .exits = "0 it is in force, 1 failed or no such version, 2 it does not load any more, "
                 "3 not for you",
        .options = rollback_options,
        .operands_min = 1,
        .operands_max = 1,
    },
    {
        .name = "policy recertify",
        .run = verb_policy_recertify,
        .operands = "RULE",
        .summary = "vouch for an allow rule as it is, up to a day",
        .text = "For root, and for whoever owns the rule, from a login of their own. At most 400 "
                "days\n"
                "ahead; a certificate is never shortened. It is kept in the ledger, and is for the "
                "rule\n"
                "as it is now: whoever changes the rule has to have it certified again.\n",
        .example = "assent policy recertify dba-restart --until 2027-06-30 \\\n"
                   "    --reason 'still needed for the nightly failover'\n",
        .exits = "0 certified, 1 failed or no such rule, 2 wrong usage, 3 not for you",
        .options = recertify_options,
        .operands_min = 1,
        .operands_max = 1,
    },
    {
        .name = "report",
        .run = verb_report,
        .operands = "[KIND]",
        .summary = "a report for those who answer for access",
        .text = "Auditors and root see all of it, others what is theirs.\n",
        .example = "assent report recertification\n"
                   "assent report monitor --since 7d\n"
                   "assent report recertification --format html -o rules.html\n",
        .exits = EXITS_PLAIN ", 3 not for you",
        .options = report_options,
        .operands_max = 1,
    },
    {
        .name = "reload",
        .run = verb_reload,
        .summary = "load policy and configuration anew (root)",
        .text = "On errors the policy in force stays in force.\n",
        .example = "assent policy check && assent reload\n",
        .exits = "0 the new policy is in force, 1 failed, 2 errors in it, 3 not for you",
        .options = no_options,
    },
    {
        .name = "enforce",
        .run = verb_enforce,
        .operands = "all|DOOR|rule:ID",
        .summary = "leave monitor mode: enforce what was only watched (root)",
        .text =
            "Shows first what enforcing would have refused or put to people, then asks. Take the\n"
            "word out of assent.yaml or the rule before; `assent status` tells what is watched.\n",
        .example = "assent enforce sudo\nassent enforce rule:no-shells --since 7d\n",
        .exits =
            "0 enforced, 1 failed, 2 wrong usage or still said to be watched, 3 not root or not "
            "agreed",
        .options = enforce_options,
        .operands_min = 1,
        .operands_max = 1,
    },
    {
        .name = "setup",
        .run = verb_setup,
        .operands = "enable|disable DOOR...|confirm|revert|status",
        .summary = "put the gate in front of a door, or take it away",
        .text = "DOOR is sshd, sshd-interactive, sudo or su. Shows the exact change, tries it "
                "first, and\n"
                "takes it back by itself unless `assent setup confirm` follows in time.\n",
        .example = "assent setup enable sudo\nassent setup confirm\n",
        .exits = "0 done, 1 failed and nothing changed, 2 wrong usage, 3 not root",
        .options = setup_options,
        .operands_min = 1,
        .operands_max = 5,
    },
    {
        .name = "doctor",
        .run = verb_doctor,
        .summary = "find what would lock people out, with the fix",
        .example = "assent doctor\n",
        .exits = "0 nothing found, 1 something to fix, 2 wrong usage",
        .options = doctor_options,
    },
    {
        .name = "help",
        .run = verb_help,
        .operands = "[VERB]",
        .summary = "this list, or all about one verb",
        .example = "assent help request\n",
        .exits = "0 done, 2 no such verb",
        .options = help_options,
        .operands_max = 2,
    },
    {0},
};

static bool begins_with(const char *name, char *const *words, int count, int *ret_used)
{
    const char *blank = strchr(name, ' ');
    size_t first = blank ? (size_t)(blank - name) : strlen(name);

    *ret_used = 1;
    if (count >= 1 && strcmp(words[0], name) == 0)
        return true; /* "policy check" in quotes */
    if (count < 1 || strlen(words[0]) != first || strncmp(words[0], name, first) != 0)
        return false;
    if (blank && (count < 2 || strcmp(words[1], blank + 1) != 0))
        return false;
    *ret_used = blank ? 2 : 1;
    return true;
}

const struct cli_verb *verbs_find(char *const *words, int count, int *ret_used)
{
    for (const struct cli_verb *verb = verbs; verb->name; verb++)
        if (begins_with(verb->name, words, count, ret_used))
            return verb;
    return NULL;
}

const char *verbs_nearest(const char *word)
{
    const char *names[ARRAY_SIZE(verbs)];
    size_t count = 0;

    for (const struct cli_verb *verb = verbs; verb->name; verb++)
        names[count++] = verb->name;
    return yaml_nearest(word, names, count);
}
