#!/bin/bash
# A grant for one use is one use, however many come at once.
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
    uses: 1
    approval:
      stages: [ { from: approvers, need: 1, within: 10m } ]
      strength: local
X
door sudo
try ssh_as alice assent request --service sudo --reason "one of them" -- /usr/bin/tee -a /tmp/ran
id=$(request_id 5)
need "a request is open" [ -n "$id" ]
try approve_as carol "$id"
expect_rc 0 "carol approves one use"

step "100 sudo at once"
put /tmp/many 755 <<'X'
#!/bin/sh
for i in $(seq 100); do
    (echo "$i" | sudo -n /usr/bin/tee -a /tmp/ran >/dev/null 2>&1) &
done
wait
X
try ssh_as alice /tmp/many
check "exactly one of them ran" [ "$(on cat /tmp/ran | wc -l)" = 1 ]
try on assent grants --all --json
check "the grant is not active any more" [ "$(jq '[.[] | select(.state == "active")] | length' <<<"$OUT")" = 0 ]
check "one use is in the journal" [ "$(journal ASSENT_EVENT=used ASSENT_SUBJECT=alice | wc -l)" = 1 ]
