#!/bin/bash
# Line coverage of the unit and flow tests over the code that is shipped, with gcov.
set -eu
cd "$(dirname "$(readlink -f "$0")")/.."
dir=build/cover
make --no-print-directory -j2 BUILD=$dir OPT='-O0 -g' HARDEN= EXTRA=--coverage unit-programs flow-programs
find $dir -name '*.gcda' -delete
export ASSENT_BUILD=$dir
for source in tests/unit/test_*.c tests/flow/test_*.c; do
    timeout 300 "$dir/${source%.c}" >/dev/null 2>&1 </dev/null || echo "failed: $source"
done
find $dir -name '*.gcda' -not -path '*/tests/*' -print0 | xargs -0 gcov -n 2>/dev/null |
    awk -F"[':%]+" '
        /^File/ { file = $2 }
        /^Lines executed/ && file !~ /^\/|tests\// {
            split($0, part, /[:% ]+/); share = part[3]; count = part[5]
            if (!(file in lines) || share > best[file]) { lines[file] = count; best[file] = share }
        }
        END {
            for (f in lines) { all += lines[f]; hit += lines[f] * best[f] / 100; printf "%6.1f%% %5d %s\n", best[f], lines[f], f | "sort -n" }
            close("sort -n")
            printf "coverage: %.1f%% of %d lines\n", 100 * hit / all, all
        }'
