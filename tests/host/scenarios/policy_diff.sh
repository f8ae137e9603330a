#!/bin/bash
# What differs between the policy in force, an earlier version and a directory, in what they mean,
# and which of the decisions that were made they answer differently; and what is found in a policy
# on the host that it is for.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

rules() { # COMMAND-OF-ALICE
    cat <<X
rules:
  - id: alice-sudo
    owner: approvers
    who: { user: alice }
    what: { service: sudo, run_as: root, command: "$1" }
    certified_until: 2099-12-31
    decision: allow
  - id: bob-sudo
    owner: approvers
    who: { user: bob }
    what: { service: sudo, run_as: root, command: /usr/bin/uptime }
    certified_until: 2099-12-31
    decision: allow
X
}

candidate() { # the rules on standard input, with the same people
    on rm -rf /tmp/candidate
    on mkdir -p /tmp/candidate
    { people; cat; } | put /tmp/candidate/50-test.yaml
}

rules '/usr/bin/id -u' | policy
door sudo
first=$(policy_digest)
try ssh_as alice sudo -n id -u
expect_rc 0 "alice may run id"
try ssh_as bob sudo -n id -u
expect_refused "bob may not"

step "directories"
{ echo "# reviewed"; rules '/usr/bin/id -u'; } | candidate
try on assent policy diff running /tmp/candidate --fail-on-change
expect_rc 0 "written otherwise, the same"
expect_out '^Both mean the same\.$' "says so"
rules '/usr/bin/id -g' | candidate
try on assent policy diff running /tmp/candidate
expect_rc 0 "compared"
expect_out "what.command: no more '/usr/bin/id -u'; also '/usr/bin/id -g'" "what changed, in words"
expect_out '^1 rule changed\.$' "and in sum"
try on assent policy diff running /tmp/candidate --fail-on-change
expect_rc 2 "a script can be told"

step "decisions"
try on assent policy diff running /tmp/candidate --since 1d --json
expect_rc 0 "put to both"
check "alice's is newly denied" [ "$(jq -r '.decisions.changes[] | "\(.change) \(.subject) \(.was.rule)"' <<<"$OUT")" = "newly-denied alice alice-sudo" ]

step "versions"
rules '/usr/bin/id *' | policy
second=$(policy_digest)
check "another policy is in force" [ "$first" != "$second" ]
kept() {
    on assent policy diff "${first:0:10}" "$second"
}
check "both are kept" wait_for 10 kept
try on assent policy diff "${first:0:10}" running
expect_out "also '/usr/bin/id \*'" "the earlier one by its digest"
try on assent policy diff "${first:0:10}" /tmp/candidate
expect_out "also '/usr/bin/id -g'" "and with a directory"
try on assent policy diff 0123456789 /tmp/candidate
expect_rc 1 "a version that is not kept"

step "for whom"
try ssh_as alice assent policy diff /tmp/candidate /tmp/candidate
expect_rc 0 "directories are anybody's"
try ssh_as alice assent policy diff running /tmp/candidate
expect_rc 3 "what is in force is not"
on usermod -aG assent-audit alice
try ssh_as alice assent policy diff running /tmp/candidate
expect_rc 0 "but an auditor's"

step "findings"
try ssh_as alice assent policy check /tmp/candidate
expect_rc 0 "anybody may check"
expect_out '\[long-certificate\]' "a certificate of 73 years is told of"
{
    rules '/usr/bin/vi /etc/motd'
    cat <<X
  - { id: gone, owner: approvers, who: { user: no-such-user }, decision: deny }
X
} | candidate
try on assent policy check /tmp/candidate
expect_out "rule 'alice-sudo': .*\[gives-shell\]" "an editor is a shell"
expect_out "account 'no-such-user' .*\[unknown-account\]" "this host does not know an account"
try on assent policy check /tmp/candidate --strict
expect_rc 2 "strictly, warnings fail"
try on assent policy check /tmp/candidate --no-accounts
check "another host's accounts are left out" [ -z "$(grep unknown-account <<<"$OUT")" ]
