#!/bin/bash
# Runs the tests and counts: every cmocka test, every corpus, every host check is one. The
# last line is `N passed, N failed`.
#
#   tests/run.sh [unit|fuzz|flow|host|check]...     without arguments: everything, built first
set -u
cd "$(dirname "$(readlink -f "$0")")/.." || exit 1
SAN=build/san
LOG=build/test-log
PASSED=0
FAILED=0
mkdir -p "$LOG"
if [ ! -e /proc/self/fd/0 ]; then exec </dev/null; fi
export ASSENT_BUILD=$SAN
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1

note() { # passed|failed COUNT
    if [ "$1" = passed ]; then PASSED=$((PASSED + $2)); else FAILED=$((FAILED + $2)); fi
}

# One cmocka program: its own count, and one failure more if it died instead of ending.
run_program() {
    local program=$1 name log status=0 ok bad
    name=$(basename "$program")
    log=$LOG/$name.log
    timeout -k 10 300 "$program" >"$log" 2>&1 </dev/null || status=$?
    ok=$(grep -c '^\[       OK \]' "$log")
    bad=$(grep -c '^\[  FAILED  \] [A-Za-z_0-9]*$' "$log")
    bad=$((bad / 2)) # cmocka names each failed test twice
    if [ $status != 0 ] && [ $bad = 0 ]; then bad=1; fi
    if [ $status = 0 ] && [ "$ok" = 0 ]; then bad=1; fi
    note passed "$ok"
    note failed "$bad"
    if [ "$bad" = 0 ]; then
        echo "ok $name ($ok)"
    else
        echo "not ok $name ($bad failed, status $status)"
        tail -n 60 "$log" | sed 's/^/# /'
    fi
}

run_programs() {
    local source
    for source in tests/"$1"/test_*.c; do
        run_program "$SAN/${source%.c}"
    done
}

run_corpora() {
    local source name log seeds
    for source in tests/fuzz/fuzz_*.c; do
        name=$(basename "$source" .c)
        name=${name#fuzz_}
        log=$LOG/replay_$name.log
        seeds=("tests/fuzz/corpus/$name")
        [ "$name" != policy ] || seeds+=(tests/policy)
        if find "${seeds[@]}" -type f -print0 | xargs -0 -r "$SAN/tests/fuzz/replay_$name" >"$log" 2>&1 &&
            grep -q files "$log"; then
            echo "ok corpus $name ($(tail -n 1 "$log"))"
            note passed 1
        else
            echo "not ok corpus $name"
            tail -n 40 "$log" | sed 's/^/# /'
            note failed 1
        fi
    done
}

run_host() {
    local log=$LOG/host.log last
    if ! packaging/deb-if-stale.sh build/deb; then
        note failed 1
        return
    fi
    tests/host/run.sh 2>&1 | tee "$log"
    last=$(tail -n 1 "$log")
    if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
        note passed "${BASH_REMATCH[1]}"
        note failed "${BASH_REMATCH[2]}"
    else
        note failed 1
    fi
}

run_check() {
    if make --no-print-directory check >"$LOG/check.log" 2>&1; then
        echo "ok check"
        note passed 1
    else
        echo "not ok check"
        tail -n 60 "$LOG/check.log" | sed 's/^/# /'
        note failed 1
    fi
}

build() {
    if make --no-print-directory -j2 "$@" >"$LOG/build.log" 2>&1; then return; fi
    tail -n 60 "$LOG/build.log" | sed 's/^/# /'
    echo "not ok build"
    note failed 1
}

groups=("$@")
if [ $# = 0 ]; then
    build all
    build SAN=1 unit-programs flow-programs
    groups=(check unit fuzz flow host)
fi
for group in "${groups[@]}"; do
    case $group in
    unit | flow) run_programs "$group" ;;
    fuzz) run_corpora ;;
    host) run_host ;;
    check) run_check ;;
    *) echo "run.sh: no such tests: $group" >&2 && exit 2 ;;
    esac
done
echo "$PASSED passed, $FAILED failed"
[ $FAILED = 0 ] && [ $PASSED -gt 0 ]
