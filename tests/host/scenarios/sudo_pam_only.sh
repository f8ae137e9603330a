#!/bin/bash
# sudo gated by PAM alone: elevate, command unknown. NOPASSWD does not get round it.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

policy <<X
rules:
  - id: bob-elevates
    owner: approvers
    who: { user: bob }
    what: { service: sudo }
    certified_until: 2099-12-31
    decision: allow
    duration: 10m
X
# Without the plugin, as an administrator would write it by hand.
on sed -i '0,/^@include common-account/s//account required pam_assent.so\n&/' /etc/pam.d/sudo

try ssh_as bob sudo -n id -u
expect_rc 0 "who may elevate does"
check "with nothing of ours on stdout" [ "$OUT" = 0 ]
try tty_as bob sudo id -u
check "also on a terminal" matches "$OUT" '^0'
try ssh_as alice sudo -n id -u
expect_refused "NOPASSWD does not get round it"
expect_clean_out "the refusal is not on stdout"
try ssh_as alice sudo -n -l
check "sudo -l opens no request" [ -z "$(waiting)" ]
try on sudo -n id -u
expect_rc 0 "root's own sudo is not gated"
check "but recorded" journal_has ASSENT_SERVICE=sudo ASSENT_SUBJECT=root
