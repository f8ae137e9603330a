#!/bin/bash
# Nobody approves what they ask for themselves: not directly, not through sudo or su, not under a
# second account of the same person.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

policy <<X
rules:
  - id: asks
    owner: approvers
    who: { user: [alice, carol-adm] }
    what: { service: sudo }
    decision: escalate
    duration: 10m
    approval:
      stages: [ { from: [alice, carol, dave], need: 1, within: 10m } ]
      strength: local
X
door sudo
on sh -c "echo 'alice ALL=(carol) NOPASSWD: ALL' >/etc/sudoers.d/60-alice"

step "one's own"
sudo_waits job alice '/usr/bin/id -u'
id=$(request_id 15)
need "a request is open" [ -n "$id" ]
try ssh_as alice assent approve "$id"
expect_rc 3 "the requester cannot approve it"
try ssh_as alice sudo -n -u carol assent approve "$id"
expect_refused "nor through sudo"
try on setpriv --reuid carol --regid carol --init-groups assent approve "$id"
expect_refused "carol's uid without carol's login does not count"
on loginctl enable-linger carol
runtime=/run/user/$(on id -u carol)
need "carol's user manager runs" wait_for 10 on test -S "$runtime/systemd/private"
put /tmp/approve 755 <<X
#!/bin/sh
assent approve $id >/tmp/approve.out 2>&1
echo "rc \$?" >>/tmp/approve.out
X
on setpriv --reuid carol --regid carol --init-groups env XDG_RUNTIME_DIR="$runtime" \
    systemd-run --user --quiet /tmp/approve
need "it runs" wait_for 10 on grep -qs '^rc' /tmp/approve.out
try on cat /tmp/approve.out
expect_out '^rc 3' "nor what is started in carol's user manager"
expect_out 'login of your own' "and it says why"
try on ssh -o BatchMode=yes root@127.0.0.1 "su carol -c 'assent approve $id'"
expect_refused "nor su from root's login"
try on assent approve "$id"
expect_refused "nor root"
try ssh_as bob assent approve "$id"
expect_rc 3 "somebody who is not asked cannot"
expect_err 'carol|dave' "and is told who is"
check "it still waits" [ "$(waiting)" = "$id" ]
try approve_as dave "$id"
expect_rc 0 "somebody else who is asked can"
finish job 15
expect_rc 0 "and the command runs"

step "the second account of the same person"
sudo_waits second carol-adm '/usr/bin/id -u'
id=$(request_id 15)
need "carol's second account has a request open" [ -n "$id" ]
try ssh_as carol assent approve "$id"
expect_rc 3 "carol cannot approve it as carol"
try approve_as dave "$id"
finish second 15
expect_rc 0 "dave can"
