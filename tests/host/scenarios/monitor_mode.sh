#!/bin/bash
# Monitor mode on a host with people on it: nobody is refused or held up, what would have been is in
# the journal; taking the word out of the files does not end it, only reading the report does. Then
# the same rules are enforced.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

rules() { # MORE-KEYS-OF-NO-GROUPS
    cat <<X
rules:
  - id: people-in
    owner: approvers
    certified_until: 2099-12-31
    who: { user: [carol, dave] }
    what: { service: sshd }
    decision: allow
  - id: alice-asks
    owner: approvers
    who: { user: alice }
    decision: escalate
    approval: { stages: [{ from: approvers, within: 10m }], strength: local }
  - id: no-groups
    owner: approvers
    who: { user: carol-adm }
    what: { service: sudo, command: /usr/bin/id -G }
    decision: deny
    reason: Groups are nobody's business
    $1
  - id: carol-adm
    owner: approvers
    certified_until: 2099-12-31
    who: { user: carol-adm }
    what: { service: [sshd, sudo] }
    decision: allow
X
}

count_loads() { loads=$(journal ASSENT_EVENT=policy-loaded | wc -l); }
reloaded() { [ "$(journal ASSENT_EVENT=policy-loaded | wc -l)" -gt "$loads" ]; }
configure() { # the text of assent.yaml
    count_loads
    echo "$1" | put /etc/assent/assent.yaml
    on systemctl reload assentd
    need "the agent runs with \"$1\"" wait_for 5 reloaded
}
kill_agent() {
    local pid
    pid=$(on systemctl show -P MainPID assentd)
    signal_agent KILL
    need "the agent is back after kill -9" wait_for 10 another_agent "$pid"
}
another_agent() { agent_active && ! on systemctl show -P MainPID assentd | grep -qx -e "$1" -e 0; }
decided() { journal_has ASSENT_SUBJECT="$1" ASSENT_DECISION="$2" ASSENT_SERVICE="$3"; }
nobody_is_stopped() { # WHEN
    try ssh_as bob id -un
    expect_rc 0 "$1: bob, whom no rule knows, logs in"
    try ssh_as alice sudo -n id -u
    expect_rc 0 "$1: alice, who would have to ask, logs in and uses sudo"
    expect_out '^0$' "$1: which runs the command"
}

rules '' | policy
configure 'monitor: all'
door sshd sudo

step "everything is watched"
nobody_is_stopped "watched"
try tty_as alice sudo id -u
expect_rc 0 "at a terminal nothing is asked for"
try ssh_as alice assent request --service sudo --reason "to see" --json -- id -g
check "what is asked for by hand is put to people all the same" has_waiting
try on assent status
expect_out 'every door' "status says that nothing is enforced"
check "bob's login is in the journal" decided bob would-deny sshd
check "and alice's" decided alice would-escalate sshd
check "and her command" decided alice would-escalate sudo
check "under the rule that would have asked" journal_has ASSENT_SUBJECT=alice ASSENT_DECISION=would-escalate ASSENT_RULE=alice-asks
try ssh_as carol true
check "carol's login is an allowed one" decided carol allow sshd
check "and not a watched one" not decided carol would-deny sshd

step "kill -9"
kill_agent
nobody_is_stopped "after kill -9"

step "the file does not say so any more"
configure 'monitor: [su]'
nobody_is_stopped "taken out of the file"
try on assent status
expect_out 'every door .its file does not say so any more' "status says how it ends"
kill_agent
nobody_is_stopped "and after another kill -9"

step "the report"
try on assent report monitor
expect_rc 0 "there is one"
expect_out 'bob' "with whom it would have refused"
expect_out 'alice-asks' "and the rule that would have asked"
try ssh_as dave assent report monitor
check "which is not for everybody" not matches "$OUT" 'bob|alice'

step "who may end it, and how"
try ssh_as alice assent enforce --yes all
expect_rc 3 "alice may not"
try on assent enforce --yes su
expect_refused "what the file still says is not ended"
try on assent enforce all
expect_rc 2 "without a terminal and --yes nothing changes"
expect_out 'bob' "but it tells whom it would have stopped"
expect_out 'alice-asks' "and by which rule"
nobody_is_stopped "not agreed to"
put /tmp/enforce.exp <<'X'
set timeout 20
spawn assent enforce all
expect {
    -re {Enforce it from now on\?[^\r\n]*} {
        send "$argv\r"
        exp_continue
    }
    eof { exit [lindex [wait] 3] }
    timeout { exit 98 }
}
X
try on expect /tmp/enforce.exp n
expect_rc 3 "no is no"
try on expect /tmp/enforce.exp y
expect_rc 0 "root reads it at a terminal and agrees"

step "enforced"
try ssh_as bob true
expect_refused "bob is refused"
expect_err 'no rule allows this' "and told why"
try ssh_as alice true
expect_refused "alice has to ask"
try ssh_as carol true
expect_rc 0 "carol logs in as before"
kill_agent
try ssh_as bob true
expect_refused "that outlives the agent"
check "the change is in the journal" journal_has ASSENT_EVENT=enforced

step "a rule that is watched"
rules 'monitor: yes' | policy
try ssh_as carol-adm sudo -n id -G
expect_rc 0 "refuses nobody"
check "what it would have done is in the journal" journal_has ASSENT_SUBJECT=carol-adm ASSENT_WOULD=deny ASSENT_WOULD_RULE=no-groups
rules '' | policy
try ssh_as carol-adm sudo -n id -G
expect_rc 0 "nor does it when its word is taken back"
kill_agent
try on assent enforce --yes rule:no-groups
expect_rc 0 "until root enforces it"
expect_out 'carol-adm' "having read what it stops"
try ssh_as carol-adm sudo -n id -G
expect_refused "then it does"
expect_err "Groups are nobody's business" "with its reason"
try ssh_as carol-adm sudo -n id -u
expect_rc 0 "and nothing else"
