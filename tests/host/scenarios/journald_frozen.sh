#!/bin/bash
# journald is frozen, then restarted: doors go on working, and no record is missing afterwards.
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
on systemctl kill --kill-whom=main -s STOP systemd-journald.service
for i in 1 2 3 4 5; do
    begun=$(now_ms)
    try as alice sudo -n /usr/bin/true "frozen-$i"
    expect_rc 0 "sudo works with journald frozen ($i)"
    check "and does not wait for it ($i)" [ $(($(now_ms) - begun)) -lt 2000 ]
done
on systemctl kill --kill-whom=main -s CONT systemd-journald.service
on systemctl kill --kill-whom=main -s KILL systemd-journald.service
written() { journal ASSENT_EVENT=decided ASSENT_SUBJECT=alice | grep -o 'frozen-[0-9]' | sort -u | wc -l; }
all_written() { [ "$(written)" = 5 ]; }
check "every decision made meanwhile is in the journal" wait_for 15 all_written
try ssh_as alice sudo -n id -u
expect_rc 0 "sudo works after all that"
