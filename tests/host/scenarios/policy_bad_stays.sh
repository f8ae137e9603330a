#!/bin/bash
# A policy with errors leaves the old one in force, over a restart too, and says so.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

policy <<X
rules:
  - id: alice-all
    owner: approvers
    who: { user: alice }
    what: { service: sudo }
    certified_until: 2099-12-31
    decision: allow
    duration: 10m
X
door sudo
before=$(policy_digest)
put /etc/assent/policy.d/60-bad.yaml <<'X'
rules:
  - id: typo
    owner: approvers
    wo: { user: alice }
    decision: deny
X
try on systemctl reload assentd
check "reloading fails" [ "$RC" != 0 ]
check "the agent runs on" on systemctl --quiet is-active assentd
check "the journal has policy-rejected" wait_for 5 journal_has ASSENT_EVENT=policy-rejected
check "the old policy is still in force" [ "$(policy_digest)" = "$before" ]
try on assent status
expect_any '60-bad.yaml:4:' "status names the place of the error"
expect_any 'who' "and what was probably meant"
try ssh_as alice sudo -n id -u
expect_rc 0 "the old rules go on deciding"
on systemctl restart assentd
try ssh_as alice sudo -n id -u
expect_rc 0 "after a restart with only the bad policy on disk too"
