#!/bin/bash
# A command that others than root can write, somewhere along its path, is refused unless a rule says
# otherwise.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

policy <<X
rules:
  - id: alice-all
    owner: approvers
    who: { user: alice }
    what: { service: sudo }
    certified_until: 2099-12-31
    decision: allow
    duration: 10m
X
door sudo
on sh -c 'install -d -o bob /srv/bobs; install -m 755 /usr/bin/id /srv/bobs/tool
    install -d /srv/ours; install -m 757 /usr/bin/id /srv/ours/open; install -m 755 /usr/bin/id /srv/ours/shut'

try ssh_as alice sudo -n /srv/ours/shut -u
expect_rc 0 "a command only root can write runs"
try ssh_as alice sudo -n /srv/ours/open -u
expect_refused "one that everybody can write does not"
expect_err 'writ' "and the reason says so"
try ssh_as alice sudo -n /srv/bobs/tool -u
expect_refused "nor one in a directory of somebody else's"
