#!/bin/bash
# sudo with the plugin: decided on the resolved command, its arguments and the account.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

policy <<X
rules:
  - id: no-shells
    owner: approvers
    who: { user: alice }
    what: { service: sudo, command: "/usr/bin/bash *" }
    decision: deny
    reason: Root shells are not given on this host.
    instead: Name the command that you need.
  - id: alice-id
    owner: approvers
    who: { user: alice }
    what: { service: sudo, run_as: [root], command: "/usr/bin/id -u" }
    certified_until: 2099-12-31
    decision: allow
    duration: 10m
X
door sudo

try ssh_as alice sudo -n /usr/bin/id -u
expect_rc 0 "an allowed command runs"
check "and its output is all there is on stdout" [ "$OUT" = 0 ]
try ssh_as alice sudo -n id -u
expect_rc 0 "also by its short name: the resolved path counts"
try ssh_as alice sudo -n /bin/id -u
expect_rc 0 "also through /bin, which is a link to /usr/bin"
try ssh_as alice sudo -n id -g
expect_refused "other arguments are another command"
try ssh_as alice sudo -n -u bob id -u
expect_refused "so is another account to run as"
try ssh_as alice sudo -n LD_FOO=1 /usr/bin/id -u
expect_refused "a changed environment does not ride on the rule"
expect_err 'changed environment variables' "and that is said"
expect_err 'Run it without them' "with what to do"

try ssh_as alice sudo -n /usr/bin/bash -c 'touch /tmp/got-in'
expect_refused "a denied command is refused"
expect_err 'Root shells are not given' "with the rule's reason"
expect_err 'Name the command' "and what to do instead"
expect_clean_out "on stderr, not on stdout"
try ssh_as alice sudo -n /bin/bash -c 'touch /tmp/got-in'
expect_refused "also through /bin"
expect_err 'Root shells are not given' "by the same rule"
try tty_as alice sudo /usr/bin/bash -c 'touch /tmp/got-in'
expect_any 'Root shells are not given' "a terminal shows the reason too"
check "and the command did not run" not on test -e /tmp/got-in

check "the journal has the command that ran" journal_has ASSENT_SUBJECT=alice ASSENT_SERVICE=sudo ASSENT_DECISION=allow ASSENT_RULE=alice-id
check "and the one that did not" journal_has ASSENT_SUBJECT=alice ASSENT_DECISION=deny ASSENT_RULE=no-shells
