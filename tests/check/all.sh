#!/bin/sh
# Every check of this folder, one after the other; fails if one does. BUILD: where the programs are.
set -eu
cd "$(dirname "$0")"
failed=

for script in *.sh; do
    [ "$script" = all.sh ] || ./"$script" || failed="$failed ${script%.sh}"
done
if [ -n "$failed" ]; then
    echo "check: failed:$failed"
    exit 1
fi
echo "check: everything is in order"
