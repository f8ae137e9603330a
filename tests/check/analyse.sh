#!/bin/sh
# Static analysis: cppcheck, then clang-tidy with .clang-tidy. A finding fails, unless
# analyse.txt says why it is none. JOBS: how many clang-tidy run at once (default: all cores).
set -eu
cd "$(dirname "$0")/../.."
rules=tests/check/analyse.txt
folders="accounts agent cli common pam_module sudo_plugin"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

known() { # TOOL: what analyse.txt says of it, one a line
    sed -n "s/^$1 //p" "$rules"
}

run_cppcheck() {
    set --
    for id in $(known cppcheck); do
        set -- "$@" "--suppress=$id"
    done
    # Without its headers it cannot know jansson's loops.
    # shellcheck disable=SC2086 # folders are several words
    cppcheck --quiet --error-exitcode=1 --std=c17 --library=posix,gnu -j2 -D_GNU_SOURCE \
        -DASSENT_VERSION='"0"' \
        -D'json_array_foreach(list, i, item)=for (i = 0; (item = json_array_get(list, i)); i++)' \
        -D'json_object_foreach(map, key, item)=for (;(key = json_key(map, &item));)' \
        --enable=warning,performance,portability "$@" $folders
}

# A file that does not compile is a finding like any other.
run_clang_tidy() {
    # shellcheck disable=SC2086,SC2016 # several words; the inner shell expands its own
    find $folders -name '*.c' -print0 |
        xargs -0 -n 4 -P "${JOBS:-$(nproc)}" sh -c '
            out=$1; shift
            clang-tidy --quiet "$@" -- -std=gnu17 -D_GNU_SOURCE -DASSENT_VERSION="\"0\"" \
                >"$out/$$" 2>"$out/$$.err" || true' sh "$work"
    known clang-tidy >"$work/known"
    cat "$work"/*[0-9] | sed -n "s|^$PWD/||; s|[^ ]*/\.\./\(\.\./\)*||; /: \(warning\|error\): /p" | sort -u >"$work/all"
    if grep -vE -f "$work/known" "$work/all"; then
        return 1
    fi
}

failed=0
run_cppcheck || failed=1
run_clang_tidy || failed=1
[ "$failed" -eq 0 ] || exit 1
echo "analyse: cppcheck and clang-tidy have nothing to say"
