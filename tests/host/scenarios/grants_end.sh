#!/bin/bash
# A grant can be given back, taken back and used up; a request can be taken back.
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
door sudo

# Asks for the command and has it approved; GRANT is what came of it.
granted() {
    local id
    try ssh_as alice assent request --reason "to try" -- /usr/bin/id -u
    id=$(request_id 5)
    need "a request is open" [ -n "$id" ]
    try approve_as carol "$id"
    GRANT=$(on assent show "$id" --json | jq -r .grant)
    need "and granted" [ -n "$GRANT" ]
    try ssh_as alice sudo -n /usr/bin/id -u
    expect_rc 0 "the grant opens"
}
closed() {
    try ssh_as alice sudo -n /usr/bin/id -u
    expect_refused "$1: the door is shut"
}

granted
try ssh_as alice assent grants --json
check "the grant is in its owner's list" [ "$(jq -r '.[0].id' <<<"$OUT")" = "$GRANT" ]
try ssh_as bob assent revoke "$GRANT" --reason "not mine"
expect_refused "somebody without a say cannot revoke it"
try ssh_as dave assent revoke "$GRANT" --reason "the change is cancelled"
expect_rc 0 "one of those who could have approved can"
closed "revoked"
try ssh_as alice assent grants --ended --json
expect_out 'the change is cancelled' "its owner sees why"

granted
try ssh_as alice assent "done" "$GRANT"
expect_rc 0 "its owner gives it back"
closed "given back"

try ssh_as alice assent request --reason "to try" -- /usr/bin/id -u
id=$(request_id 5)
try ssh_as alice assent withdraw "$id"
expect_rc 0 "a request can be taken back"
try approve_as carol "$id"
expect_refused "and not approved any more"
closed "taken back"
for event in revoked completed request-withdrawn; do
    check "$event is in the journal" wait_for 3 journal_has ASSENT_EVENT=$event ASSENT_SUBJECT=alice
done
