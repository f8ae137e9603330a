#!/bin/bash
# The sockets bring the agent back: a stopped or crashing agent does not lock anybody out.
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

door sshd
on systemctl stop assentd.service 2>/dev/null
try ssh_as alice id -un
expect_rc 0 "a login starts the stopped agent"
for _ in $(seq 12); do
    on systemctl kill --kill-whom=main -s KILL assentd.service
    ssh_as alice true
done
try ssh_as alice id -un
expect_rc 0 "after a dozen crashes in a row logins still work"
check "no start limit was hit" agent_active
