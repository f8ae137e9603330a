#!/bin/bash
# assent watch shows what happens, live, to those whose business it is.
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
      stages: [ { from: approvers, need: 1, within: 10m } ]
      strength: local
X
start carol ssh_as carol assent watch --json
start bob ssh_as bob assent watch --json
watching() { [ "$(on pgrep -c -x assent)" = 2 ]; }
need "two people watch" wait_for 5 watching
try ssh_as alice assent request --reason "look here" -- /usr/bin/id -u
id=$(request_id 5)
seen() { output_of carol | grep -q "request-opened.*$id\|$id.*request-opened"; }
check "the approver sees the request open" wait_for 3 seen
try approve_as carol "$id"
granted() { output_of carol | grep -q '"granted"'; }
check "and the grant" wait_for 3 granted
check "somebody else sees nothing of it" not grep -q "$id" "$WORK/bob.out"
