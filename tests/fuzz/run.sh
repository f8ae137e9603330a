#!/bin/bash
# Runs fuzzers one after another: run.sh SECONDS NAME... New inputs stay in build/fuzz/corpus;
# a finding is kept there too and makes this fail.
set -eu
cd "$(dirname "$(readlink -f "$0")")/../.."
seconds=$1
shift
make --no-print-directory -j2 fuzz-programs
for name in "$@"; do
    found=build/fuzz/corpus/$name
    mkdir -p "$found"
    seeds=("tests/fuzz/corpus/$name")
    [ "$name" != policy ] || seeds+=(tests/policy)
    words=()
    [ ! -f "tests/fuzz/$name.dict" ] || words=(-dict="tests/fuzz/$name.dict")
    echo "fuzzing $name for $seconds s"
    build/fuzz/fuzz_"$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        "${words[@]}" -artifact_prefix="build/fuzz/$name-" "$found" "${seeds[@]}" >"build/fuzz/$name.log" 2>&1 ||
        { tail -n 40 "build/fuzz/$name.log"; exit 1; }
    grep -E 'stat::number_of_executed_units|stat::peak_rss_mb' "build/fuzz/$name.log"
done
