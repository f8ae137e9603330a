#!/bin/sh
# What CI does with a repository of policy: check it, run its tests, and tell what a change means.
# Needs neither root nor an agent nor the accounts that the policy names.
#
#   policy-ci.sh DIR [BASE]      DIR: the policy, in a checkout of git
#                                BASE: the commit to compare it with; without it nothing is compared
#
# Environment: REPORT  where the JUnit report goes (policy-report.xml)
#              CHECK   options for `assent policy check` (--strict --no-accounts)
#              COVER   the percentage of rules and entitlements that tests must reach (0)
#
# Exit status: 0 good, 1 could not be done, 2 errors, findings or failed tests.
set -u
dir=${1:?usage: policy-ci.sh DIR [BASE]}
base=${2:-}
report=${REPORT:-policy-report.xml}
status=0

note() { # STATUS: 1 (could not be done) outweighs 2 (not good)
    if [ "$1" != 0 ] && [ "$status" != 1 ]; then status=$1; fi
}

section() {
    printf '\n== %s\n' "$*"
}

# Policy that others can write is refused, and checkouts of CI often are.
chmod -R go-w "$dir" || exit 1
if [ "$(id -u)" = 0 ]; then chown -R 0:0 "$dir" || exit 1; fi

section "check"
# shellcheck disable=SC2086 # several options
assent policy check ${CHECK---strict --no-accounts} "$dir" || note $?

section "tests"
assent policy test --cover="${COVER:-0}" --format junit -o "$report" "$dir" || note $?

if [ -n "$base" ]; then
    section "what changes against $base"
    work=$(mktemp -d) || exit 1
    trap 'rm -rf "$work"' EXIT
    # a checkout that belongs to another account is usual in containers
    if git -c safe.directory='*' archive -o "$work/base.tar" "$base" -- "$dir" &&
        tar -C "$work" --no-same-owner -xf "$work/base.tar" && chmod -R go-w "$work"; then
        # 2: one of them does not load, which is said above or is mended by this very change
        assent policy diff "$work/$dir" "$dir" || [ $? = 2 ] || note 1
    else
        note 1
    fi
fi
exit "$status"
