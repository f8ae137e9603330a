#!/bin/bash
# What a scenario is written with. A scenario is a script that sources this file and runs on the
# machine's side, with a fresh host of its own named in HOST:
#
#   on CMD...                run inside as root
#   as USER CMD...           run inside as USER, without a login session
#   ssh_as USER [CMD...]     log in over ssh with USER's key (SSH_OPTIONS: more ssh options)
#   tty_as USER CMD...       the same with a terminal, input from /dev/null
#
#   try CMD...               run it; OUT, ERR and RC hold what came of it
#   start JOB CMD...         run it in the background
#   finish JOB [SECS]        wait for it; OUT, ERR, RC
#
#   sudo_waits JOB USER CMD  in the background: sudo on a terminal, the reason typed when asked for;
#                            the job ends with sudo's status
#
#   step TEXT                say what comes next, in the log
#   check TEXT CMD...        one check: it passes when CMD does
#   expect_rc N TEXT         ... when the last try ended with N
#   expect_out RE TEXT       ... when OUT has a match (expect_err: ERR, expect_any: either)
#   expect_clean_out TEXT    ... when OUT is empty
#   wait_for SECS CMD...     poll CMD until it succeeds (false when it never did)
#   policy <<X               put a policy in force (its rules; people are given)
#   door NAME...             switch the gate on at these doors
#
# Checks print `ok SCENARIO: TEXT` or `not ok ...` on descriptor 3; everything else is log.
set -u
LIB=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
SCENARIO=$(basename "$0" .sh)
WORK=$(mktemp -d)
OUT='' ERR='' RC=0 FAILED=0 CHECKS=0
SSH_OPTIONS=()
: "${HOST:?run scenarios with run.sh}"
[ -e /proc/self/fd/3 ] || exec 3>&1
exec 2>&1

# ---- inside the host ---------------------------------------------------------------------

on() {
    "$LIB/host.sh" exec "$HOST" "$@"
}

as() {
    local user=$1
    shift
    on -u "$user" "$@"
}

