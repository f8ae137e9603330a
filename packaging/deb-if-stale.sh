#!/bin/sh
# Builds the packages unless those in OUT are newer than every file they are made of. Quiet
# but for one line; the whole output is kept in OUT.log.
set -eu
cd "$(dirname "$0")/.."
out=${1:-build/deb}
newest=$(find "$out" -name 'assent-sudo_*.deb' 2>/dev/null | head -n 1)

if [ -n "$newest" ] && [ -z "$(find accounts agent cli common docs etc packaging pam_module sudo_plugin \
    Makefile NEWS README.md ARCHITECTURE.md -newer "$newest" -type f | head -n 1)" ]; then
    exit 0
fi
echo "building the packages ..."
mkdir -p "$(dirname "$out")"
if ! packaging/build-deb.sh "$out" >"$out.log" 2>&1; then
    tail -n 40 "$out.log" >&2
    echo "building the packages failed; all of it is in $out.log" >&2
    exit 1
fi
