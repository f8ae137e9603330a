#!/bin/bash
# su and su -l are gated by who really asks, not by the account that is wanted.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

policy <<X
rules:
  - id: erin-su
    owner: approvers
    who: { user: erin }
    what: { service: su }
    certified_until: 2099-12-31
    decision: allow
    duration: 10m
  - id: bob-never
    owner: approvers
    who: { user: bob }
    what: { service: su }
    decision: deny
    reason: Use sudo.
X
door su
put /tmp/su.exp <<'X'
set timeout 20
lassign $argv user password command
spawn ssh -tt -i /home/$user/.ssh/id_ed25519 $user@127.0.0.1 $command
expect {
    -re {assword:} { send "$password\r"; exp_continue }
    -re {is-dave} { exit 0 }
    -re {[Ff]ailure|[Dd]enied|refused} { exp_continue }
    eof { exit 1 }
    timeout { exit 5 }
}
X
try on expect /tmp/su.exp erin dave 'su dave -c "echo is-$(id -un dave)"'
expect_rc 0 "su goes through where a rule allows it"
try on expect /tmp/su.exp erin dave 'su -l dave -c "echo is-$(id -un)"'
try on expect /tmp/su.exp bob dave 'su dave -c "echo is-$(id -un dave)"'
expect_rc 1 "su is refused where a rule denies it, with the right password"
expect_out 'Use sudo' "with the reason"
try on expect /tmp/su.exp bob dave 'su -l dave -c "echo is-$(id -un dave)"'
expect_rc 1 "su -l too"
try on expect /tmp/su.exp carol dave 'su dave -c "echo is-$(id -un dave)"'
expect_rc 1 "and where no rule speaks"
try on su dave -c 'id -un'
expect_rc 0 "root's su is not gated"
check "the subject in the journal is who asked" journal_has ASSENT_SERVICE=su ASSENT_SUBJECT=erin
