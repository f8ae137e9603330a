#!/bin/bash
# What acts without being a person is listed with its account, owner and last day: it is a service
# whatever its number, and gets nothing once that day is over or its owner is gone.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

yesterday=$(date -u -d '-1 day' +%F)
soon=$(date -u -d '+5 days' +%F)
later=$(date -u -d '+100 days' +%F)
renew() { # LAST-DAY
    policy <<X
identities:
  ci-deploy: { user: testadmin, owner: dave, purpose: Deploys the web tier, expires: $1 }
rules:
  - id: programs
    owner: approvers
    certified_until: $later
    who: { kind: service }
    what: { service: sudo, command: /usr/bin/id -u }
    decision: allow
    uses: 1
X
}
put /etc/sudoers.d/60-ci 440 <<X
testadmin ALL=(ALL:ALL) NOPASSWD: ALL
X
renew "$later"
door sudo

step "it is alive"
try ssh_as testadmin sudo -n /usr/bin/id -u
expect_rc 0 "its account has a number of people, and a rule for services lets it in"
try ssh_as alice sudo -n /usr/bin/id -u
expect_refused "people are none"
check "the record says what it is" journal_has ASSENT_EVENT=decided ASSENT_IDENTITY=ci-deploy \
    ASSENT_SUBJECT_KIND=service ASSENT_DECISION=allow
try ssh_as dave assent identities
expect_out "ci-deploy +service +testadmin +dave +active +$later +Deploys the web tier" "its owner sees it"
try ssh_as testadmin assent identities --json
check "it sees itself" [ "$(jq -r '.[] | "\(.name) \(.state)"' <<<"$OUT")" = "ci-deploy active" ]
try ssh_as carol assent identities
expect_out "no identity here that you may see" "others do not"

step "its last day comes near"
renew "$soon"
check "its owner is warned" wait_for 5 journal_has ASSENT_EVENT=identity-lapsing ASSENT_IDENTITY=ci-deploy
try ssh_as dave assent status
expect_out "identity ci-deploy ends on $soon" "and sees it in the status"
try on assent identities
expect_out "ends in 6 days" "the list says how long"

step "it has ended"
renew "$yesterday"
check "that is told" wait_for 5 \
    journal_has ASSENT_EVENT=identity-lapsed ASSENT_IDENTITY=ci-deploy ASSENT_LAPSE=date
try ssh_as testadmin sudo -n /usr/bin/id -u
expect_refused "it gets nothing"
expect_any "the identity ci-deploy ended on $yesterday" "is told why"
expect_any "Ask its owner, dave," "and what to do"
check "the record has who answers for it" journal_has ASSENT_EVENT=decided ASSENT_DECISION=deny \
    ASSENT_IDENTITY=ci-deploy ASSENT_OWNER=dave ASSENT_LAPSE=date
try on assent policy explain --user testadmin -- id -u
expect_out "Identity +ci-deploy: ended $yesterday" "explained"
try on assent report recertification
expect_out "identity ci-deploy +lapsed" "and reported"

step "it is renewed, and its owner leaves"
renew "$later"
try ssh_as testadmin sudo -n /usr/bin/id -u
expect_rc 0 "it works again"
on usermod -L -e 1 dave
locked() { on grep -q '^dave locked ' /run/assent/accounts; }
wait_for 10 locked
on systemctl reload assentd
check "that is told" wait_for 5 \
    journal_has ASSENT_EVENT=identity-lapsed ASSENT_IDENTITY=ci-deploy ASSENT_LAPSE=owner
try ssh_as testadmin sudo -n /usr/bin/id -u
expect_refused "it gets nothing"
expect_any "nobody answers for the identity ci-deploy any more: dave is gone" "and is told why"
try on assent identities
expect_out "no owner left" "the list says so"
