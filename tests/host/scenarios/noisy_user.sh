#!/bin/bash
# One user's noise is not another's lock-out: a sudo loop, idle connections, a flood of requests.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

policy <<X
rules:
  - id: in
    owner: approvers
    who: { user: [alice, carol] }
    what: { service: sshd }
    certified_until: 2099-12-31
    decision: allow
    duration: 10m
  - id: asks
    owner: approvers
    who: { user: alice }
    what: { service: sudo }
    decision: escalate
    duration: 10m
    approval:
      stages: [ { from: approvers, need: 1, within: 10m } ]
      strength: local
X
door sshd sudo
put /tmp/idle 755 <<'X'
#!/usr/bin/perl
# Opens connections to the public socket and keeps them.
use Socket;
for my $i (1 .. $ARGV[0]) {
    socket(my $s, AF_UNIX, SOCK_STREAM, 0) or last;
    connect($s, sockaddr_un("/run/assent/io.assent")) or last;
    push @kept, $s;
}
sleep 60;
X
put /tmp/noise 755 <<'X'
#!/bin/sh
for i in 1 2 3 4 5 6 7 8 9 10; do /tmp/idle 1000 & done
while :; do sudo -n /usr/bin/id -u >/dev/null 2>&1; done &
n=0
while :; do n=$((n + 1)); assent request --reason flood -- /usr/bin/id "$n" >/dev/null 2>&1; done &
wait
X
start noise as alice /tmp/noise
busy() { [ "$(on pgrep -c -u alice -f /tmp/idle)" -ge 10 ]; }
need "the noise is there" wait_for 10 busy
slowest=0
for i in 1 2 3 4 5; do
    begun=$(now_ms)
    try ssh_as carol id -un
    took=$(($(now_ms) - begun))
    if [ $took -gt $slowest ]; then slowest=$took; fi
    expect_out '^carol$' "carol gets in meanwhile ($i)"
done
check "and is not kept waiting (slowest login $slowest ms)" [ $slowest -lt 3000 ]
try on assent status
expect_rc 0 "root is answered meanwhile"
check "alice has no more requests than her share" [ "$(waiting | wc -l)" -lt 100 ]
on pkill -KILL -u alice
finish noise 10
check "the agent was not restarted" [ "$(on systemctl show -P NRestarts assentd)" = 0 ]
