#!/bin/bash
# host: bare
# The private host is a host: what every other scenario stands on, without any part of Assent.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

step "ssh by key, and logind knows the session"
try ssh_as alice 'id -un; loginctl show-session "$XDG_SESSION_ID" -p Name -p Service'
expect_rc 0 "a user logs in by key"
expect_out '^alice$' "as herself"
expect_out 'Service=sshd' "in a session that logind knows"

step "sudo"
try ssh_as alice sudo -n id -un
expect_out '^root$' "sudo without a password where sudoers says so"
try ssh_as dave sudo -n id
expect_refused "sudo asks for a password otherwise"
# shellcheck disable=SC2016
try on sh -c 'printf "erin\n" | setpriv --reuid erin --regid erin --init-groups sudo -S -p "" id -un'
expect_out '^root$' "and takes it"

step "terminals, journal, units"
try tty_as bob tty
expect_out '^/dev/pts/' "ssh -tt gives a terminal"
try on logger -t marker hello-from-inside
check "journald keeps what is logged" wait_for 5 on sh -c 'journalctl -q -t marker | grep -q hello-from-inside'
try on systemd-run -q --pipe --wait -p DynamicUser=yes -p ProtectSystem=strict -p PrivateTmp=yes -p NoNewPrivileges=yes id -u
expect_rc 0 "a sandboxed unit runs"

step "nothing reaches the machine"
try on sysctl -w kernel.hostname=stolen
expect_refused "settings of the kernel are read-only"
try on awk '/CapBnd/ { print $2 }' /proc/self/status
check "nor may it set the clock (CAP_SYS_TIME)" [ $((0x$OUT >> 25 & 1)) = 0 ]
try on ls /sys/class/net
check "there is no network but lo" [ "$OUT" = lo ]
