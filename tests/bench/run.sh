#!/bin/bash
# `make bench`: the figures of what Assent costs, side by side with a yardstick each, in one
# run. A measurement, not a test: a goal that is missed is said so, and the run succeeds.
#
#   run.sh BUILDDIR      prints the table; the same, and all that was measured, in build/bench.json
#
# Needs root; the private host (sudo) needs the packages, which are built. Agents run with
# --no-journal, as root, from BUILDDIR; on the private host it is the packaged unit with the journal,
# its ledger on a disk.
#
# BENCH_ONLY="pam gate reload load memory sudo ledger policy compile replay"  some of it.
# BENCH_WITH="chrt -f 1"  starts everything measured with this; here to keep a busy machine's other
#                         work from getting between, "taskset -c 0" to leave out what it costs to
#                         wake another processor.
# BENCH_DISK=DIRECTORY    on which disk (default /var/tmp).
# BENCH_SUDOERS=FILE      sudo's policy module (default /usr/libexec/sudo/sudoers.so).
set -eu
cd "$(dirname "$(readlink -f "$0")")/../.."
BUILD=$1
ONLY=${BENCH_ONLY:-pam gate reload load memory sudo ledger policy compile replay}
OUT=build/bench.json
ROUNDS=${BENCH_ROUNDS:-2000}
WITH=${BENCH_WITH:-}
SUDO_ROUNDS=${BENCH_SUDO_ROUNDS:-500}
SUDOERS=${BENCH_SUDOERS:-/usr/libexec/sudo/sudoers.so}
AGENTS=()
WITH_ACCOUNTS=()
BROKEN=

end_agents() {
    local pid
    for pid in "${AGENTS[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${AGENTS[@]}"; do wait "$pid" 2>/dev/null || true; done
}

end() {
    if [ -n "${DISK:-}" ]; then rm -rf "$DISK"; fi
    if [ -n "${MEMORY:-}" ]; then rm -rf "$MEMORY"; fi
}
trap end EXIT

wanted() {
    [[ " $ONLY " == *" $1 "* ]]
}

say() {
    echo "bench: $*" >&2
}

# ---- agents ------------------------------------------------------------------------------

wait_for_socket() {
    local tries
    for tries in {1..600}; do
        if [ -S "$2" ]; then return; fi
        if ! kill -0 "$1" 2>/dev/null; then break; fi
        sleep 0.1
    done
    say "an agent did not start after $tries tries: $(cat "$3")"
    exit 1
}

# agent NAME DIRECTORY RULES [COMMAND...]: the ledger in DIRECTORY, started by COMMAND; its gate is
# GATES/NAME.
agent() {
    local name=$1 directory=$2/$1 rules=$3
    shift 3
    mkdir -p "$directory" "$MEMORY/$name/policy.d" "$MEMORY/$name/spool"
    printf 'host: elsewhere\n' >"$MEMORY/$name/assent.yaml"
    make_policy "$rules" >"$MEMORY/$name/policy.d/bench.yaml"
    "$BUILD/assentd" --check --config "$MEMORY/$name/assent.yaml" --policy "$MEMORY/$name/policy.d"
    # shellcheck disable=SC2086 # several words
    "$@" $WITH "$BUILD/assentd" --config "$MEMORY/$name/assent.yaml" --policy "$MEMORY/$name/policy.d" \
        --ledger "$directory/ledger.db" --gate "$MEMORY/$name/gate" \
        --public "$MEMORY/$name/public" --spool "$MEMORY/$name/spool" --no-journal \
        >"$MEMORY/$name/log" 2>&1 &
    AGENTS+=($!)
    wait_for_socket $! "$MEMORY/$name/public" "$MEMORY/$name/log"
}

make_policy() {
    if [ "$1" != login ]; then
        "$BUILD/tests/bench/bench_make" rules "$1"
        return
    fi
    cat <<'Y'
people:
  carol: { accounts: [carol] }
rules:
  - id: daemon-may
    owner: carol
    who: { user: daemon }
    what: { service: sshd }
    certified_until: 2099-12-31
    decision: allow
Y
}

echo_server() {
    # shellcheck disable=SC2086
    $WITH "$BUILD/tests/bench/bench_echo" "$MEMORY/echo" &
    AGENTS+=($!)
    wait_for_socket $! "$MEMORY/echo" /dev/null
}

# ---- measuring: lines "name value unit" in $MEMORY/figures ---------------------------------

figures() { # PREFIX COMMAND...
    local prefix=$1
    shift
    # shellcheck disable=SC2086
    $WITH "$@" >"$MEMORY/out"
    sed -n "s/^[A-Za-z]/$prefix&/p" "$MEMORY/out" >>"$MEMORY/figures"
}

figure() { # NAME VALUE UNIT
    echo "$*" >>"$MEMORY/figures"
}

measure_pam() {
    say "PAM account call, $ROUNDS rounds each"
    agent pam-disk "$DISK" login
    agent pam-memory "$MEMORY" login
    figures pam_disk_ "$BUILD/tests/bench/bench_pam" "$BUILD/pam_assent.so" \
        "$MEMORY/pam-disk/gate" daemon "$ROUNDS" append "$DISK/append"
    figures pam_memory_ "$BUILD/tests/bench/bench_pam" "$BUILD/pam_assent.so" \
        "$MEMORY/pam-memory/gate" daemon "$ROUNDS" unix
}

