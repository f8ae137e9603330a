#!/bin/bash
# A refusal ends the wait, and its reason reaches the person who asked.
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
sudo_waits job alice '/usr/bin/touch /tmp/ran'
id=$(request_id 15)
need "a request is open" [ -n "$id" ]
try ssh_as carol "assent deny $id --reason 'Not during the audit'"
expect_rc 0 "carol refuses"
finish job 10
expect_refused "sudo ends with an error"
expect_out 'Not during the audit' "the reason is on the requester's terminal"
expect_out 'carol' "and who refused"
check "the command did not run" not on test -e /tmp/ran
check "the journal has the refusal" journal_has ASSENT_EVENT=refusal ASSENT_REQUEST="$id" ASSENT_APPROVER=carol
try ssh_as dave assent approve "$id"
expect_refused "nobody can approve it afterwards"
