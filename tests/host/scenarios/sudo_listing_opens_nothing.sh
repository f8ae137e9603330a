#!/bin/bash
# Looking is not asking: sudo -l, -v, -k and commands that sudoers refuses open no request.
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

try ssh_as alice sudo -n -l
expect_out 'NOPASSWD' "sudo -l lists"
try ssh_as alice sudo -n -v
try ssh_as alice sudo -k
try ssh_as alice sudo -n -l /usr/bin/id
check "none of them has opened a request" [ -z "$(waiting)" ]

on sh -c "echo 'carol ALL=(root) NOPASSWD: /usr/bin/id' >/etc/sudoers.d/60-carol"
policy <<X
rules:
  - id: carol-anything
    owner: approvers
    who: { user: carol }
    what: { service: sudo }
    decision: escalate
    duration: 10m
    approval:
      stages: [ { from: [dave], need: 1, within: 10m } ]
      strength: local
X
try ssh_as carol sudo -n /usr/bin/whoami
expect_refused "a command that sudoers refuses does not run"
check "and has opened no request" [ -z "$(waiting)" ]
