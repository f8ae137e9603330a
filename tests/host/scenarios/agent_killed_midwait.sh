#!/bin/bash
# kill -9 while people are asked: the command does not run unapproved, the request is not lost.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

policy <<X
rules:
  - id: asks
    owner: approvers
    who: { user: alice }
    what: { service: sudo }
    decision: escalate
    duration: 10m
    approval:
      keep: true
      stages: [ { from: approvers, need: 1, within: 10m } ]
      strength: local
X
door sudo
sudo_waits job alice '/usr/bin/touch /tmp/ran'
id=$(request_id 15)
need "a request is open" [ -n "$id" ]
signal_agent KILL
check "the agent is back by itself" wait_for 5 agent_active
check "it still knows the request" wait_for 5 sh -c "$LIB/host.sh exec $HOST assent show $id --json | grep -q '\"$id\"'"
check "the command has not run" not on test -e /tmp/ran
try approve_as carol "$id"
expect_rc 0 "it can still be approved"
finish job 20
echo "sudo itself ended with $RC"
try ssh_as alice sudo -n /usr/bin/touch /tmp/ran
expect_rc 0 "and what was approved opens"
