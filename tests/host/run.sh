#!/bin/bash
# Runs the host tests: each scenario in a fresh private host of its own, two at a time.
#
#   run.sh [-j N] [-d DIR] [NAME...]    DIR: where the .deb files are (default build/deb)
#
# One line a check, `ok SCENARIO: what` or `not ok SCENARIO: what`; a scenario that fails
# shows what led to it. The last line is `N passed, N failed`.
# A scenario whose head says "host: bare" gets a host without the packages; DEBS says where they are.
set -u
cd "$(dirname "$(readlink -f "$0")")/../.." || exit 1
TOOL=tests/host
LOGS=${ASSENT_HOST_LOGS:-build/host-test}
JOBS=2
DEBS=build/deb
LIMIT=${ASSENT_SCENARIO_LIMIT:-180} # seconds for one scenario

read_options() {
    local option
    while getopts j:d: option; do
        case $option in
        j) JOBS=$OPTARG ;;
        d) DEBS=$OPTARG ;;
        *) exit 2 ;;
        esac
    done
}

find_debs() {
    local name found
    for name in assent libpam-assent assent-sudo; do
        # shellcheck disable=SC2012 # our own names
        found=$(ls -t "$DEBS/$name"_*.deb 2>/dev/null | head -1)
        if [ -z "$found" ]; then
            echo "run.sh: no package $name in $DEBS (make deb)" >&2
            exit 1
        fi
        PACKAGES+=("$found")
    done
}

scenario_names() {
    local file
    for file in "$TOOL"/scenarios/*.sh; do basename "$file" .sh; done
}

layer_for() {
    if grep -q '^# host: bare' "$TOOL/scenarios/$1.sh"; then echo "$BARE"; else echo "$READY"; fi
}

run_one() {
    local name=$1 checks=$LOGS/$1.checks log=$LOGS/$1.log begun=$SECONDS status=0
    DEBS=$(readlink -f "$DEBS") timeout -k 10 "$LIMIT" "$TOOL/host.sh" run -l "$(layer_for "$name")" \
        -- bash "$TOOL/scenarios/$name.sh" 3>"$checks" >"$log" 2>&1 </dev/null || status=$?
    if [ $status != 0 ] && ! grep -q '^not ok' "$checks"; then
        echo "not ok $name: ran to its end (status $status)" >>"$checks"
    fi
    echo "took $((SECONDS - begun)) s" >>"$log"
    report "$checks" "$log"
}

# What led to each failed check; the end of the log when it broke off.
show_failure() {
    echo "# $1:"
    if ! grep -B 12 '^NOT OK' "$1" | tail -n "${ASSENT_LOG_LINES:-80}" | sed 's/^/#   /' | grep .; then
        tail -n 40 "$1" | sed 's/^/#   /'
    fi
}

# In one write, so that the lines of two scenarios do not mix.
report() {
    local text
    text=$(cat "$1")
    if grep -q '^not ok' "$1"; then text+=$'\n'$(show_failure "$2"); fi
    printf '%s\n' "$text"
}

run_all() {
    local name running=0
    for name in "$@"; do
        if [ $running -ge "$JOBS" ]; then
            wait -n
            running=$((running - 1))
        fi
        run_one "$name" &
        running=$((running + 1))
    done
    wait
}

count() {
    cat "$LOGS"/*.checks 2>/dev/null | grep -c "^$1 "
}

prepare() {
    find_debs
    BARE=$("$TOOL/prepare.sh") && READY=$("$TOOL/prepare.sh" "${PACKAGES[@]}") && return
    echo "run.sh: the test host could not be prepared" >&2
    exit 1
}

main() {
    local names
    mkdir -p "$LOGS"
    rm -f "$LOGS"/*.checks "$LOGS"/*.log
    prepare
    names=("$@")
    if [ $# = 0 ]; then mapfile -t names < <(scenario_names); fi
    run_all "${names[@]}"
    echo "$(count ok) passed, $(count 'not ok') failed"
    [ "$(count 'not ok')" = 0 ] && [ "$(count ok)" -gt 0 ]
}

PACKAGES=()
read_options "$@"
shift $((OPTIND - 1))
if [ ! -e /proc/self/fd/0 ]; then exec </dev/null; fi
main "$@"
