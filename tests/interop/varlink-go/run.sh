#!/bin/sh
# Builds the Go client from Debian's packages alone (no network) and runs it against the public
# socket given. Needs: apt-get install golang-go golang-github-varlink-go-dev
set -eu

if [ $# -ne 1 ]; then
    echo "usage: $0 SOCKET" >&2
    exit 2
fi
if ! command -v go >/dev/null || [ ! -d /usr/share/gocode/src/github.com/varlink/go ]; then
    echo "$0: install golang-go and golang-github-varlink-go-dev first" >&2
    exit 1
fi

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE="$work/cache" GOFLAGS=-buildvcs=false \
    go build -o "$work/varlink-go" "$here/main.go"
"$work/varlink-go" "$1"
