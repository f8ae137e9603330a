#!/bin/bash
# Once a day the agent looks for itself: what lapses by the calendar, and who is gone. Nothing else
# changes by it, not even where the files were edited.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

policy <<X
rules:
  - id: alice-id
    owner: dave
    certified_until: $(date -u +%F)
    who: { user: alice }
    what: { service: sudo, command: /usr/bin/id -u }
    decision: allow
  - id: bob-id
    owner: carol
    certified_until: $(date -u -d '+8 days' +%F)
    who: { user: bob }
    what: { service: sudo, command: /usr/bin/id -u }
    decision: allow
X
door sudo
shim
check "the last day is announced" wait_for 5 journal_has ASSENT_EVENT=rule-lapsing ASSENT_RULE=alice-id
try ssh_as alice sudo -n /usr/bin/id -u
expect_rc 0 "on it the rule allows"
digest=$(policy_digest)
loadings() { journal ASSENT_EVENT=policy-loaded | wc -l; }
loaded=$(loadings)

step "midnight passes; an owner was locked, and the files are being edited"
on usermod -L carol
on usermod -L carol-adm
locked() { on grep -q '^carol-adm locked ' /run/assent/accounts; }
need "the lock is published" wait_for 10 locked
on sh -c 'echo "rules: [" >/etc/assent/policy.d/60-edited.yaml'
try ssh_as bob sudo -n /usr/bin/id -u
expect_rc 0 "the lock is not known yet"
on sh -c 'echo 86400 >/run/assent-shim/clock'
check "the agent looks" wait_for 90 journal_has ASSENT_EVENT=rule-lapsed ASSENT_RULE=bob-id ASSENT_LAPSE=owner
check "the other rule has lapsed by its date" \
    wait_for 5 journal_has ASSENT_EVENT=rule-lapsed ASSENT_RULE=alice-id ASSENT_LAPSE=date
check "carol is gone" journal_has ASSENT_EVENT=person-gone ASSENT_PERSON=carol
try ssh_as bob sudo -n /usr/bin/id -u
expect_refused "her rule counts no more"
check "the policy is the same" [ "$(policy_digest)" = "$digest" ]
check "and was not loaded again" [ "$(loadings)" = "$loaded" ]
try on assent status --json
check "edited files are not looked at" [ "$(jq '.policy.errors | length' <<<"$OUT")" = 0 ]
