#!/bin/sh
# The packages as Debian's own check sees them: nothing it calls an error or a warning.
set -eu
cd "$(dirname "$0")/../.."
packaging/deb-if-stale.sh build/deb
log=$(mktemp)
trap 'rm -f "$log"' EXIT

if ! lintian --allow-root --fail-on error,warning build/deb/*.deb >"$log" 2>&1; then
    cat "$log"
    echo "packages: lintian has something to say"
    exit 1
fi
echo "packages: lintian has nothing to say"
