#!/bin/bash
# The wall clock jumps by a day, either way: a grant lasts as long as it was given, not longer. A
# test host cannot set the clock it shares, so the agent's own view of it is moved (shim.c).
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

policy <<X
rules:
  - id: asks
    owner: approvers
    who: { user: alice }
    what: { service: sudo }
    decision: escalate
    duration: 8s
    approval:
      stages: [ { from: approvers, need: 1, within: 10m } ]
      strength: local
X
door sudo
shim

grant() {
    try ssh_as alice assent request --service sudo --reason "clock" -- /usr/bin/id -u
    id=$(request_id 5)
    need "a request is open" [ -n "$id" ]
    try approve_as carol "$id"
    granted=$(now_ms)
    try ssh_as alice sudo -n /usr/bin/id -u
    expect_rc 0 "$1: the grant opens the door"
}
past() { [ $(($(now_ms) - granted)) -gt 8300 ]; }

for jump in -86400 86400; do
    grant "before a jump of $jump s"
    on sh -c "echo $jump >/run/assent-shim/clock"
    try ssh_as alice sudo -n /usr/bin/id -u
    expect_rc 0 "jump of $jump s: the grant still lives"
    wait_for 15 past
    try ssh_as alice sudo -n /usr/bin/id -u
    expect_refused "jump of $jump s: it ends when its time has run"
    on rm -f /run/assent-shim/clock
done
