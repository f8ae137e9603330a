#!/bin/bash
# A damaged ledger: the agent says so and does not start with an empty one.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

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
expect_rc 0 "sudo works before"
on systemctl stop assentd.socket assentd-gate.socket assentd.service
on sh -c 'cd /var/lib/assent && size=$(stat -c %s ledger.db) && dd if=/dev/urandom of=ledger.db bs=1 count=$((size - 100)) seek=100 conv=notrunc 2>/dev/null; rm -f ledger.db-wal ledger.db-shm; md5sum ledger.db >/tmp/sum'
on systemctl start assentd-gate.socket assentd.socket
on timeout 10 systemctl start assentd.service
try ssh_as alice sudo -n /usr/bin/touch /tmp/ran
expect_refused "nothing opens"
check "nothing ran" not on test -e /tmp/ran
check "the damaged file is left as it is" on sh -c 'cd /var/lib/assent && md5sum -c --quiet /tmp/sum'
check "the journal says what is wrong" on sh -c 'journalctl -q -u assentd | grep -Eqi "ledger.*(malformed|corrupt|damage|not a database)"'
try ssh_as bob id -un
expect_rc 0 "other doors than the gated one are not touched"
