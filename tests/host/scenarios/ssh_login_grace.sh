#!/bin/bash
# A login that waits longer than sshd's LoginGraceTime: sshd ends it, the module does not stand in
# the way, the request does not stay behind.
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
on sh -c 'echo "LoginGraceTime 4" >/etc/ssh/sshd_config.d/10-grace.conf'
on systemctl restart ssh

put /tmp/login.exp <<'X'
set timeout 40
spawn ssh -i /home/alice/.ssh/id_ed25519 -o PreferredAuthentications=publickey,keyboard-interactive alice@127.0.0.1 id
expect -re {[Rr]eason} { send "it will take long\r" }
expect eof
X
begun=$(now_ms)
start login on expect /tmp/login.exp
id=$(request_id 4)
need "a request is open while the login waits" [ -n "$id" ]
finish login 20
took=$(($(now_ms) - begun))
check "the login ends at LoginGraceTime, not at wait= ($took ms)" [ "$took" -lt 12000 ]
gone() { [ -z "$(waiting)" ]; }
check "its request is withdrawn" wait_for 3 gone
quiet() { not on pgrep -f 'sshd: alice'; }
check "no sshd process of that login is left" wait_for 3 quiet
