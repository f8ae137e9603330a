#!/bin/bash
# The ledger's disk stalls: nobody is let in on a record that is not durable, and all is well when
# the disk is back. The stall is made in the agent's fdatasync (shim.c).
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
shim
try ssh_as alice sudo -n id -u
expect_rc 0 "sudo works before"
on touch /run/assent-shim/stall
begun=$(now_ms)
try ssh_as alice sudo -n /usr/bin/touch /tmp/ran
expect_refused "refused while the disk does not answer"
check "within the deadline" [ $(($(now_ms) - begun)) -lt 4500 ]
check "nothing ran" not on test -e /tmp/ran
try on assent status
expect_rc 0 "the agent itself answers meanwhile"
begun=$(now_ms)
ten() { [ $(($(now_ms) - begun)) -gt 10000 ]; }
wait_for 12 ten
on rm /run/assent-shim/stall
works() { ssh_as alice sudo -n id -u; }
check "sudo works again when the disk does" wait_for 5 works
check "the agent was not restarted for it" [ "$(on systemctl show -P NRestarts assentd)" = 0 ]
