#!/bin/bash
# The agent runs as its own user, without capabilities, under a hardened unit.
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