measure_gate() {
    say "gate with 10 and with 10,000 rules, $ROUNDS rounds each"
    agent rules-10 "$MEMORY" 10 "${WITH_ACCOUNTS[@]}"
    agent rules-10000 "$MEMORY" 10000 "${WITH_ACCOUNTS[@]}"
    figures gate_ "$BUILD/tests/bench/bench_gate" "$ROUNDS" few="$MEMORY/rules-10/gate" \
        many="$MEMORY/rules-10000/gate"
}

measure_reload() {
    say "20 reloads of 10,000 rules, each followed by as long a time without"
    agent reload "$DISK" 10000 "${WITH_ACCOUNTS[@]}"
    figures reload_ "$BUILD/tests/bench/bench_reload" "$MEMORY/reload/gate" "$DISK/reload/ledger.db" \
        "${AGENTS[-1]}" "$MEMORY/reload/policy.d/bench.yaml" 20
}

measure_load() {
    say "64 clients, 7 slices of 1 s each"
    agent load-disk "$DISK" 10 "${WITH_ACCOUNTS[@]}"
    agent load-memory "$MEMORY" 10 "${WITH_ACCOUNTS[@]}"
    echo_server
    figures load_ "$BUILD/tests/bench/bench_load" 64 7 1000 disk="$MEMORY/load-disk/gate" \
        memory="$MEMORY/load-memory/gate" echo="$MEMORY/echo"
}

memory_of() { # NAME PID
    awk -v name="$1" '
        $1 == "Rss:" { print name "_rss", $2, "kB" }
        $1 == "Pss:" { print name "_pss", $2, "kB" }
        $1 ~ /^Private_/ { private += $2 }
        END { print name "_private", private, "kB" }' "/proc/$2/smaps_rollup" >>"$MEMORY/figures"
}

measure_memory() {
    say "memory, idle and with 10,000 rules and 10,000 open grants"
    agent idle "$DISK" login
    memory_of idle "${AGENTS[-1]}"
    mkdir -p "$DISK/full"
    "$BUILD/tests/bench/bench_make" grants 10000 "$DISK/full/ledger.db"
    agent full "$DISK" 10000 "${WITH_ACCOUNTS[@]}"
    memory_of full "${AGENTS[-1]}"
    figure full_grants "$("$BUILD/assent" status --json --socket "$MEMORY/full/public" |
        jq -r '[.. | .grants? // empty] | first')" grants
}

measure_sudo() {
    local layer
    say "sudo -n true on a private host, $SUDO_ROUNDS runs each"
    make --no-print-directory deb-quiet >&2
    layer=$(tests/host/prepare.sh build/deb/assent_*.deb build/deb/libpam-assent_*.deb build/deb/assent-sudo_*.deb)
    mkdir -p "$DISK/host"
    figures '' tests/host/host.sh run -l "$layer" -B "$DISK/host:/var/lib/assent" -- \
        tests/bench/sudo.sh "$BUILD" "$SUDO_ROUNDS" </dev/null
}

measure_ledger() {
    say "the ledger alone"
    mkdir -p "$DISK/alone"
    figures '' "$BUILD/tests/bench/bench_ledger" "$DISK/alone"
}

# The rules are the same for all that are asked; where the yardstick knows no commands, on logins.
measure_policy() {
    say "policy alone, sudoers and libipa_hbac on the same rules"
    figures '' "$BUILD/tests/bench/bench_policy" 10 10000
    figures '' "${WITH_ACCOUNTS[@]}" "$BUILD/tests/bench/bench_sudoers" "$SUDOERS" 10000 200
    figures '' "$BUILD/tests/bench/bench_hbac" 10000 50
}

measure_compile() {
    say "loading 10,000 rules"
    mkdir -p "$MEMORY/compile"
    "$BUILD/tests/bench/bench_make" sudo-rules 10000 >"$MEMORY/compile/bench.yaml"
    figures '' "$BUILD/tests/bench/bench_compile" "$MEMORY/compile" 50
}

# The same list of accounts for the agent and for who replays; names are looked up before the first
# decision is read, which is part of what is measured.
replay() {
    # shellcheck disable=SC2086
    "${WITH_ACCOUNTS[@]}" $WITH "$BUILD/assent" --socket "$MEMORY/replay/public" policy replay \
        "$MEMORY/candidate" --json >"$MEMORY/replayed"
}

# What is measured then is the gate: a CLI that nothing may interrupt would be in its way.
replay_on_and_on() {
    local WITH=
    while replay 2>/dev/null; do :; done
}

