#!/bin/bash
# A sudo command that needs a person: asks for the reason, waits, and runs once approved; the
# grant opens that very command only.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

policy <<X
rules:
  - id: asks
    owner: approvers
    who: { user: [alice, erin] }
    what: { service: sudo }
    decision: escalate
    duration: 10m
    approval:
      stages: [ { from: approvers, need: 1, within: 10m } ]
      strength: local
X
door sudo

sudo_waits job alice '/usr/bin/id -u'
id=$(request_id 15)
need "a request is open while sudo waits" [ -n "$id" ]
shown() { output_of job | grep -q "$id"; }
check "the person at sudo sees its id while waiting" wait_for 5 shown
check "and who is asked" sh -c "grep -Eq 'carol|dave|approvers' $WORK/job.out"
try ssh_as carol assent show "$id"
expect_out '/usr/bin/id' "the approver sees the command"
expect_out 'backup is due' "and the reason"
check "the command has not run yet" not ended job
try approve_as carol "$id"
expect_rc 0 "carol approves"
finish job 15
expect_rc 0 "the command runs"

step "the grant is for this command only"
try ssh_as alice sudo -n /usr/bin/id -u
expect_rc 0 "the same command again runs without asking"
try ssh_as alice sudo -n id -u
expect_rc 0 "also by its short name"
try ssh_as alice sudo -n /bin/id -u
expect_rc 0 "and through /bin, which is a link"
try ssh_as alice sudo -n /usr/bin/id -g
expect_refused "another argument does not"
try ssh_as alice sudo -n -u bob /usr/bin/id -u
expect_refused "another account does not"
try ssh_as alice 'cd /tmp && sudo -n /usr/bin/id -u'
expect_refused "another directory does not"
try ssh_as erin assent grants --all
expect_refused "somebody else cannot list every grant"

step "asked ahead by one name of the command, run by others"
try ssh_as alice assent request --service sudo --reason "to see" --json -- /bin/id -G
id=$(waiting | tail -1)
need "assent request opens a request" [ -n "$id" ]
try ssh_as carol assent show "$id"
expect_out '/usr/bin/id' "it is for the resolved path"
try approve_as carol "$id"
expect_rc 0 "carol approves"
try ssh_as alice sudo -n id -G
expect_rc 0 "the short name runs"
try ssh_as alice sudo -n /bin/id -G
expect_rc 0 "and so does the one that was asked for"
