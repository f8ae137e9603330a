#!/bin/bash
# The agent runs as its own user, without capabilities, under a hardened unit; what reads
# /etc/shadow for it is root, and can do little else.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

need "the agent runs" on systemctl start assentd
try on systemd-analyze security --no-pager assentd.service
score=$(sed -n 's/.*exposure level for assentd.service: *\([0-9.]*\).*/\1/p' <<<"$OUT" | tr -d .)
check "systemd-analyze security gives at most 1.5 ($score tenths)" [ "${score:-99}" -le 15 ]
try on sh -c 'pid=$(systemctl show -P MainPID assentd); cat /proc/$pid/status; ls -l /proc/$pid/fd | wc -l'
check "it runs as user assent" [ "$(awk '/^Uid:/ { print $2 }' <<<"$OUT")" = "$(on id -u assent)" ]
check "without any capability" [ "$(awk '/^Cap(Prm|Eff|Bnd|Amb)/ { print $2 }' <<<"$OUT" | sort -u)" = 0000000000000000 ]
expect_out 'NoNewPrivs:.1' "and can gain none"
expect_out 'Seccomp:.2' "with system calls filtered"
try on stat -c '%U:%G %a' /run/assent /run/assent/gate /run/assent/io.assent /var/lib/assent
check "the sockets and directories have the right owners" [ "$OUT" = $'root:root 755\nroot:root 600\nroot:root 666\nassent:assent 700' ]
try as alice perl -e 'use Socket; socket(S, AF_UNIX, SOCK_SEQPACKET, 0); connect(S, sockaddr_un("/run/assent/gate")) or die "$!"'
expect_err 'denied' "other users cannot reach the gate"
try as alice cat /var/lib/assent/ledger.db
expect_err 'denied' "nor read the ledger"

step "assent-accounts"
try on systemd-analyze security --no-pager assent-accounts.service
score=$(sed -n 's/.*exposure level for assent-accounts.service: *\([0-9.]*\).*/\1/p' <<<"$OUT" | tr -d .)
check "systemd-analyze security gives at most 1.5 ($score tenths)" [ "${score:-99}" -le 15 ]
# Its unit, with a shell in its place that says what it is and what it can.
put /etc/systemd/system/assent-accounts.service.d/probe.conf <<'X'
[Service]
ExecStartPre=
ExecStart=
ExecStart=/bin/true
ExecStartPre=/bin/sh -c 'grep -E "^(Cap|NoNew|Seccomp:)" /proc/self/status; \
    id -un; id -gn; touch /etc/x /var/x /root/x; touch /run/assent/probe && rm /run/assent/probe && echo wrote; true'
StandardOutput=file:/run/probe
X
on systemctl daemon-reload
try on systemctl restart assent-accounts
try on cat /run/probe
check "it runs as root with the capability to read" [ "$(awk '/^Cap(Prm|Eff|Bnd)/ { print $2 }' <<<"$OUT" | sort -u)" = 0000000000000004 ]
expect_out 'NoNewPrivs:.1' "and can gain none"
expect_out 'Seccomp:.2' "with system calls filtered"
expect_out '^wrote$' "it writes in /run/assent"
check "and nowhere else" not on sh -c 'ls /etc/x /var/x /root/x 2>/dev/null | grep .'
