#!/bin/bash
# A client that goes away while its login waits: the request is withdrawn and nothing hangs.
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
    who: { user: [alice, bob] }
    what: { service: sshd }
    decision: escalate
    duration: 10m
    approval:
      stages: [ { from: approvers, need: 1, within: 10m } ]
      strength: local
X
door sshd sshd-interactive
on usermod -a -G assent-interactive alice
on systemctl restart ssh

put /tmp/login.exp <<'X'
set timeout 60
spawn ssh -i /home/alice/.ssh/id_ed25519 -o PreferredAuthentications=publickey,keyboard-interactive alice@127.0.0.1 id
expect -re {[Rr]eason} { send "soon gone\r" }
expect eof
X
start login on expect /tmp/login.exp
id=$(request_id 15)
need "a request is open while the login waits" [ -n "$id" ]
on pkill -KILL -x ssh
gone() { [ -z "$(waiting)" ]; }
check "2 s after the client is gone its request is withdrawn" wait_for 2 gone
check "the journal says so" wait_for 3 journal_has ASSENT_EVENT=request-withdrawn ASSENT_REQUEST="$id"
quiet() { not on pgrep -f 'sshd: alice'; }
check "no sshd process of that login is left" wait_for 3 quiet
finish login 10
