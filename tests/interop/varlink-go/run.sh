#!/bin/sh
# Builds the Go client from Debian's packages alone (no network) and runs it, as root and as
# nobody, against an agent of its own in a temporary directory: run.sh ASSENTD (as root).
# Needs: apt-get install golang-go golang-github-varlink-go-dev
set -eu

if [ $# -ne 1 ] || [ "$(id -u)" -ne 0 ]; then
    echo "usage (as root): $0 ASSENTD" >&2
    exit 2
fi
if ! command -v go >/dev/null || [ ! -d /usr/share/gocode/src/github.com/varlink/go ]; then
    echo "$0: install golang-go and golang-github-varlink-go-dev first" >&2
    exit 1
fi
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
agent=
clean_up() {
    [ -z "$agent" ] || { kill "$agent" && wait "$agent"; } 2>/dev/null || true
    rm -rf "$work"
}
trap clean_up EXIT

chmod 755 "$work"
mkdir "$work/policy" "$work/spool"
cat >"$work/policy/interop.yaml" <<'END'
people:
  carol: { accounts: [daemon] }
groups:
  approvers: [carol]
rules:
  - id: ask
    who: { user: nobody }
    what: { service: sudo, run_as: root }
    decision: escalate
    duration: 5m
    approval:
      stages: [{ from: approvers, need: 1, within: 5m }]
      strength: local
END
GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE="$work/cache" GOFLAGS=-buildvcs=false \
    go build -o "$work/varlink-go" "$here/main.go"

"$1" --config "$work/assent.yaml" --policy "$work/policy" --ledger "$work/ledger.db" \
    --gate "$work/gate" --public "$work/public" --spool "$work/spool" --accounts '' --no-journal \
    >"$work/log" 2>&1 &
agent=$!
tries=0
until [ -S "$work/public" ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ] || ! kill -0 "$agent" 2>/dev/null; then
        echo "$0: the agent did not start:" >&2
        cat "$work/log" >&2
        exit 1
    fi
    sleep 0.1
done
"$work/varlink-go" "$work/public"
setpriv --reuid=nobody --regid=nogroup --clear-groups "$work/varlink-go" "$work/public"