# ssh joins its arguments to one shell command: several are quoted here, a single one is a
# command line as it stands.
quoted() {
    if [ $# -le 1 ]; then printf %s "$*"; else printf '%q ' "$@"; fi
}

ssh_as() {
    local user=$1
    shift
    on ssh -o BatchMode=yes -i "/home/$user/.ssh/id_ed25519" "${SSH_OPTIONS[@]}" \
        "$user@127.0.0.1" "$(quoted "$@")"
}

tty_as() {
    local user=$1
    shift
    on ssh -tt -o BatchMode=yes -i "/home/$user/.ssh/id_ed25519" "${SSH_OPTIONS[@]}" \
        "$user@127.0.0.1" "$(quoted "$@")"
}

# A file inside, from standard input.
put() {
    cat >"$WORK/put"
    "$LIB/host.sh" copy "$HOST" "$WORK/put" "$1" "${2:-644}"
}

# ---- running and looking -----------------------------------------------------------------

say_result() {
    echo "  rc $RC"
    printf '%s\n' "$OUT" | sed 's/^/  out: /'
    printf '%s\n' "$ERR" | sed 's/^/  err: /'
}

try() {
    echo "+ $*"
    RC=0
    "$@" >"$WORK/out" 2>"$WORK/err" </dev/null || RC=$?
    OUT=$(tr -d '\0' <"$WORK/out")
    ERR=$(tr -d '\0' <"$WORK/err")
    say_result
}

start() {
    local job=$1
    shift
    echo "+ [$job] $*"
    rm -f "$WORK/$job.rc"
    {
        rc=0
        "$@" >"$WORK/$job.out" 2>"$WORK/$job.err" </dev/null || rc=$?
        echo $rc >"$WORK/$job.rc.new"
        mv "$WORK/$job.rc.new" "$WORK/$job.rc"
    } &
}

ended() {
    [ -e "$WORK/$1.rc" ]
}

# Output of a job that may still be running.
output_of() {
    cat "$WORK/$1.out" "$WORK/$1.err"
}

finish() {
    echo "+ end of [$1]"
    if wait_for "${2:-20}" ended "$1"; then RC=$(cat "$WORK/$1.rc"); else RC=none; fi
    OUT=$(tr -d '\0' <"$WORK/$1.out")
    ERR=$(tr -d '\0' <"$WORK/$1.err")
    say_result
}

# Typing is expect's: the words go in only after the prompt is there.
sudo_waits() {
    local job=$1 user=$2
    put /tmp/sudo-waits <<'X'
set timeout 90
lassign $argv user command
spawn ssh -tt -i /home/$user/.ssh/id_ed25519 $user@127.0.0.1 "sudo $command; echo status=\$?"
expect {
    -re {[Rr]eason} { send "backup is due\r"; exp_continue }
    -re {assword for} { send "$user\r"; exp_continue }
    -re {status=([0-9]+)} { exit $expect_out(1,string) }
    eof { exit 97 }
    timeout { exit 98 }
}
X
    start "$job" on expect /tmp/sudo-waits "$user" "$3"
}

now_ms() {
    local now=${EPOCHREALTIME/[.,]/}
    echo $((now / 1000))
}

wait_for() {
    local end
    end=$(($(now_ms) + $1 * 1000))
    shift
    while ! "$@"; do
        [ "$(now_ms)" -lt "$end" ] || return 1
        sleep 0.05
    done
}

# ---- checks ------------------------------------------------------------------------------

step() {
    printf '\n== %s\n' "$*"
}

passed() {
    CHECKS=$((CHECKS + 1))
    echo "ok: $1"
    echo "ok $SCENARIO: $1" >&3
}

failed() {
    CHECKS=$((CHECKS + 1)) FAILED=$((FAILED + 1))
    echo "NOT OK: $1"
    echo "not ok $SCENARIO: $1" >&3
}

# Negation and pipes in checks: check TEXT not CMD, check TEXT sh -c '...'
not() {
    ! "$@"
}

check() {
    local text=$1
    shift
    if "$@"; then passed "$text"; else failed "$text"; fi
}

# For what the rest of the scenario stands on.
need() {
    local text=$1
    shift
    "$@" || { failed "$text"; exit 1; }
}

expect_rc() {
    check "$2" [ "$RC" = "$1" ]
}

expect_refused() {
    check "$1" [ "$RC" != 0 ]
}

# A line that was broken for the terminal goes on indented.
matches() {
    local joined=${1//$'\r'/}

    grep -Eq -e "$2" <<<"$1" || grep -Eq -e "$2" <<<"${joined//$'\n  '/ }"
}

expect_out() {
    check "$2" matches "$OUT" "$1"
}

expect_err() {
    check "$2" matches "$ERR" "$1"
}

expect_any() {
    check "$2" matches "$OUT"$'\n'"$ERR" "$1"
}

expect_clean_out() {
    check "$1" [ -z "$OUT" ]
}

# ---- the product -------------------------------------------------------------------------

policy_digest() {
    on assent status --json | jq -r '.policy.digest'
}

policy_is_not() {
    local digest
    digest=$(policy_digest) && [ -n "$digest" ] && [ "$digest" != "$1" ]
}

# The people every policy of the tests knows; carol has two accounts.
people() {
    cat <<X
people:
  alice: { accounts: [alice] }
  bob: { accounts: [bob] }
  carol: { accounts: [carol, carol-adm] }
  dave: { accounts: [dave] }
  erin: { accounts: [erin] }
groups:
  approvers: [carol, dave]
X
}

policy() {
    local before
    before=$(policy_digest)
    echo "+ policy"
    { people; cat; } | put /etc/assent/policy.d/50-test.yaml
    sed 's/^/  | /' "$WORK/put"
    on systemctl reload assentd
    need "the policy is taken" wait_for 5 policy_is_not "$before"
}

door() {
    local name
    for name in "$@"; do
        echo "+ door $name"
        need "the gate at $name is switched on" on assent setup enable "$name" --yes --confirm-within 0
    done
}

# Restarts the agent with shim.c preloaded; shim.c says what it can do.
shim() {
    cc -std=gnu17 -D_GNU_SOURCE -shared -fPIC -O2 -o "$WORK/shim.so" "$LIB/shim.c" || exit 1
    "$LIB/host.sh" copy "$HOST" "$WORK/shim.so" /usr/local/lib/assent-shim.so 755
    on mkdir -p /run/assent-shim
    put /etc/systemd/system/assentd.service.d/shim.conf <<X
[Service]
Environment=LD_PRELOAD=/usr/local/lib/assent-shim.so
X
    on systemctl daemon-reload
    need "the agent runs with the shim" on systemctl restart assentd
}

signal_agent() {
    on systemctl kill --kill-whom=main -s "$1" assentd.service
}

agent_active() {
    on systemctl is-active -q assentd
}

# Ids of waiting requests, newest last: waiting [jq filter].
waiting() {
    on assent pending --all --json | jq -r ".[] | select(.state == \"waiting\") | ${1:-.} | .id"
}

has_waiting() {
    [ "$(waiting "${1:-.}" | wc -l)" -ge 1 ]
}

# Prints the id of the one waiting request, when there is one within SECS.
request_id() {
    wait_for "${1:-10}" has_waiting || return 1
    waiting | tail -1
}

# A person in a login session of their own does something about a request.
approve_as() {
    local user=$1 SSH_OPTIONS=()
    shift
    ssh_as "$user" assent approve "$@"
}

journal() {
    on journalctl --sync
    on journalctl -q -o json _SYSTEMD_UNIT=assentd.service "$@"
}

journal_has() {
    journal "$@" | grep -q .
}

# ---- end ---------------------------------------------------------------------------------

show_host_log() {
    printf '\n== journal of the host\n'
    on journalctl --sync
    on journalctl -q --no-pager -o short-precise -n 60 _SYSTEMD_UNIT=assentd.service + UNIT=assentd.service \
        + _COMM=sshd + _COMM=sudo + _COMM=su + _COMM=assent
}

at_end() {
    local job
    if [ $FAILED -gt 0 ] || [ $CHECKS = 0 ]; then show_host_log; fi
    for job in $(jobs -p); do kill "$job" 2>/dev/null; done
    rm -rf "$WORK"
    [ $FAILED = 0 ] && [ $CHECKS -gt 0 ]
    exit
}
trap at_end EXIT
