#!/bin/sh
# Runs shellcheck on every shell script of the tree, wherever it is.
set -eu
cd "$(dirname "$0")/../.."
list=$(mktemp)
trap 'rm -f "$list"' EXIT

find . \( -path ./build -o -path ./.git \) -prune -o -type f -print0 |
    xargs -0 awk 'FNR == 1 { if (/^#!.*[ \/](ba|da)?sh( |$)/) print FILENAME; nextfile }' >"$list"
xargs shellcheck -x -S warning <"$list"
echo "shell: $(wc -l <"$list") scripts are clean"
