#!/bin/bash
# sudo with the agent away: refused with a clear line, quickly, whatever is missing.
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
try ssh_as alice sudo -n id -u
expect_rc 0 "sudo works while the agent is there"

refused() { # TEXT
    local begun
    begun=$(now_ms)
    try ssh_as alice 'sudo -n /usr/bin/touch /tmp/ran'
    expect_refused "$1: refused"
    check "$1: nothing ran" not on test -e /tmp/ran
    check "$1: said in words" matches "$ERR" '[Aa]ssent|agent'
    check "$1: within the deadline" [ $(($(now_ms) - begun)) -lt 4500 ]
}

on systemctl stop assentd.socket assentd-gate.socket assentd.service
refused "agent and sockets stopped"

on systemctl start assentd.socket assentd-gate.socket assentd.service
try ssh_as alice sudo -n id -u
expect_rc 0 "back again, sudo works"

on systemctl kill -s STOP --kill-whom=main assentd.service
refused "agent frozen"
on systemctl kill -s CONT --kill-whom=main assentd.service

step "the plugin file cannot be loaded"
on chmod 000 /usr/libexec/sudo/assent_sudo.so
on mv /usr/libexec/sudo/assent_sudo.so /usr/libexec/sudo/gone.so
try ssh_as alice 'sudo -n /usr/bin/touch /tmp/ran'
expect_refused "plugin missing: refused"
check "plugin missing: nothing ran" not on test -e /tmp/ran
