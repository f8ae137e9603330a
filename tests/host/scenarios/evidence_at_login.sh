#!/bin/bash
# A login that needs a reason and a ticket: asked for one by one where a person can answer, then
# people are waited for; a login by key alone is refused, and told what is missing.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

policy <<'X'
rules:
  - id: people-in
    owner: approvers
    who: { user: [carol, dave] }
    what: { service: sshd }
    certified_until: 2099-12-31
    decision: allow
    duration: 10m
  - id: asks
    owner: approvers
    who: { user: [alice, bob] }
    what: { service: sshd }
    decision: escalate
    duration: 10m
    evidence: { reason: required, ticket: "^INC-[0-9]+$" }
    approval:
      stages: [ { from: approvers, need: 1, within: 10m } ]
      strength: local
X
door sshd sshd-interactive
on usermod -a -G assent-interactive alice
on systemctl restart ssh

put /tmp/login.exp <<'X'
set timeout 30
set lines $argv
spawn ssh -i /home/alice/.ssh/id_ed25519 -o PreferredAuthentications=publickey,keyboard-interactive -o NumberOfPasswordPrompts=1 alice@127.0.0.1 "echo in-as-\$(id -un)"
expect {
    -re {(Reason|Ticket)[^\r\n]*: $} {
        if {[llength $lines] == 0} { exit 96 }
        send -- "[lindex $lines 0]\r"
        set lines [lrange $lines 1 end]
        exp_continue
    }
    timeout { exit 98 }
    eof { }
}
exit [lindex [wait] 3]
X

start login on expect /tmp/login.exp "replica is stuck" 4711 INC-4711
id=$(request_id 15)
need "a request is open once everything is given" [ -n "$id" ]
shown() { output_of login | grep -Eq "$1"; }
check "the first prompt names who will be asked" shown 'approval of carol or dave'
check "a ticket of another form is not taken" shown '"4711" does not look like one'
try on assent show "$id" --json
expect_out 'replica is stuck' "the reason is in the request"
expect_out 'INC-4711' "and the ticket"
try approve_as carol "$id"
expect_rc 0 "carol approves"
finish login 10
expect_rc 0 "the waiting login goes in"
expect_out 'in-as-alice' "as alice"
for grant in $(on assent grants --all --json | jq -r '.[] | select(.state == "active") | .id'); do
    on assent revoke "$grant" --reason "next part"
done

step "not given"
try on expect /tmp/login.exp "replica is stuck" ""
check "an empty line ends the login" [ "$RC" != 0 ]
expect_out 'no ticket was given' "and says what was not given"
expect_out 'assent request --service sshd --reason "..." --ticket TICKET --wait' "and how to ask ahead"
try on expect /tmp/login.exp "replica is stuck" 1 2 3
check "three bad tickets end it" [ "$RC" != 0 ]
expect_out 'no ticket was accepted in 3 tries' "which is said"
check "no request was opened by that" not has_waiting

step "by key alone"
try ssh_as bob true
expect_refused "nobody can be asked"
expect_err 'a reason and a ticket \(like \^INC-\[0-9\]\+\$\) are needed' "what is missing is named"
expect_err 'approval of approvers' "and who has to approve"
expect_err 'assent request --service sshd --reason "\.\.\." --ticket TICKET --wait' "with the command that gives it"
