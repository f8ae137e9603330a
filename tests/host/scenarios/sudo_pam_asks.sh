#!/bin/bash
# sudo gated by PAM alone asks people in the auth phase, after the password and a typed reason;
# neither a cached timestamp nor NOPASSWD gets round what they said.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

policy <<X
rules:
  - id: people-in
    owner: approvers
    who: { user: [alice, carol, dave] }
    what: { service: sshd }
    certified_until: 2099-12-31
    decision: allow
  - id: alice-asks
    owner: approvers
    who: { user: alice }
    what: { service: sudo }
    decision: escalate
    duration: 10m
    approval:
      stages: [ { from: approvers, need: 1, within: 10m } ]
      strength: local
X
# Without the plugin, as an administrator would write it by hand.
on sed -i -e '0,/^@include common-auth/s//&\nauth required pam_assent.so wait=60s/' \
    -e '0,/^@include common-account/s//account required pam_assent.so\n&/' /etc/pam.d/sudo
on sh -c 'echo "Defaults:alice timestamp_type=global
alice ALL=(ALL) PASSWD: ALL" >/etc/sudoers.d/90-alice'

step "asked, approved, run"
sudo_waits job alice '/usr/bin/touch /tmp/ran'
id=$(request_id 15)
need "a request is open after the password and the reason" [ -n "$id" ]
try ssh_as carol assent show "$id"
expect_out 'anything' "the approver reads that it opens anything sudoers allows"
expect_out 'any number of times' "and that uses are not counted"
try approve_as carol "$id"
expect_rc 0 "carol approves"
finish job 20
expect_rc 0 "and the command runs"
check "it did" on test -e /tmp/ran
check "the use is recorded" wait_for 3 journal_has ASSENT_EVENT=used ASSENT_REQUEST="$id"

step "a cached timestamp"
try ssh_as alice sudo -n /usr/bin/id -u
expect_rc 0 "within the grant the cached timestamp is enough"
grant=$(on assent grants --all --json | jq -r '.[0].id')
need "there is one grant" [ -n "$grant" ]
try on assent revoke "$grant" --reason over
expect_rc 0 "root revokes it"
try ssh_as alice sudo -n /usr/bin/id -u
expect_refused "the cached timestamp does not get round that"

step "NOPASSWD"
on sh -c 'echo "alice ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/90-alice'
try ssh_as alice sudo -n /usr/bin/id -u
expect_refused "nor does NOPASSWD"
check "and no request was opened by it" [ -z "$(waiting)" ]
