#!/bin/bash
# An entitlement is asked for by its name, in real logins: listed, asked for, approved or granted at
# once. The grant opens what the entitlement lists and nothing else, until it is given back or the
# entitlement is another one.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

entitlements() { # COMMANDS-OF-READ-LOGS
    cat <<X
entitlements:
  db-admin:
    description: Administer PostgreSQL
    owner: approvers
    sensitivity: high
    labels: [db]
    services: [sudo, sshd]
    run_as: [root]
    commands: ["/usr/bin/id -u", "/usr/bin/systemctl restart postgresql*"]
    requesters: { user: [alice, erin] }
    max_duration: 1h
    evidence: { ticket: "^INC-[0-9]+\$" }
  web-admin:
    owner: approvers
    sensitivity: low
    labels: [web]
    services: [sudo]
    commands: [/usr/bin/uptime]
    max_duration: 1h
  read-logs:
    owner: approvers
    sensitivity: medium
    services: [sudo]
    run_as: [root]
    commands: [$1]
    requesters: { user: alice }
    max_duration: 2h
X
}

rules() { # USERS-WHO-LOG-IN
    cat <<X
rules:
  - id: people-in
    owner: approvers
    certified_until: 2099-12-31
    who: { user: [$1] }
    what: { service: sshd }
    decision: allow
  - id: db
    owner: approvers
    what: { entitlement: db-admin }
    decision: escalate
    duration: 50m
    approval: { stages: [{ from: approvers, within: 10m }], strength: local }
  - id: web
    owner: approvers
    certified_until: 2099-12-31
    what: { entitlement: web-admin }
    decision: allow
  - id: logs
    owner: approvers
    certified_until: 2099-12-31
    what: { entitlement: read-logs }
    decision: allow
X
}

labels() { # LABEL
    echo "labels: [$1]" | put /etc/assent/assent.yaml
    on systemctl reload assentd
    need "the host has the label $1" wait_for 5 reloaded
}
# the journal tells of the load, which is later than systemctl's word
reloaded() { [ "$(journal ASSENT_EVENT=policy-loaded | wc -l)" -gt "$loads" ]; }
count_loads() { loads=$(journal ASSENT_EVENT=policy-loaded | wc -l); }
named() { ssh_as "$1" assent entitlements --json | jq -r '.[].name' | paste -sd' '; }
grant_of() { on assent grants --all --json | jq -r ".[] | select(.entitlement == \"$1\" and .state == \"active\") | .id"; }

{ entitlements '/usr/bin/whoami'; rules 'alice, bob, carol, dave'; } | policy
count_loads
labels db
door sshd sudo

step "what may be asked for"
try ssh_as alice assent entitlements
expect_out '^db-admin$' "alice sees what she may ask for"
expect_out 'Decided by +approvers$' "who decides"
expect_out 'Needs +a reason \(8 characters at least\) and a ticket \(like \^INC-\[0-9\]\+\$\)$' "what it needs"
expect_out 'Ask with +assent request db-admin --reason "\.\.\." --ticket TICKET$' "and the command"
check "what has the label of other hosts is not there" [ "$(named alice)" = "db-admin read-logs" ]
check "nor is what others may ask for" [ "$(named bob)" = "" ]
try ssh_as alice assent request web-admin --reason "not on this host"
expect_rc 3 "which cannot be had by its name either"
try ssh_as bob assent request db-admin --reason "let me see too" --ticket INC-1
expect_rc 3 "nor by others"
try ssh_as alice assent request db-admi
expect_rc 2 "a name that does not exist is a mistake"

