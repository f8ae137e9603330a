#!/bin/bash
# What the doors need is broken piece by piece: they stay shut.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

policy <<X
rules:
  - id: alice-all
    owner: approvers
    who: { user: alice }
    what: { service: sudo, command: any }
    certified_until: 2099-12-31
    decision: allow
    duration: 10m
X
door sudo
try ssh_as alice sudo -n id -u
expect_rc 0 "sudo works when nothing is broken"

shut() { # TEXT
    try ssh_as alice sudo -n /usr/bin/touch /tmp/ran
    expect_refused "$1: refused"
    check "$1: nothing ran" not on test -e /tmp/ran
}
# A server that says yes to everything, as far as it can know how.
put /tmp/impostor 755 <<'X'
#!/usr/bin/perl
use Socket;
my ($path, $answer) = @ARGV;
unlink $path;
socket(my $l, AF_UNIX, SOCK_SEQPACKET, 0) or die;
bind($l, sockaddr_un($path)) or die "bind: $!";
chmod 0666, $path;
listen($l, 10) or die;
while (accept(my $c, $l)) {
    recv($c, my $ask, 131072, 0);
    send($c, pack("H*", $answer), 0);
    close $c;
}
X
impostor() { # USER ANSWER
    on systemctl stop assentd.socket assentd-gate.socket assentd.service
    on sh -c "install -d -m 755 /run/assent; chown $1 /run/assent"
    start impostor as "$1" /tmp/impostor /run/assent/gate "$2"
    need "an impostor listens" wait_for 5 on test -S /run/assent/gate
    on chown root:root /run/assent
}
end_impostor() {
    on pkill -f /tmp/impostor
    on rm -f /run/assent/gate
    finish impostor 5
}

impostor bob "$(printf 00%.0s $(seq 64))"
shut "another user's socket at the gate's place"
end_impostor
impostor root 00
shut "an answer of one byte"
end_impostor
impostor root "$(printf 'ff%.0s' $(seq 200))"
shut "an answer of rubbish"
end_impostor

on systemctl start assentd-gate.socket assentd.socket assentd.service
on chmod 777 /run/assent
shut "a directory that everybody can write"
on chmod 755 /run/assent
try ssh_as alice sudo -n id -u
expect_rc 0 "mended, sudo works again"

put /etc/sudo.conf <<'X'
Plugin sudoers_policy sudoers.so
X
shut "the plugin's line taken out of sudo.conf"