measure_replay() {
    local start took round background
    say "100,000 recorded decisions put to 1,000 rules, 9 times; the gate meanwhile"
    mkdir -p "$DISK/replay" "$MEMORY/candidate"
    "$BUILD/tests/bench/bench_make" sudo-rules 1000 >"$MEMORY/candidate/bench.yaml"
    "$BUILD/tests/bench/bench_decisions" 100000 1000 "$DISK/replay/ledger.db"
    agent replay "$DISK" 10 "${WITH_ACCOUNTS[@]}"
    for round in {1..9}; do
        start=${EPOCHREALTIME/[.,]/}
        replay
        took=$((${EPOCHREALTIME/[.,]/} - start))
        echo "$took $round"
    done | sort -n | sed -n 's/ .*//; 5s/$/ us/p' >"$MEMORY/took"
    figure replay "$(cat "$MEMORY/took")"
    [ "$(jq .replayed "$MEMORY/replayed")" = 100000 ]
    figures replay_ "$BUILD/tests/bench/bench_gate" "$ROUNDS" alone="$MEMORY/replay/gate"
    replay_on_and_on &
    background=$!
    figures replay_ "$BUILD/tests/bench/bench_gate" "$ROUNDS" beside="$MEMORY/replay/gate"
    kill "$background" 2>/dev/null
    wait "$background" 2>/dev/null || true
}

# Each part with agents of its own, so that none is disturbed by another's.
measure() {
    local part
    for part in pam gate reload load memory sudo ledger policy compile replay; do
        if ! wanted $part; then continue; fi
        set +e
        (
            set -e
            trap end_agents EXIT
            "measure_$part"
        )
        # shellcheck disable=SC2181 # as a condition, set -e would mean nothing inside
        if [ $? != 0 ]; then BROKEN+=" $part"; fi
        set -e
    done
}

# ---- the table -----------------------------------------------------------------------------

# One row a figure: name | ours | beside | unit | goal, where ours and beside are names of
# measured values (with _p50 and _p99 behind them where both exist) or a number.
rows() {
    cat <<'R'
PAM account, ledger on disk / append 512 B + fdatasync|pam_disk_ours_op|pam_disk_beside_op|us|<= 4
PAM account, ledger in memory / pam_unix account|pam_memory_ours_op|pam_memory_beside_op|us|<= 2.5
PAM cycle, ledger in memory / pam_unix cycle|pam_memory_ours_cycle|pam_memory_beside_cycle|us|
gate question, 10,000 rules / 10 rules|gate_many|gate_few|us|<= 1.1
question while reloading 10,000 rules / without|reload_reload|reload_quiet|us|
slowest question of a reload / of as long without|reload_reload_slowest|reload_quiet_slowest|us|
slowest question of all reloads / of all stretches without|reload_reload_slowest_max|reload_quiet_slowest_max|us|
a reload's slowest question, beyond that without / 5 ms|reload_extra|5000|us|<= 1
64 clients, ledger on disk / in memory|load_disk_rate|load_memory_rate|/s|>= 0.7
64 clients, ledger on disk / bare echo|load_disk_rate|load_echo_rate|/s|>= 0.3
64 clients, one question, on disk / bare echo|load_disk|load_echo|us|
memory, idle (RSS) / 12 MB|idle_rss|12288|kB|<= 1
memory, 10,000 rules and grants (RSS) / 40 MB|full_rss|40960|kB|<= 1
sudo -n true / without us|sudo|sudo_without|us|<= 1.15
ledger commit alone / append 512 B + fdatasync|ledger_commit|append_512_fdatasync|us|
10,000 rules, no match, sudo / sudoers, warm|policy_sudo_10000|sudoers_check|us|<= 1/1000
10,000 rules, no match, login / libipa_hbac|policy_login_10000|hbac_login|us|<= 1/4000
loading 10,000 rules / bare libyaml|policy_load|yaml_events|us|<= 2
100,000 decisions replayed / 2 s|replay|2000000|us|<= 1
gate question while decisions are replayed / alone|replay_beside|replay_alone|us|
R
}

make_table() {
    rows | awk -F'|' -v figures="$MEMORY/figures" -v json="$OUT" -v about="$ABOUT" -f tests/bench/table.awk
}

main() {
    if [ "$(id -u)" != 0 ]; then
        say "needs root: the gate serves nobody else"
        exit 1
    fi
    DISK=$(mktemp -d "${BENCH_DISK:-/var/tmp}/assent-bench.XXXXXX")
    MEMORY=$(mktemp -d /dev/shm/assent-bench.XXXXXX)
    : >"$MEMORY/figures"
    "$BUILD/tests/bench/bench_make" passwd 10000 >"$MEMORY/passwd"
    "$BUILD/tests/bench/bench_make" group 2010 >"$MEMORY/group"
    # In a mount namespace with the accounts and groups that the rules name.
    # shellcheck disable=SC2016 # the inner shell expands its own
    WITH_ACCOUNTS=(unshare -m --propagation private sh -c '
        mount --bind "$0/passwd" /etc/passwd && mount --bind "$0/group" /etc/group && exec "$@"'
        "$MEMORY")
    ABOUT="$(uname -sr), $(nproc) processors, disk $(stat -f -c %T "$DISK"), memory $(stat -f -c %T "$MEMORY")"
    measure
    mkdir -p build
    make_table
    echo "In full: $OUT"
    if [ -n "$BROKEN" ]; then
        say "could not be measured:$BROKEN"
        exit 1
    fi
}

main
