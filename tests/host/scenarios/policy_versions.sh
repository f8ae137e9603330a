#!/bin/bash
# Policies that were in force are kept and can be put back; reload, restart, kill -9 and broken files
# leave in force what should be.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

allow() { # USERS: a policy that lets these use sudo
    policy <<X
rules:
  - id: let-in
    owner: approvers
    certified_until: 2099-12-31
    who: { user: $1 }
    what: { service: sudo }
    decision: allow
    duration: 10m
X
}

may() {
    try ssh_as "$1" sudo -n id -u
    [ "$RC" = 0 ]
}

versions() { # JQ-FILTER
    on assent policy versions --json | jq -r "$1"
}

kept() {
    [ "$(versions ".[] | select(.digest == \"$1\") | .kept")" = true ]
}

answers() {
    on assent status
}

again() { # HOW: the agent, and wait until it answers
    # shellcheck disable=SC2086
    on systemctl $1 assentd.service
    wait_for 10 answers
}

healthy() {
    [ "$(on assent status --json | jq .healthy)" = true ]
}

allow alice
door sudo
first=$(policy_digest)
check "alice may" may alice
allow bob
second=$(policy_digest)
check "bob may, by the new policy" may bob
check "alice may not any more" not may alice
check "both versions are kept" wait_for 10 kept "$first"
check "each with its own digest" [ "$(versions 'length')" -ge 2 ]
check "loaded by systemctl reload" [ "$(versions '.[0].last.cause')" = reload ]

step "rollback"
try on assent policy rollback "${first:0:8}" --reason "bob was a mistake"
expect_rc 0 "the first is put back by the first digits of its digest"
check "alice may again" may alice
check "bob may not" not may bob
try on assent status
expect_out 'ROLLED BACK by root from' "status says that it was rolled back"
expect_out 'bob was a mistake' "and why"
check "and needs an administrator" not healthy
check "the journal has a warning" \
    wait_for 5 journal_has ASSENT_EVENT=policy-loaded PRIORITY=4 "ASSENT_ROLLED_BACK_FROM=$second"
for how in reload restart "kill -s KILL --kill-whom=main"; do
    again "$how"
    check "${how%% *}: the rollback holds" [ "$(policy_digest)" = "$first" ]
    check "${how%% *}: and is still said" not healthy
done
try as alice assent policy versions
expect_rc 3 "versions are not for everybody"
try as alice assent policy rollback "$second"
expect_rc 3 "nor are rollbacks"
try on assent policy rollback 0123456789
expect_rc 1 "a version that never was is not found"
try on assent policy rollback "${first:0:7}"
expect_rc 2 "seven digits are too few"

step "the files say something else"
allow "[alice, bob]"
check "the changed files take force" may bob
check "and the rollback is over" healthy
third=$(policy_digest)
check "the third is kept" wait_for 10 kept "$third"

step "files that do not load"
put /etc/assent/policy.d/60-bad.yaml <<'X'
rules:
  - id: typo
    wo: { user: alice }
    decision: deny
X
again restart
check "a start goes on with the version before" [ "$(policy_digest)" = "$third" ]
check "by whose rules doors decide" may bob
try on assent status
expect_any '60-bad.yaml:' "status names the error"
expect_out 'kept in the ledger' "and where the policy in force comes from"
check "the journal has a warning of it" wait_for 5 journal_has ASSENT_EVENT=policy-loaded \
    PRIORITY=4 ASSENT_SOURCE=ledger
on rm /etc/assent/policy.d/60-bad.yaml
again reload
check "mended files take force" wait_for 5 healthy

step "a request in flight"
policy <<'X'
rules:
  - id: asks
    owner: approvers
    who: { user: alice }
    what: { service: sudo }
    decision: escalate
    duration: 10m
    approval: { keep: true, strength: local, stages: [ { from: approvers, within: 10m } ] }
X
try ssh_as alice assent request --service sudo --reason "replica is stuck" -- /usr/bin/id -u
request=$(request_id 5)
asked=$(policy_digest)
try on assent show "$request"
expect_out "asks \(policy ${asked:0:12}\)" "names the policy it was decided under"
allow bob
try on assent show "$request"
expect_out "asks \(policy ${asked:0:12}, replaced since\)" "and says when another has replaced it"
