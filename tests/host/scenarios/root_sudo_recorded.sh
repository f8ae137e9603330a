#!/bin/bash
# Root's own sudo and su are not an elevation: never refused, always recorded.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

policy <<X
rules:
  - id: nobody-else
    owner: approvers
    what: { service: [sudo, su] }
    decision: deny
    reason: Not on this host.
X
door sudo su
try on sudo -n id -u
expect_rc 0 "root's sudo runs against a deny rule"
check "and is recorded" journal_has ASSENT_SERVICE=sudo ASSENT_SUBJECT_UID=0
try on su -l alice -c 'id -un'
expect_out '^alice$' "root's su runs"
check "and is recorded" journal_has ASSENT_SERVICE=su ASSENT_SUBJECT_UID=0
