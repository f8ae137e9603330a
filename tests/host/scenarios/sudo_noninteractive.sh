#!/bin/bash
# sudo -n never waits for people: it is refused at once and says what to do.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

policy <<X
rules:
  - id: alice-anything
    owner: approvers
    who: { user: [alice, erin] }
    what: { service: sudo }
    decision: escalate
    duration: 10m
    approval:
      stages: [ { from: approvers, need: 1, within: 10m } ]
      strength: local
X
door sudo

begun=$(now_ms)
try ssh_as alice sudo -n /usr/bin/id -u
expect_refused "a command that needs a person is refused under -n"
check "at once" [ $(($(now_ms) - begun)) -lt 3000 ]
expect_clean_out "nothing on stdout"
expect_err 'assent|approv' "a line says what to do"

step "ask first, then run"
try ssh_as alice assent request --service sudo --run-as root --reason "nightly job" --json -- /usr/bin/id -u
id=$(waiting | tail -1)
need "assent request opens a request" [ -n "$id" ]
try approve_as carol "$id"
expect_rc 0 "carol approves"
try ssh_as alice sudo -n /usr/bin/id -u
expect_rc 0 "then sudo -n runs the command"
