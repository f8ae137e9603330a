#!/bin/bash
# A login that a rule denies is refused with the rule's own words.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

policy <<X
rules:
  - id: freeze
    owner: approvers
    who: { user: bob }
    what: { service: sshd }
    decision: deny
    reason: The quarter is being closed.
    instead: Ask carol after Friday.
  - id: others
    owner: approvers
    who: { user: alice }
    what: { service: sshd }
    certified_until: 2099-12-31
    decision: allow
    duration: 10m
X
door sshd

begun=$(now_ms)
try ssh_as bob id
expect_refused "a denied login is refused"
expect_err 'The quarter is being closed' "with the reason of the rule"
expect_err 'Ask carol after Friday' "and what to do instead"
expect_clean_out "and nothing on stdout"
check "at once" [ $(($(now_ms) - begun)) -lt 2000 ]
check "it is in the journal" journal_has ASSENT_SUBJECT=bob ASSENT_DECISION=deny ASSENT_RULE=freeze

try ssh_as carol id
expect_refused "without any rule it is refused too"
expect_err '[A-Za-z]{4,}.*[A-Za-z]{4,}' "with a line that says why"
try ssh_as alice id -un
expect_out '^alice$' "others still get in"
