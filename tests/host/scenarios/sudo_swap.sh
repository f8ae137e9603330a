#!/bin/bash
# Approve, then swap the file: what was approved is the file that was there.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

policy <<X
rules:
  - id: asks
    owner: approvers
    who: { user: [alice] }
    what: { service: sudo }
    decision: escalate
    duration: 10m
    approval:
      stages: [ { from: approvers, need: 1, within: 10m } ]
      strength: local
X
door sudo
on install -d -m 755 /opt/tool
on install -m 755 /usr/bin/true /opt/tool/job

step "swapped while people look at it"
sudo_waits job alice /opt/tool/job
id=$(request_id 15)
need "a request is open" [ -n "$id" ]
on install -m 755 /usr/bin/id /opt/tool/job
try approve_as carol "$id"
if wait_for 3 ended job; then echo "sudo has ended"; fi
check "the new file has not run" not grep -q 'uid=' "$WORK/job.out"
on pkill -INT -x sudo
finish job 10

step "swapped after it ran once"
on install -m 755 /usr/bin/true /opt/tool/job
sudo_waits again alice /opt/tool/job
id=$(request_id 15) && approve_as carol "$id"
finish again 15
expect_rc 0 "the approved file runs"
try ssh_as alice sudo -n /opt/tool/job
expect_rc 0 "and runs again"
on install -m 755 /usr/bin/id /opt/tool/job
try ssh_as alice sudo -n /opt/tool/job
expect_refused "a file put in its place does not"
check "and was not run" not matches "$OUT" 'uid='
