#!/bin/bash
# A repository of policy on a host without an agent, in the hands of an account that is nobody: what
# CI does with it, and what its author sees on the way.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

REPO=/home/erin/repo
# a certificate that lasts longer than a year is a finding
UNTIL=$(date -u -d '200 days' +%F)

# A file of the repository, as a checkout leaves it.
commit() { # FILE < text
    put "$REPO/policy.d/$1"
    on chown -R erin:erin /home/erin/repo
}

people_file() {
    cat <<'X'
people:
  carol: { accounts: [carol, carol-adm] }
  dave: {}
groups:
  web-leads: [carol, dave]
X
}

# With a change: a sed script.
web_file() {
    sed -e "s/UNTIL/$UNTIL/" -e "$1" <<'X'
entitlements:
  web-restart:
    owner: web-leads
    sensitivity: medium
    hosts: ["web*"]
    services: [sudo]
    run_as: [root]
    commands: [/usr/bin/systemctl restart nginx]
    requesters: { group: web-team-of-another-host }
    max_duration: 1h
rules:
  - id: by-day
    owner: web-leads
    certified_until: UNTIL
    what: { entitlement: web-restart }
    when: { days: mon-fri, hours: "08:00-18:00" }
    decision: allow
    duration: 30m
  - id: at-night
    owner: web-leads
    what: { entitlement: web-restart }
    decision: escalate
    approval: { stages: [{ from: web-leads, within: 10m }], strength: local }
  - id: shell
    owner: web-leads
    who: { user: carol-adm }
    what: { service: sudo, command: "/usr/bin/bash *" }
    decision: deny
tests:
  - name: by day it restarts at once
    given: { user: zoe, groups: [web-team-of-another-host], host: web1, service: sudo, run_as: root,
             command: /usr/bin/systemctl restart nginx, reason: it hangs again,
             at: "2026-11-24T09:00:00Z" }
    expect: { decision: allow, rule: by-day }
  - name: at night somebody is asked
    given: { user: zoe, groups: [web-team-of-another-host], host: web1, service: sudo, run_as: root,
             command: /usr/bin/systemctl restart nginx, reason: it hangs again,
             at: "2026-11-24T23:00:00Z" }
    expect: { decision: escalate, rule: at-night, from: web-leads }
X
}
NIGHT=(--user zoe --group web-team-of-another-host --host web1 --reason "it hangs again" --at 2026-11-24T23:00:00Z)

on systemctl stop assentd.socket assentd-gate.socket assentd.service
people_file | commit 10-people.yaml
web_file '' | commit 20-web.yaml
put "$REPO/policy-ci.sh" 755 <"$LIB/../../etc/ci/policy-ci.sh"
on chown -R erin:erin /home/erin/repo
in_repo() { as erin sh -c "cd $REPO && $1"; }

step "a good policy"
try in_repo 'assent policy check --strict --no-accounts policy.d'
expect_rc 0 "is checked without root, agent or accounts"
expect_out '^good: 3 rules, 2 people' "and counted"
try in_repo 'assent policy check --strict policy.d'
expect_rc 2 "with the accounts of this host a group is missed"
expect_any 'web-team-of-another-host' "which is named"
try in_repo 'assent policy test --cover policy.d'
expect_rc 0 "its tests pass"
expect_out 'not reached: rule shell .policy\.d/20-web\.yaml:24' "a rule that none reaches is named"
try in_repo './policy-ci.sh policy.d'
expect_rc 0 "all that CI does with it is good"
check "the report is one that CI reads" in_repo 'grep -q "<testsuite .*tests=\"2\" failures=\"0\"" policy-report.xml'
try in_repo 'COVER=100 ./policy-ci.sh policy.d'
expect_rc 2 "unless every rule has to be reached"

step "why"
try as erin assent policy explain --policy "$REPO/policy.d" "${NIGHT[@]}" --command "/usr/bin/systemctl restart nginx"
expect_rc 0 "a decision is explained without an agent"
expect_out 'by-day +allow +when does not hold' "what a rule lacks"
expect_out '-> +at-night +escalate' "and which decides"
echo '{"user": "zoe", "groups": [], "host": "web1", "service": "sudo", "run_as": "root", "command": "/usr/bin/systemctl restart nginx"}' | put /tmp/facts.json
try as erin assent policy explain --policy "$REPO/policy.d" --facts /tmp/facts.json --json
expect_rc 0 "also for facts of a file"
check "as JSON" [ "$(jq -r '.decision + " " + (.rule | tostring)' <<<"$OUT")" = "deny null" ]

step "a change that breaks a test"
web_file 's/"08:00-18:00"/"08:00-24:00"/' | commit 20-web.yaml
try in_repo './policy-ci.sh policy.d'
expect_rc 2 "fails"
expect_out 'decision: expected escalate, got allow' "with what was expected and what came"
expect_out 'rule by-day .*decides' "and why"
check "the report has it too" in_repo 'grep -q "failures=\"1\"" policy-report.xml'

step "what the change means"
on cp -a "$REPO/policy.d" "$REPO/base"
web_file '' | put "$REPO/base/20-web.yaml"
try in_repo 'assent policy diff base policy.d'
expect_rc 0 "is told"
expect_out '~ by-day changed' "rule by rule"
expect_out 'when\.hours: 08:00-18:00 -> 08:00-24:00' "key by key"
try in_repo 'assent policy diff --fail-on-change base base'
expect_rc 0 "and nothing where there is nothing"

step "a change that is a mistake"
web_file 's/duration: 30m/duraton: 30m/; s/from: web-leads/from: web-leds/' | commit 20-web.yaml
try in_repo 'assent policy check --no-accounts policy.d'
expect_rc 2 "does not load"
expect_any 'policy\.d/20-web\.yaml:18:5: .*duraton.*duration' "each with its place and what was meant"
try in_repo './policy-ci.sh policy.d'
expect_rc 2 "nor pass"

step "a change that loads and is not meant"
web_file "s/decision: deny/decision: allow\n    certified_until: $UNTIL/" | commit 20-web.yaml
try in_repo 'assent policy check --strict --no-accounts policy.d'
expect_rc 2 "a shell is found"
expect_any 'policy\.d/20-web\.yaml:24:5: .*shell.*\[[a-z-]+\]' "by name"
name=$(grep -Eo "20-web.yaml:24:5: [^[]*\[[a-z-]+\]" <<<"$OUT$ERR" | grep -v ': note:' | grep -Eo '\[[a-z-]+\]$' | tr -d '[]' | sort -u | sed 's/$/: the break-glass shell of carol/' | paste -sd,)
web_file "s/decision: deny/decision: allow\n    certified_until: $UNTIL\n    accept: { $name }/" | commit 20-web.yaml
try in_repo 'assent policy check --strict --no-accounts policy.d'
expect_rc 0 "accepted in the file with a reason it is meant"

step "files that others can write"
on chmod g+w "$REPO/policy.d/10-people.yaml"
try in_repo 'assent policy check --no-accounts policy.d'
expect_rc 2 "are refused"
expect_any '10-people\.yaml' "by name"
