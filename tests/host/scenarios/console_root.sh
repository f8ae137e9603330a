#!/bin/bash
# Root on the console is let in whatever the agent says; the same through a pseudo-terminal is not
# the console.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

on sed -i '0,/^@include common-account/s//account required pam_assent.so\n&/' /etc/pam.d/login
on mknod -m 620 /dev/tty1 c 4 1
policy <<X
rules:
  - id: nobody
    owner: approvers
    what: { service: login }
    decision: deny
    reason: Nobody logs in here.
X
console() { on sh -c "pamtester -I tty=/dev/tty1 login $1 acct_mgmt </dev/tty1"; }
terminal() { on script -qec "pamtester -I tty=/dev/tty1 login $1 acct_mgmt" /dev/null; }

try console root
expect_rc 0 "root on the console is let in against a deny rule"
check "and it is recorded" wait_for 5 journal_has ASSENT_SERVICE=login ASSENT_SUBJECT=root
try terminal root
expect_refused "a pseudo-terminal that says it is the console is not"
try console alice
expect_refused "other people are decided by policy there"

on systemctl stop assentd.socket assentd-gate.socket assentd.service
try console root
expect_rc 0 "with the agent stopped root gets in"
on systemctl start assentd.socket assentd-gate.socket assentd.service
signal_agent STOP
try console root
expect_rc 0 "with the agent frozen root gets in"
signal_agent CONT
check "that is reported afterwards" wait_for 10 journal_has ASSENT_EVENT=rescue-used ASSENT_SUBJECT=root
