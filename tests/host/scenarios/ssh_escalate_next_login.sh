#!/bin/bash
# A login that needs a person: answered at once with the request's id, and the next login from
# the same source goes in once somebody has approved.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

policy <<X
rules:
  - id: people-in
    owner: approvers
    who: { user: [carol, dave] }
    what: { service: sshd }
    certified_until: 2099-12-31
    decision: allow
    duration: 10m
  - id: alice-asks
    owner: approvers
    who: { user: alice }
    what: { service: sshd }
    decision: escalate
    duration: 10m
    approval:
      stages: [ { from: approvers, need: 1, within: 10m } ]
      strength: local
X
door sshd

step "the first login opens a request"
begun=$(now_ms)
try ssh_as alice id -un
expect_refused "it does not go in yet"
check "the answer comes at once" [ $(($(now_ms) - begun)) -lt 2000 ]
need "a request is open" has_waiting
id=$(waiting | tail -1)
expect_err "$id" "the answer names the request"
expect_err 'carol|dave|approvers' "and who is asked"

step "the same login again joins it"
try ssh_as alice id -un
expect_err "$id" "a second try names the same request"
check "there is one request only" [ "$(waiting | wc -l)" = 1 ]

step "somebody approves"
try approve_as carol "$id"
expect_rc 0 "carol approves in a login of her own"
try ssh_as alice id -un
expect_rc 0 "the next login goes in"
expect_out '^alice$' "as alice"

step "the grant is bound to the key that was used"
on ssh-keygen -q -t ed25519 -N '' -f /root/other
on sh -c 'cat /root/other.pub >>/home/alice/.ssh/authorized_keys'
try on ssh -o BatchMode=yes -o IdentitiesOnly=yes -i /root/other alice@127.0.0.1 id -un
expect_refused "another key of alice's does not ride on it"
expect_any 'for a login with another key' "which is said"
try ssh_as alice id -un
expect_rc 0 "hers goes in again"

step "the grant is bound to the source"
SSH_OPTIONS=(-b 127.0.0.9)
try ssh_as alice id -un
expect_refused "another source does not ride on it"
