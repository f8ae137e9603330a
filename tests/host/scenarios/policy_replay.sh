#!/bin/bash
# Real decisions of ssh, sudo and su are put to another policy: what would change is listed, the
# loudest first, and what cannot be judged is counted.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

rules() { # COMMAND-OF-ALICE COMMAND-OF-BOB WHAT-BECOMES-OF-DAVE
    cat <<X
rules:
  - id: logins
    owner: approvers
    who: { user: [alice, bob] }
    what: { service: sshd }
    certified_until: 2099-12-31
    decision: allow
  - id: dave-login
    owner: approvers
    who: { user: dave }
    what: { service: sshd }
    $3
  - id: erin-login
    owner: approvers
    who: { user: erin }
    what: { service: sshd }
    decision: allow
  - id: alice-sudo
    owner: approvers
    who: { user: alice }
    what: { service: sudo, command: "$1" }
    certified_until: 2099-12-31
    decision: allow
  - id: bob-sudo
    owner: approvers
    who: { user: bob }
    what: { service: sudo, command: "$2" }
    certified_until: 2099-12-31
    decision: allow
  - id: who-is-root
    owner: approvers
    what: { service: sudo, command: /usr/bin/whoami }
    evidence: { reason: optional }
    decision: escalate
    approval: { strength: local, stages: [{ from: approvers, within: 5m }] }
X
}

LET_IN=$'decision: allow\n    certified_until: 2099-12-31'

# The same people, other rules, in a directory beside.
candidate() {
    on mkdir -p /tmp/candidate
    { people; rules "$@"; } | put /tmp/candidate/50-test.yaml
}

changes() { # jq filter over the list of changes
    on assent policy replay /tmp/candidate --json | jq -r ".changes[] | $1"
}

rules '/usr/bin/id *' '/usr/bin/uptime' "$LET_IN" | policy

step "a rule that is certified in the ledger alone"
day=$(on date -u -d '+30 days' +%F)
try on assent policy recertify erin-login --until "$day" --reason 'she is on call'
expect_rc 0 "is certified"
door sudo sshd
try ssh_as erin true
expect_rc 0 "and lets in"

step "decisions, as people make them"
for _ in 1 2 3; do
    try ssh_as alice sudo -n id -u
    expect_rc 0 "alice may run id"
done
try ssh_as bob sudo -n id -u
expect_refused "bob may not"
try ssh_as bob sudo -n uptime
expect_rc 0 "bob may run uptime"
try ssh_as dave true
expect_rc 0 "dave may log in"
try ssh_as carol true
expect_refused "carol may not"
# the bytes of the argument are no text
try ssh_as alice "sudo -n id \$'-u\\xff\\n'"
expect_refused "id refuses such an option"
sudo_waits whoami alice whoami
ID=$(request_id 10)
check "alice asks to run whoami" [ -n "$ID" ]
approve_as dave "$ID"
finish whoami
expect_rc 0 "and does when dave agrees"
try on sudo -n true
expect_rc 0 "root needs no rule"

step "the policy in force changes nothing"
candidate '/usr/bin/id *' '/usr/bin/uptime' "$LET_IN"
try on assent policy replay /tmp/candidate --fail-on-change
expect_rc 0 "the same rules, the same answers"
expect_out '^0 would be answered otherwise\.$' "says so"
expect_out '[0-9]+: root needs no elevation' "what policy was not asked is not judged"
expect_out '[0-9]+: a self-test of assent setup' "nor what setup tried when the doors were switched on"
check "which the journal tells apart" journal_has ASSENT_SELFTEST=setup

step "another policy"
candidate '/usr/bin/id -g' '/usr/bin/* *' 'decision: deny'
try on assent policy replay /tmp/candidate
expect_rc 0 "is replayed"
check "what is newly allowed comes first" [ "$(changes .change | head -n 1)" = newly-allowed ]
check "bob's id is newly allowed" [ "$(changes 'select(.change == "newly-allowed") | .subject + " " + (.command | join(" "))')" = "bob /usr/bin/id -u" ]
check "alice's three id are one entry" [ "$(changes 'select(.subject == "alice" and .command == ["/usr/bin/id", "-u"]) | "\(.change) \(.count) \(.was.rule) \(.would.rule)"')" = "newly-denied 3 alice-sudo null" ]
check "the odd argument is there byte for byte" [ "$(changes 'select(.subject == "alice" and .count == 1) | .command[1]')" = '-u\xff\x0a' ]
check "dave's login is newly denied" [ "$(changes 'select(.subject == "dave") | "\(.change) \(.service) \(.would.rule)"')" = "newly-denied sshd dave-login" ]
check "erin's login stays, its rule is the same" [ -z "$(changes 'select(.subject == "erin")')" ]
check "what people were asked stays" [ -z "$(changes 'select(.command == ["/usr/bin/whoami"])')" ]
try on assent policy replay /tmp/candidate --fail-on-change
expect_rc 2 "a script can be told"
try on assent policy replay /tmp/candidate --since 2099-01-01
expect_out ': 0 decisions since' "nothing was decided in the future"

step "for whom"
try ssh_as alice assent policy replay /tmp/candidate
expect_rc 3 "alice may not read everybody's decisions"
on usermod -aG assent-audit alice
try ssh_as alice assent policy replay /tmp/candidate
expect_rc 0 "an auditor may"
check "the journal has the decisions" journal_has ASSENT_SUBJECT=bob ASSENT_DECISION=deny
check "but not what they were made on" [ "$(journal | grep -ci facts)" = 0 ]

step "after a restart"
on systemctl restart assentd
try on assent policy replay /tmp/candidate --json
expect_rc 0 "the records are still there"
expect_out 'newly-allowed' "and say the same"
