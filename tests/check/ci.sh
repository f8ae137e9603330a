#!/bin/sh
# The examples for CI (etc/ci) do what they say: policy-ci.sh on a repository of its own, with a good
# and with a bad policy; the workflow files are YAML that runs it. BUILD: where the programs are.
set -eu
cd "$(dirname "$0")/../.."
PATH=$(realpath "${BUILD:-build/out}"):$PATH
script=$PWD/etc/ci/policy-ci.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

complain() {
    echo "ci: $*"
    failed=1
}

expect() { # STATUS TEXT [BASE]: of policy-ci.sh in the repository
    status=0
    "$script" policy.d "${3:-}" >"$work/out" 2>&1 || status=$?
    [ "$status" = "$1" ] || complain "$2: status $status: $(cat "$work/out")"
}

# The strict reader refuses its keys, so only what it says of the YAML itself counts.
check_yaml() { # FILE
    mkdir "$work/yaml"
    cp "$1" "$work/yaml/ci.yaml"
    assent policy check "$work/yaml" >"$work/out" 2>&1 || true
    if grep -v "unknown key\|^not good\|^digest" "$work/out"; then complain "$1 is not plain YAML"; fi
    grep -q 'policy-ci\.sh policy\.d' "$1" || complain "$1 does not run policy-ci.sh"
    rm -r "$work/yaml"
}

write_policy() { # DECISION-EXPECTED
    cat >policy.d/10.yaml <<X
people: { carol: {} }
rules:
  - id: logins
    owner: carol
    certified_until: $(date -u -d "+200 days" +%F)
    who: { group: staff, kind: human }
    what: { service: sshd }
    where: { rhost: 192.0.2.0/24 }
    decision: allow
tests:
  - name: staff log in from the office
    given: { user: a, kind: human, groups: [staff], service: sshd, command: none, rhost: 192.0.2.7 }
    expect: { decision: $1 }
X
}

check_yaml etc/ci/github-actions.yml
check_yaml etc/ci/gitlab-ci.yml

mkdir -p "$work/repository/policy.d"
cd "$work/repository"
write_policy allow
chmod 666 policy.d/10.yaml
expect 0 "a good policy"
grep -q '<testcase name="staff log in from the office"' policy-report.xml || complain "no JUnit report"
grep -q '1 passed, 0 failed' "$work/out" || complain "the log lacks the result"
export COVER=100
expect 0 "tests that reach every rule"
unset COVER
write_policy deny
expect 2 "a test that fails"
grep -q '<failure' policy-report.xml || complain "the report lacks the failure"
grep -q 'expected deny, got allow' "$work/out" || complain "the log lacks the failure"
write_policy alow
expect 2 "a test with a mistake"
echo 'rules: [ { id: x, decision: no } ]' >policy.d/20.yaml
expect 2 "a policy with errors"
grep -q '<error' policy-report.xml || complain "the report lacks the errors"
rm policy.d/20.yaml

git init -q .
commit() {
    git add policy.d
    git -c user.name=x -c user.email=x@example.org commit -q -m "$1"
}
commit "a test with a mistake"
write_policy allow
commit good
sed -i 's|192.0.2.0/24|192.0.0.0/16|' policy.d/10.yaml
expect 0 "a change that is compared with the commit before" HEAD
grep -q "^== what changes against HEAD" "$work/out" || complain "nothing is compared"
grep -q 'logins' "$work/out" || complain "the changed rule is not named: $(cat "$work/out")"
expect 0 "a change of tests alone" HEAD~1
expect 1 "a commit that there is not" nonsense
rm -r policy.d
expect 1 "no policy at all"
[ "$failed" -eq 0 ] || exit 1
echo "ci: the examples check, test and report"
