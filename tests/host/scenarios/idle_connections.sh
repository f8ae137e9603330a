#!/bin/bash
# Ten thousand connections of one user to the public socket: others are answered and log in.
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
X
door sshd
put /tmp/idle 755 <<'X'
#!/usr/bin/perl
# Holds connections to the public socket, whether or not the other side still does.
use Socket;
$| = 1;
for my $i (1 .. $ARGV[0]) {
    socket(my $s, AF_UNIX, SOCK_STREAM, 0) or die "socket: $!";
    connect($s, sockaddr_un("/run/assent/io.assent")) or die "connect: $!";
    push @kept, $s;
}
print scalar(@kept), "\n";
sleep 120;
X
for job in 1 2 3 4 5 6 7 8 9 10; do
    start "idle$job" as bob sh -c 'ulimit -n 1100 2>/dev/null; exec /tmp/idle 1000'
done
all_held() {
    local job
    for job in 1 2 3 4 5 6 7 8 9 10; do grep -q '^1000$' "$WORK/idle$job.out" || return 1; done
}
need "bob holds 10,000 connections" wait_for 60 all_held
begun=$(now_ms)
try ssh_as carol id -un
expect_out '^carol$' "carol logs in"
check "at once ($(($(now_ms) - begun)) ms)" [ $(($(now_ms) - begun)) -lt 5000 ]
try ssh_as carol assent pending --mine
expect_rc 0 "and is answered"
try on assent status
expect_rc 0 "root is answered"
check "the agent holds few of them" \
    [ "$(on sh -c 'ls /proc/$(systemctl show -P MainPID assentd)/fd | wc -l')" -lt 200 ]
on pkill -KILL -u bob
for job in 1 2 3 4 5 6 7 8 9 10; do finish "idle$job" 10; done
try as bob assent pending --mine
expect_rc 0 "bob himself is answered again"
