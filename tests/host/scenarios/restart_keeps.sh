#!/bin/bash
# Restart, reload and kill -9 keep requests and grants.
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
      keep: true
      stages: [ { from: approvers, need: 1, within: 10m } ]
      strength: local
X
door sudo
try ssh_as alice assent request --service sudo --reason "first" -- /usr/bin/id -u
first=$(request_id 5)
need "a request is open" [ -n "$first" ]
try approve_as carol "$first"
expect_rc 0 "and approved"
try ssh_as erin assent request --service sudo --reason "second" -- /usr/bin/id -u
second=$(request_id 5)
need "another one is open" [ -n "$second" ]

for how in "reload" "restart" "kill -s KILL --kill-whom=main"; do
    # shellcheck disable=SC2086
    on systemctl $how assentd.service
    wait_for 5 agent_active
    answers() { on assent status; }
    check "$how: the agent answers" wait_for 5 answers
    try ssh_as alice sudo -n /usr/bin/id -u
    expect_rc 0 "$how: the grant still opens"
    check "$how: the request still waits" [ "$(waiting)" = "$second" ]
done
try approve_as dave "$second"
expect_rc 0 "and can be approved"
