#!/bin/bash
# The ledger's disk is full: refused in clear words, nothing lost, and it recovers by itself.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

on systemctl stop assentd.socket assentd-gate.socket assentd.service
on sh -c 'install -d -o assent -g assent -m 700 /var/lib/assent && mount -t tmpfs -o size=200m,mode=700,uid=$(id -u assent),gid=$(id -g assent) ledger /var/lib/assent'
on systemctl start assentd-gate.socket assentd.socket assentd.service
policy <<X
rules:
  - id: alice-in
    owner: approvers
    who: { user: [alice, carol] }
    what: { service: [sshd, sudo] }
    certified_until: 2099-12-31
    decision: allow
    duration: 10m
X

door sudo
try ssh_as alice sudo -n id -u
expect_rc 0 "sudo works while there is room"
on sh -c 'dd if=/dev/zero of=/var/lib/assent/filler bs=64k 2>/dev/null; dd if=/dev/zero of=/var/lib/assent/filler2 bs=512 2>/dev/null; df /var/lib/assent'

for i in $(seq 60); do
    ssh_as alice sudo -n /usr/bin/id -u "$i" || break
done
try ssh_as alice sudo -n /usr/bin/touch /tmp/ran
expect_refused "with the disk full a command is refused"
expect_err 'full|space|record|ledger' "in words that say so"
check "nothing ran" not on test -e /tmp/ran
check "the agent is still there" agent_active
on rm -f /var/lib/assent/filler /var/lib/assent/filler2
works() { ssh_as alice sudo -n id -u; }
check "with room again it works again, by itself" wait_for 10 works
try on assent status
expect_rc 0 "and the agent is well"
