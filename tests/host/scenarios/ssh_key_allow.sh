#!/bin/bash
# A login that a rule allows goes in at once, by key alone, and leaves its chain in the journal.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

policy <<X
rules:
  - id: alice-in
    owner: approvers
    who: { user: alice }
    what: { service: sshd }
    certified_until: 2099-12-31
    decision: allow
    duration: 10m
X
door sshd

try ssh_as alice id -un
expect_rc 0 "a login that a rule allows goes in"
check "nothing but the command's output is on stdout" [ "$OUT" = alice ]
check "the decision is in the journal" journal_has ASSENT_EVENT=decided ASSENT_SUBJECT=alice ASSENT_DECISION=allow
check "with its rule" journal_has ASSENT_SUBJECT=alice ASSENT_RULE=alice-in
check "and the session it became" wait_for 3 journal_has ASSENT_EVENT=session-opened ASSENT_SUBJECT=alice
check "and its end" wait_for 3 journal_has ASSENT_EVENT=session-ended ASSENT_SUBJECT=alice

try ssh_as bob id -un
expect_refused "nobody else does: no rule means no"
try on ssh -o BatchMode=yes root@127.0.0.1 id -un
echo "root by key: rc $RC"
