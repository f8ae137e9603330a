#!/bin/bash
# One ASSENT_CHAIN tells the whole story of a request, in order.
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

sudo_waits job alice '/usr/bin/id -u'
id=$(request_id 15)
need "a request is open" [ -n "$id" ]
try approve_as carol "$id"
finish job 15
expect_rc 0 "approved, it ran"

story() { journal ASSENT_CHAIN="$id" | jq -r .ASSENT_EVENT | tr '\n' ' '; }
has_used() { story | grep -q used; }
check "the use is in the chain" wait_for 5 has_used
events=$(story)
echo "events: $events"
check "in order: opened, asked, approved, granted, used" grep -Eq 'request-opened .*approval .*granted .*used' <<<"$events"
try journal ASSENT_CHAIN="$id"
line() { jq -r "select(.ASSENT_EVENT == \"$1\") | .$2 // empty" <<<"$OUT" | head -1; }
check "the request names its subject" [ "$(line request-opened ASSENT_SUBJECT)" = alice ]
check "its command" grep -q /usr/bin/id <<<"$(line request-opened ASSENT_COMMAND)"
check "its reason" [ "$(line request-opened ASSENT_REASON)" = "backup is due" ]
check "the approval names the approver" [ "$(line approval ASSENT_APPROVER)" = carol ]
check "and its strength" [ "$(line approval ASSENT_STRENGTH)" = local ]
check "the grant has an end" [ -n "$(line granted ASSENT_EXPIRES)" ]
check "each entry has a message id" [ "$(jq -r 'select(.MESSAGE_ID == null) | .MESSAGE' <<<"$OUT" | wc -l)" = 0 ]
check "and a catalog text" on sh -c "journalctl --no-pager -x -q _SYSTEMD_UNIT=assentd.service ASSENT_CHAIN=$id | grep -q 'Defined-By: Assent'"
