#!/bin/sh
# etc/io.assent.varlink and the code name the same things: every method, error and field of
# the interface is spelled in the agent, and the programs name no member that is not in it.
set -eu
cd "$(dirname "$0")/../.."
interface=etc/io.assent.varlink
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

complain() {
    echo "varlink: $*"
    failed=1
}

members() { # KIND: names of the methods or errors
    sed -n "s/^$1 \([A-Za-z]*\)(.*/\1/p" "$interface"
}

fields() { # names of the fields of types, parameters and replies
    sed 's/#.*//' "$interface" | grep -oE '\b[a-z_]+: ' | tr -d ': ' | sort -u
}

# Whole texts, and the words of formats such as "{s:s, s:i}" stay out: only quoted names count.
grep -rhoE '"[A-Za-z_.]+"' agent --include='*.[ch]' | tr -d '"' | sed 's/^io\.assent\.//' |
    sort -u >"$work/agent"
grep -rhoE '"io\.assent\.[A-Za-z]+"' agent cli --include='*.[ch]' | tr -d '"' |
    sed 's/^io\.assent\.//' | sort -u >"$work/named"

for name in $(members method) $(members error) $(fields); do
    grep -qx "$name" "$work/agent" || complain "$name is in $interface but nowhere in the agent"
done
{ members method; members error; } >"$work/members"
for name in $(grep -vxF -f "$work/members" "$work/named" || true); do
    complain "io.assent.$name is in the code but not in $interface"
done
[ "$failed" -eq 0 ] || exit 1
echo "varlink: $(wc -l <"$work/members") methods and errors, $(fields | wc -l) fields agree"
