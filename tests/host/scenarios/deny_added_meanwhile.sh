#!/bin/bash
# A deny rule that comes into force while a grant lives wins at the next use.
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
try ssh_as alice assent request --service sudo --reason "a few times" -- /usr/bin/id -u
id=$(request_id 5)
need "a request is open" [ -n "$id" ]
try approve_as carol "$id"
try ssh_as alice sudo -n /usr/bin/id -u
expect_rc 0 "the grant opens the door"
policy <<X
rules:
  - id: freeze
    owner: approvers
    what: { service: sudo }
    decision: deny
    reason: Change freeze.
X
try ssh_as alice sudo -n /usr/bin/id -u
expect_refused "a deny rule added meanwhile wins"
expect_err 'Change freeze' "and says why"
