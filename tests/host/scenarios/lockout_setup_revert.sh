#!/bin/bash
# A set-up that nobody confirms goes back by itself; the diff is shown first.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

policy <<X
rules:
  - id: alice-in
    owner: approvers
    who: { user: alice }
    what: { service: [sshd, sudo] }
    certified_until: 2099-12-31
    decision: allow
    duration: 10m
X
files() { on sh -c 'cat /etc/pam.d/* /etc/ssh/sshd_config /etc/ssh/sshd_config.d/* /etc/sudo.conf 2>/dev/null | sha256sum'; }
before=$(files)
reverted() { [ "$(files)" = "$before" ]; }

step "not confirmed"
try on assent setup enable sshd --yes --confirm-within 30s
expect_rc 0 "the gate at ssh is switched on for a trial"
expect_any '^\+.*pam_assent.so' "the exact change is shown"
check "it is in force" not reverted
try ssh_as bob true
expect_refused "bob, who has no rule, is out"
check "after the time it goes back by itself" wait_for 45 reverted
try ssh_as bob true
expect_rc 0 "and bob gets in again"

step "confirmed from a new login"
try on assent setup enable sshd --yes --confirm-within 30s
expect_rc 0 "switched on again"
try ssh_as alice sudo -n assent setup confirm
expect_rc 0 "confirmed from a login made since"
check "nothing is left that would take it back" not on systemctl is-active -q assent-setup-pending.timer
check "it stays" not reverted

step "switched off"
try on assent setup disable sshd --yes
expect_rc 0 "it can be switched off"
check "the files are as they were" reverted

step "a set-up that would lock people out"
on gpasswd -d testadmin assent-rescue
try on assent setup enable sshd --yes --confirm-within 0
expect_refused "is refused: nobody is in the rescue group"
expect_any 'assent-rescue' "with what to do"
check "and changes nothing" reverted
try on assent doctor
expect_refused "doctor finds it too"
