#!/bin/bash
# Under the shipped unit the agent tells callers apart by uid (PrivateUsers= would not).
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

policy <<X
rules:
  - id: asks
    owner: approvers
    who: { user: [alice, bob] }
    what: { service: sudo }
    decision: escalate
    duration: 10m
    approval:
      stages: [ { from: approvers, need: 1, within: 10m } ]
      strength: local
X
try ssh_as alice assent request --service sudo --reason "mine" -- /usr/bin/id -u
try ssh_as bob assent request --service sudo --reason "his" -- /usr/bin/id -u
for user in alice bob; do
    try ssh_as $user assent pending --mine --json
    check "$user sees one request" [ "$(jq length <<<"$OUT")" = 1 ]
    check "and it is $user's own" [ "$(jq -r '.[0].subject.name' <<<"$OUT")" = $user ]
done
id=$(jq -r '.[0].id' <<<"$OUT")
try ssh_as alice assent show "$id"
expect_refused "alice cannot look at bob's"
try ssh_as alice assent withdraw "$id"
expect_refused "nor withdraw it"
try ssh_as carol assent pending --json
check "the approver sees both" [ "$(jq '[.[] | select(.state == "waiting")] | length' <<<"$OUT")" = 2 ]