step "asked for"
try ssh_as alice assent request db-admin --for 30m --reason "replica is stuck"
expect_rc 3 "without the ticket it is refused"
expect_err 'a ticket \(like \^INC-\[0-9\]\+\$\) is needed' "which says what is missing"
check "and nothing is open" not has_waiting
try ssh_as alice assent request db-admin --for 30m --reason "replica is stuck" --ticket INC-4711
expect_rc 4 "with it a request is open"
id=$(request_id 5)
need "one" [ -n "$id" ]
try ssh_as alice assent request db-admin --for 30m --reason "replica is stuck" --ticket INC-4711
check "asking again joins it" [ "$(waiting | wc -l)" = 1 ]
try ssh_as alice sudo -n id -u
expect_refused "which opens nothing yet"
try ssh_as carol assent pending
expect_out "$id +waiting +alice +db-admin \(sudo or sshd\)" "carol has it in her list"
try ssh_as carol assent show "$id"
expect_out 'Entitlement +db-admin, sensitivity high: Administer PostgreSQL' "and sees what it is"
expect_out '/usr/bin/systemctl restart postgresql\* as root' "which commands it opens"
expect_out 'login by sshd from 127\.0\.0\.1' "and which login"
try approve_as carol "$id"
expect_rc 0 "she approves it in her own login"

step "what it opens"
try ssh_as alice sudo -n id -u
expect_rc 0 "a command that it lists"
expect_out '^0$' "runs as root"
try ssh_as alice 'cd /tmp && sudo -n /usr/bin/id -u'
expect_rc 0 "wherever it is run"
try ssh_as alice sudo -n id -g
expect_refused "other arguments do not"
try ssh_as alice sudo -n whoami
expect_refused "nor another command"
try ssh_as alice sudo -n -u bob id -u
expect_refused "nor another account to run as"
try ssh_as alice sudo -n LD_PRELOAD=/tmp/x.so id -u
expect_refused "nor a changed environment"
try ssh_as bob sudo -n id -u
expect_refused "nor somebody else's sudo"
on install -m 755 /usr/bin/id /usr/local/bin/id
try ssh_as alice sudo -n id -u
expect_refused "nor another file of that name"
on rm /usr/local/bin/id

step "the login is bound to where it was asked from"
{ entitlements '/usr/bin/whoami'; rules 'bob, carol, dave'; } | policy
try ssh_as alice sudo -n id -u
expect_rc 0 "without a rule for logins alice still gets in, by the grant"
SSH_OPTIONS=(-b 127.0.0.9)
try ssh_as alice true
expect_refused "not from another address"
try ssh_as bob true
expect_rc 0 "where others do"
SSH_OPTIONS=()

step "given back"
grant=$(grant_of db-admin)
try ssh_as alice assent show "$grant"
expect_out 'Control|Ticket +INC-4711' "the grant tells its ticket"
try ssh_as alice assent "done" "$grant"
expect_rc 0 "alice gives it back"
try ssh_as alice true
expect_refused "which closes the login"
{ entitlements '/usr/bin/whoami'; rules 'alice, bob, carol, dave'; } | policy
try ssh_as alice sudo -n id -u
expect_refused "and the command"
try ssh_as alice assent entitlements
expect_out 'asked for 1 time, approved 1' "how often it is approved is told"

step "granted at once where a rule allows it"
try ssh_as alice assent request read-logs --reason "look at errors"
expect_rc 0 "without anybody being asked"
expect_out '^Granted [0-9A-Z-]+: read-logs \(sudo\), until' "which says what"
try ssh_as alice sudo -n whoami
expect_rc 0 "it opens its command"
check "the grant keeps the reason" [ "$(on assent grants --all --json | jq -r '.[] | select(.state == "active") | .purpose')" = "look at errors" ]

step "the entitlement becomes another"
{ entitlements '/usr/bin/whoami, /usr/bin/uptime'; rules 'alice, bob, carol, dave'; } | policy
try ssh_as alice sudo -n whoami
expect_refused "then what was granted opens nothing"
try ssh_as alice sudo -n uptime
expect_refused "neither old nor new"

step "the host gets another label"
count_loads
labels web
check "then other entitlements are there" [ "$(named alice)" = "web-admin read-logs" ]
try ssh_as alice sudo -n uptime
expect_rc 0 "which open theirs"
try ssh_as alice sudo -n id -u
expect_refused "and those of the old label nothing"
