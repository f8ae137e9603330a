#!/bin/bash
# Evidence that policy asks for: asked for at sudo's terminal kind by kind, again where it is not
# good enough, and named with the command that gives it ahead where nobody can be asked.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

policy <<'X'
entitlements:
  look:
    description: Look at ids
    owner: approvers
    sensitivity: high
    hosts: ["*"]
    services: [sudo]
    run_as: [root]
    commands: ["/usr/bin/id *"]
    max_duration: 10m
    evidence:
      reason_length: 8
      reason_repeats: 2
      ticket: "^INC-[0-9]+$"
      control: [snapshot, four-eyes]
rules:
  - id: look
    owner: approvers
    who: { user: alice }
    what: { entitlement: look, command: "/usr/bin/id -u" }
    certified_until: 2099-12-31
    decision: allow
    duration: 5m
  - id: confirmed
    owner: approvers
    who: { user: alice }
    what: { service: sudo, command: "/usr/bin/id -g" }
    decision: allow
    certified_until: 2099-12-31
    duration: 5m
    evidence: { reason: required, peer: [bob] }
X
door sudo

# sudo in the user's own session on a terminal. Each prompt gets the next line; the words ^C and
# ^D are the keys, pressed again until they are heard: sudo writes a prompt before it listens.
put /tmp/types.exp <<'X'
set timeout 5
set key ""
set patience 6
lassign $argv user command
set lines [lrange $argv 2 end]
spawn ssh -tt -i /home/$user/.ssh/id_ed25519 $user@127.0.0.1 "sudo $command; echo status=\$?"
expect {
    -re {(Reason|Ticket|Control|Colleague)[^\r\n]*: $} {
        if {[llength $lines] == 0} { exit 96 }
        set line [lindex $lines 0]
        set lines [lrange $lines 1 end]
        if {$line eq "^C"} { set key "\003" } elseif {$line eq "^D"} { set key "\004" }
        if {$key ne ""} { send -- $key } else { send -- "$line\r" }
        exp_continue
    }
    -re {status=([0-9]+)} { exit $expect_out(1,string) }
    eof { exit 97 }
    timeout {
        if {[incr patience -1] == 0} { exit 98 }
        if {$key ne ""} { send -- $key }
        exp_continue
    }
}
X
types() { on expect /tmp/types.exp "$@"; }
ran() { tr -d '\r' <<<"$OUT" | grep -qx 0; }

step "every kind in turn, and again where it is not good enough"
try types alice "/usr/bin/id -u" short "replica is stuck" 4711 INC-4711 prayer snapshot
expect_rc 0 "the command runs once everything is there"
check "as root" ran
expect_out 'Reason \(look, sensitivity high; 8 characters at least\): ' "what asks for it is named"
expect_out '"short" is too short a reason' "a short reason is not taken"
expect_out 'Ticket \(like \^INC-\[0-9\]\+\$\): ' "the form of a ticket is shown"
expect_out '"4711" does not look like one' "a ticket of another form is not taken"
expect_out 'Control \(snapshot or four-eyes\): ' "the controls are listed"
expect_out '"prayer" is none of them' "and no other is taken"
recorded() { journal | grep -q INC-4711; }
check "the ticket is in the record" wait_for 5 recorded

step "the same reason again and again"
try types alice "/usr/bin/id -u" "Replica  IS stuck" INC-1 snapshot
expect_rc 0 "is taken a second time"
try types alice "/usr/bin/id -u" "replica is stuck" "replica is stuck, now disk two" INC-1 snapshot
expect_rc 0 "and not a third time"
expect_out 'That reason was given 2 times lately' "which is said"

step "nothing given, nothing run"
try types alice "/usr/bin/id -u" "one more look" ""
expect_rc 1 "an empty line ends it"
expect_out 'no ticket was given' "and says what was not given"
expect_out 'assent request --service sudo --reason "..." --ticket TICKET --wait -- COMMAND' "and how to ask ahead"
try types alice "/usr/bin/id -u" "one more look" "^D"
expect_rc 1 "so does the end of the input"
expect_out 'no ticket was given' "with the same words"
try types alice "/usr/bin/id -u" "one more look" "^C"
check "^C ends it too" [ "$RC" != 0 ]
check "and the command did not run" not ran
try types alice "/usr/bin/id -u" "one more look" 1 2 3
expect_rc 1 "three bad tickets are the end"
expect_out 'no ticket was accepted in 3 tries' "which is said"

step "where nobody can be asked"
try ssh_as alice sudo -n /usr/bin/id -u
expect_refused "sudo -n is refused"
expect_err 'a reason \(8 characters at least\), a ticket \(like \^INC-\[0-9\]\+\$\) and a control \(snapshot or four-eyes\) are needed' "and all that is missing is named"
expect_err 'assent request --service sudo --reason "\.\.\." --ticket TICKET --control WORD --wait -- /usr/bin/id -u' "with the command that gives it"
try ssh_as alice assent request --service sudo --reason "nightly check" --ticket INC-2 --control prayer -- /usr/bin/id -u
expect_refused "which says what is not good enough"
expect_any '"prayer" is none of them' "by name"
try ssh_as alice assent request --service sudo --reason "nightly check" --ticket INC-2 --control snapshot --wait -- /usr/bin/id -u
expect_rc 0 "and takes what is"
try ssh_as alice sudo -n /usr/bin/id -u
expect_rc 0 "then sudo -n runs the command"

step "a colleague confirms"
start job on expect /tmp/types.exp alice "/usr/bin/id -g" "primary group" alice carol bob
id=$(request_id 15)
need "a request is open once the right one is named" [ -n "$id" ]
check "for whom it waits is shown" wait_for 5 grep -q 'bob' "$WORK/job.out"
check "nobody confirms for themselves" grep -q 'You cannot confirm for yourself' "$WORK/job.out"
check "nor does somebody else" grep -q 'carol may not confirm this' "$WORK/job.out"
try approve_as carol "$id"
expect_refused "the others cannot confirm it"
try approve_as bob "$id"
expect_rc 0 "the colleague can"
finish job 15
expect_rc 0 "and the command runs"
