#!/bin/bash
# Two people must agree: distinct people, whoever says it twice.
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
      stages: [ { from: [bob, carol, dave], need: 2, within: 10m } ]
      strength: local
X
door sudo

sudo_waits job alice '/usr/bin/id -u'
id=$(request_id 15)
need "a request is open" [ -n "$id" ]
try approve_as carol "$id"
expect_rc 0 "carol approves"
try approve_as carol "$id"
check "it still waits after she approved twice" [ "$(waiting)" = "$id" ]
SSH_OPTIONS=()
try ssh_as carol-adm assent approve "$id"
check "and after she approved under her second account" [ "$(waiting)" = "$id" ]
check "sudo still waits" not ended job
try approve_as dave "$id"
expect_rc 0 "dave approves"
finish job 15
expect_rc 0 "two people are enough: the command runs"
try on assent show "$id" --json
check "both stand in the request" [ "$(jq -r '[.. | objects | select(has("approver")) | .approver] | unique | join(" ")' <<<"$OUT")" = "carol dave" ]
