#!/bin/sh
# The built modules against exports.txt: what they export, link with and call, and how they
# are hardened. BUILD names the build directory, which must be an ordinary one (no sanitizer).
set -eu
cd "$(dirname "$0")/../.."
rules=tests/check/exports.txt
build=${BUILD:-build/out}
failed=0

complain() {
    echo "exports: $*"
    failed=1
}

words() { # KIND [FILE]: the names after it, one a line
    awk -v kind="$1" -v file="${2:-}" '
        $1 != kind || (file && $2 != file) { next }
        { for (i = file ? 3 : 2; i <= NF; i++) print $i }' "$rules"
}

not_in() { # KIND FILE: lines of stdin which the rules do not name
    words "$1" "$2" >"$allowed"
    grep -vxF -f "$allowed" || true
}

check_module() {
    file=$build/$1
    if [ ! -f "$file" ]; then
        complain "$file has not been built"
        return
    fi
    exported=$(nm -D --defined-only "$file" | awk '$2 != "A" { print $NF }' | sed 's/@.*//')
    for name in $(words export "$1"); do
        echo "$exported" | grep -qx "$name" || complain "$file does not export $name"
    done
    for name in $(echo "$exported" | not_in export "$1"); do
        complain "$file exports $name"
    done
    needed=$(objdump -p "$file" | awk '$1 == "NEEDED" { print $2 }')
    for name in $(echo "$needed" | not_in needs "$1"); do
        complain "$file is linked with $name"
    done
    words never >"$allowed"
    for name in $(nm -D --undefined-only "$file" | awk '{ print $NF }' | sed 's/@.*//' |
        grep -xF -f "$allowed" || true); do
        complain "$file calls $name"
    done
    dynamic=$(readelf -dlW "$file")
    echo "$dynamic" | grep -q 'BIND_NOW' || complain "$file is not linked with -z now"
    echo "$dynamic" | grep -q 'GNU_RELRO' || complain "$file is not linked with -z relro"
    echo "$dynamic" | grep -q 'TEXTREL' && complain "$file has text relocations"
    echo "$dynamic" | grep -q 'GNU_STACK.* RWE' && complain "$file has an executable stack"
    echo "$dynamic" | grep -q ' TLS ' && complain "$file has thread-local storage"
    return 0
}

allowed=$(mktemp)
trap 'rm -f "$allowed"' EXIT
modules=$(awk '$1 == "export" { print $2 }' "$rules")
for module in $modules; do
    check_module "$module"
done
[ "$failed" -eq 0 ] || exit 1
echo "exports: the modules export, link and call what they may"
