#!/bin/bash
# One user's loop of sudo, four at a time and each for another command, while others log in and
# root's console works.
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
door sshd sudo
put /tmp/loop 755 <<'X'
#!/bin/sh
for job in 1 2 3 4; do
    (n=0; while :; do n=$((n + 1)); sudo -n /usr/bin/id "$job-$n" >/dev/null 2>>/tmp/loop.err; done) &
done
wait
X
refused() { [ "$(on sh -c 'cat /tmp/loop.err 2>/dev/null | wc -l')" -ge "$1" ]; }

start loop as alice /tmp/loop
need "the loop is refused again and again" wait_for 30 refused 100
fastest=99999
for i in 1 2 3 4 5; do
    begun=$(now_ms)
    try ssh_as carol id -un
    took=$(($(now_ms) - begun))
    if [ $took -lt $fastest ]; then fastest=$took; fi
    expect_out '^carol$' "carol logs in meanwhile ($i)"
done
check "within two seconds (fastest $fastest ms)" [ $fastest -lt 2000 ]
try on setsid -w script -qec 'sudo -n /usr/bin/id -u' /dev/null
expect_rc 0 "root's own sudo works on a terminal"
try on assent status --json
check "and the agent answers root" [ "$(jq -r .healthy <<<"$OUT")" = true ]
need "hundreds have been refused" wait_for 30 refused 200
check "they are no hundreds of records" \
    [ "$(journal ASSENT_EVENT=decided ASSENT_SUBJECT=alice ASSENT_SERVICE=sudo | wc -l)" -lt 150 ]
on pkill -KILL -u alice
finish loop 10
check "the agent was not restarted" [ "$(on systemctl show -P NRestarts assentd)" = 0 ]
