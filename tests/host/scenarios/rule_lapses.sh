#!/bin/bash
# A rule that allows by itself does so while somebody vouches for it: then it asks its owner, who can
# certify it again from a login of their own; without a living owner it counts no more.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

yesterday=$(date -u -d '-1 day' +%F)
later=$(date -u -d '+100 days' +%F)
policy <<X
rules:
  - id: alice-id
    owner: dave
    certified_until: $yesterday
    who: { user: alice }
    what: { service: sudo, command: /usr/bin/id -u }
    decision: allow
    uses: 1 # what its owner agrees to is over with that
  - id: bob-is-dave
    owner: approvers
    certified_until: $later
    who: { user: bob }
    what: { service: sudo, run_as: dave }
    decision: allow
X
door sudo

step "it has lapsed"
check "the journal says so" wait_for 5 journal_has ASSENT_EVENT=rule-lapsed ASSENT_RULE=alice-id
try ssh_as dave assent status
expect_out "rule alice-id was certified up to $yesterday" "its owner sees it"
try ssh_as alice assent status
expect_out "1 rule has lapsed" "others see that there is one"
check "and not which" not matches "$OUT" alice-id
try ssh_as alice sudo -n /usr/bin/id -u
expect_refused "it does not allow any more"
expect_any "because the certificate of rule alice-id has run out" "and says why"
sudo_waits asking alice "/usr/bin/id -u"
id=$(request_id 15)
need "its owner is asked" [ -n "$id" ]
try ssh_as dave assent show "$id"
expect_out "Rule alice-id would allow this by itself, but it has lapsed" "who is told why"
try approve_as dave "$id"
expect_rc 0 "and agrees"
finish asking
expect_rc 0 "the command ran"
check "the decision is recorded with the reason" \
    journal_has ASSENT_EVENT=request-opened ASSENT_RULE=alice-id ASSENT_LAPSE=date

step "who may certify it"
recertify() { # SSH-USER...
    try "$@" assent policy recertify alice-id --until "$later" --reason "'still needed'"
}
recertify ssh_as alice
expect_rc 3 "not who it allows"
recertify ssh_as carol
expect_rc 3 "nor who owns other rules"
try as dave assent policy recertify alice-id --until "$later" --reason "no login"
expect_rc 3 "nor its owner's account without a login"
try ssh_as bob sudo -n -u dave assent policy recertify alice-id --until "$later" --reason "borrowed"
expect_rc 3 "nor by sudo to it"
expect_err "somebody else's login" "which is said"
check "nothing was certified" not journal_has ASSENT_EVENT=recertified
try ssh_as dave assent policy recertify alice-id --until "$later" --reason "still needed"
expect_rc 0 "its owner does"
try ssh_as alice sudo -n /usr/bin/id -u
expect_rc 0 "and it allows again"
check "recorded with who and why" \
    journal_has ASSENT_EVENT=recertified ASSENT_APPROVER=dave "ASSENT_REASON=still needed"
on systemctl restart assentd
try ssh_as alice sudo -n /usr/bin/id -u
expect_rc 0 "over a restart, too"
try on assent report recertification --json
check "the report has it" [ "$(jq -r '.[] | select(.id == "alice-id") | "\(.state) \(.source) \(.certificate.by)"' \
    <<<"$OUT")" = "certified ledger dave" ]
check "with its uses" [ "$(jq -r '.[] | select(.id == "alice-id") | .used.count' <<<"$OUT")" -ge 2 ]

step "its owner leaves"
on usermod -L -e 1 dave
locked() { on grep -q '^dave locked ' /run/assent/accounts; }
wait_for 10 locked
on systemctl reload assentd
check "that is told" wait_for 5 journal_has ASSENT_EVENT=rule-lapsed ASSENT_RULE=alice-id ASSENT_LAPSE=owner
check "of the person as well" journal_has ASSENT_EVENT=person-gone ASSENT_PERSON=dave
try ssh_as alice sudo -n /usr/bin/id -u
expect_refused "the rule counts no more"
expect_any "nobody who owns it is left" "and says why"
try on assent status
expect_out "rule alice-id counts no more: nobody of its owner dave is left \(dave is locked\)" \
    "status names rule and owner"
on usermod -U -e '' dave
unlocked() { not locked; }
wait_for 10 unlocked
on systemctl reload assentd
try ssh_as alice sudo -n /usr/bin/id -u
expect_rc 0 "until the owner is back"

step "the rule is changed"
policy <<X
rules:
  - id: alice-id
    owner: dave
    certified_until: $yesterday
    who: { user: [alice, erin] }
    what: { service: sudo, command: /usr/bin/id -u }
    decision: allow
    uses: 1 # what its owner agrees to is over with that
X
try ssh_as alice sudo -n /usr/bin/id -u
expect_refused "its certificate was for another rule"
