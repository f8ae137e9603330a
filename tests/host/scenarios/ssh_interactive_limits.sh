#!/bin/bash
# One waiting login a person, four a host; whoever comes beyond that gets the id at once and leaves
# the way in to others free.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

policy <<X
rules:
  - id: asks
    owner: approvers
    who: { user: [alice, bob, dave, erin, carol-adm, testadmin] }
    what: { service: sshd }
    decision: escalate
    duration: 10m
    approval:
      stages: [ { from: [carol], need: 1, within: 10m } ]
      strength: local
  - id: in
    owner: approvers
    who: { user: carol }
    what: { service: sshd }
    certified_until: 2099-12-31
    decision: allow
    duration: 10m
X
door sshd sshd-interactive
for user in alice bob dave erin testadmin; do on usermod -a -G assent-interactive $user; done
on systemctl restart ssh
put /tmp/login.exp <<'X'
set timeout 60
set user [lindex $argv 0]
spawn ssh -i /home/$user/.ssh/id_ed25519 -o PreferredAuthentications=publickey,keyboard-interactive $user@127.0.0.1 id
expect -re {[Rr]eason} { send "to look\r" }
expect eof
X
open_are() { [ "$(waiting | wc -l)" = "$1" ]; }

start first on expect /tmp/login.exp alice
need "alice's login waits" wait_for 15 open_are 1
try on expect /tmp/login.exp alice
expect_out '[0-9A-Z]{4}-[0-9A-Z]{4}' "a second one of hers gets the id"
check "and has not stayed to wait" [ "$RC" != none ]
check "while the first still waits" not ended first

number=1
for user in bob dave erin; do
    start $user on expect /tmp/login.exp $user
    number=$((number + 1))
    need "$user's login waits" wait_for 15 open_are $number
done
begun=$(now_ms)
try on expect /tmp/login.exp testadmin
check "the fifth person's login does not wait" [ $(($(now_ms) - begun)) -lt 5000 ]
check "four still wait" not ended erin
try ssh_as carol id -un
expect_rc 0 "others get in meanwhile"
on pkill -KILL -x ssh
for job in first bob dave erin; do finish $job 10; done
