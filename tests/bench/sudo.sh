#!/bin/bash
# `sudo -n true` on a private host, with the gate on at sudo (PAM line and plugin, allowed by a
# rule) beside the same host without us. Run by run.sh with HOST set and the ledger on a disk;
# prints the lines of bench_sudo.
#
#   sudo.sh BUILDDIR ROUNDS
set -eu
BUILD=$1 ROUNDS=$2
HERE=$(dirname "$(readlink -f "$0")")
TOOL=$HERE/../host

on() {
    "$TOOL/host.sh" exec "$HOST" "$@"
}

prepare() {
    "$TOOL/host.sh" copy "$HOST" "$BUILD/tests/bench/bench_sudo" /usr/local/bin/bench_sudo 755
    "$TOOL/host.sh" copy "$HOST" "$HERE/sudo.yaml" /etc/assent/policy.d/50-bench.yaml 644
    on cp -a /etc/sudo.conf /etc/pam.d/sudo /root/
    on systemctl start assentd.service
    on assent reload
    on assent setup enable sudo --yes --confirm-within 0
}

prepare >&2
on bench_sudo alice "$ROUNDS" /etc/sudo.conf=/root/sudo.conf /etc/pam.d/sudo=/root/sudo
