#!/bin/bash
# What policy makes of something is told before it is tried, and says the same as what then happens;
# to whom it is told. Tests beside the rules run on the host without root and without the agent.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

rules() { # DECISION-EXPECTED-OF-BOB
    cat <<X
rules:
  - id: logins
    owner: approvers
    what: { service: sshd }
    certified_until: 2099-12-31
    decision: allow
  - id: alice-id
    owner: approvers
    who: { group: alice }
    what: { service: sudo, run_as: root, command: "/usr/bin/id *" }
    certified_until: 2099-12-31
    decision: allow
  - id: alice-asks
    owner: approvers
    who: { user: alice }
    what: { service: sudo, command: /usr/bin/whoami }
    decision: escalate
    duration: 10m
    approval: { strength: local, stages: [{ from: approvers, within: 5m }] }
tests:
  - name: alice may run id
    given: { user: alice, groups: [alice], service: sudo, run_as: root, command: /usr/bin/id -u }
    expect: { decision: allow, rule: alice-id }
  - name: bob may not
    given: { user: bob, groups: [bob], service: sudo, run_as: root, command: /usr/bin/id -u }
    expect: { decision: $1 }
X
}

explained() { # jq filter over the last answer
    jq -r "$1" <<<"$OUT"
}

rules deny | policy
door sudo sshd

step "before it is tried"
try ssh_as alice assent policy explain --json -- id -u
expect_rc 0 "alice is told what becomes of id"
check "it is allowed by the rule of her group" [ "$(explained '.decision + " " + .rule')" = "allow alice-id" ]
check "her groups and her kind are those of the host" [ "$(explained '.facts | "\(.user) \(.kind) \(.groups | length > 0)"')" = "alice human true" ]
try ssh_as alice sudo -n id -u
expect_rc 0 "and so it is"
try ssh_as alice assent policy explain --json -- whoami
check "people would be asked for whoami" [ "$(explained '.decision + " " + (.approvers | join(" ")) + " " + (.missing | join(" "))')" = "escalate carol dave reason" ]
try ssh_as bob assent policy explain -- id -u
expect_rc 0 "bob is told what becomes of id"
expect_out '^deny' "it is denied"
expect_out 'alice-id +allow +who.group does not hold' "and what stood in the way"
try ssh_as bob sudo -n id -u
expect_refused "and so it is"

step "about others"
try ssh_as bob assent policy explain --user alice -- id -u
expect_rc 3 "bob is not told about alice"
try ssh_as bob assent policy explain --group alice -- id -u
expect_rc 3 "nor what he would be told in her group"
try on assent policy explain --user alice --group alice --json -- id -u
check "root is" [ "$(explained '.rule')" = alice-id ]
on usermod -aG assent-audit erin
try ssh_as erin assent policy explain --user bob --group bob --json -- id -u
check "an auditor is" [ "$(explained '.decision')" = deny ]

step "a request"
sudo_waits whoami alice whoami
ID=$(request_id 10)
check "alice asks to run whoami" [ -n "$ID" ]
try ssh_as alice assent policy explain "$ID" --json
expect_rc 0 "alice is told about her request"
check "with what she said and ran" [ "$(explained '.rule + " " + .run_as + " " + .facts.reason + " " + .facts.command')" = "alice-asks root backup is due /usr/bin/whoami" ]
try ssh_as dave assent policy explain "$ID" --json
check "dave, who is asked, too" [ "$(explained '.facts.user')" = alice ]
try ssh_as bob assent policy explain "$ID"
expect_rc 1 "bob is not: for him there is no such request"
expect_err "$ID" "as he is told"
approve_as dave "$ID"
finish whoami
expect_rc 0 "it runs when dave agrees"
on systemctl restart assentd
try ssh_as alice assent policy explain "$ID" --json
check "it is still told after it has ended, and after a restart" [ "$(explained '.rule')" = alice-asks ]

step "a policy that is not in force"
on mkdir -p /tmp/candidate
{ people; rules deny; } | put /tmp/candidate/50-test.yaml
try ssh_as bob assent policy explain --policy /tmp/candidate --user alice --json -- id -u
check "anybody may try it, with the accounts of this host" [ "$(explained '.rule')" = alice-id ]
on systemctl stop assentd assentd.socket assentd-gate.socket
try as alice assent policy test /tmp/candidate --cover
expect_rc 0 "its tests pass without root and without the agent"
expect_out '^2 passed, 0 failed$' "both"
expect_out '^not reached: rule alice-asks' "and what they do not reach is listed"
{ people; rules allow; } | put /tmp/candidate/50-test.yaml
try as alice assent policy test /tmp/candidate --format tap
expect_rc 2 "a test that fails"
expect_out '^not ok 2 - bob may not$' "is told"
expect_out 'rule alice-id .* does not match: who.group does not hold' "with the reason"
