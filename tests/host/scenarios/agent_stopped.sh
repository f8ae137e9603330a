#!/bin/bash
# The agent is stopped for good: logins are refused with a clear line, the rescue group gets in, and
# that is reported when the agent is back.
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
try ssh_as alice id -un
expect_rc 0 "a login works while the agent is there"
try ssh_as testadmin id -un
expect_refused "being in the rescue group opens nothing while the agent is there"

on systemctl stop assentd.socket assentd-gate.socket assentd.service
begun=$(now_ms)
try ssh_as alice id -un
expect_refused "without the agent logins are refused"
expect_err '[Aa]ssent|agent' "with a line that says why"
check "within the deadline" [ $(($(now_ms) - begun)) -lt 4500 ]
try ssh_as testadmin id -un
expect_out '^testadmin$' "the rescue group gets in"

on systemctl start assentd.socket assentd-gate.socket assentd.service
try ssh_as alice id -un
expect_rc 0 "back again, logins work"
check "the rescue login is reported" wait_for 5 journal_has ASSENT_EVENT=rescue-used ASSENT_SUBJECT=testadmin
check "and its spool file is gone" wait_for 5 sh -c "[ -z \"\$($LIB/host.sh exec $HOST ls /var/spool/assent)\" ]"
