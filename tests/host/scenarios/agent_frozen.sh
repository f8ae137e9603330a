#!/bin/bash
# The agent is frozen (SIGSTOP): each call ends within 1.1 times the deadline, people are refused with
# a clear line, the rescue group gets in and is reported afterwards.
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
# The watchdog would end the state that is to be tested.
put /etc/systemd/system/assentd.service.d/watchdog.conf <<X
[Service]
WatchdogSec=0
X
on systemctl daemon-reload
on systemctl restart assentd
try ssh_as alice true
usual=$(now_ms)
ssh_as alice true
usual=$(($(now_ms) - usual))

signal_agent STOP
begun=$(now_ms)
try ssh_as alice id -un
took=$(($(now_ms) - begun))
expect_refused "a login is refused while the agent is frozen"
expect_err '[Aa]ssent|agent' "with a line that says why"
check "within 1.1 x deadline and the time a login takes ($took ms, usually $usual ms)" [ $took -lt $((3300 + usual + 300)) ]
try ssh_as testadmin id -un
expect_out '^testadmin$' "the rescue group gets in"

signal_agent CONT
try ssh_as alice id -un
expect_rc 0 "thawed, logins work"
check "the rescue login is reported" wait_for 10 journal_has ASSENT_EVENT=rescue-used ASSENT_SUBJECT=testadmin
