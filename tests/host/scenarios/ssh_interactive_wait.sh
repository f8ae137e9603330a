#!/bin/bash
# The interactive login: one prompt asks for the reason, then it waits and goes in on approval.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

policy <<X
rules:
  - id: people-in
    owner: approvers
    who: { user: [carol, dave] }
    what: { service: sshd }
    certified_until: 2099-12-31
    decision: allow
    duration: 10m
  - id: alice-asks
    owner: approvers
    who: { user: [alice, bob] }
    what: { service: sshd }
    decision: escalate
    duration: 10m
    approval:
      stages: [ { from: approvers, need: 1, within: 10m } ]
      strength: local
X
door sshd sshd-interactive
on usermod -a -G assent-interactive alice
on systemctl restart ssh

cat >"$WORK/login.exp" <<'X'
set timeout 30
log_user 1
spawn ssh -i /home/alice/.ssh/id_ed25519 -o PreferredAuthentications=publickey,keyboard-interactive alice@127.0.0.1 "echo in-as-\$(id -un)"
expect {
    -re {[Rr]eason} { send "replica is stuck\r" }
    eof { exit 3 }
    timeout { exit 4 }
}
expect {
    -re {in-as-alice} { exp_continue }
    eof { }
    timeout { exit 5 }
}
exit [lindex [wait] 3]
X
put /tmp/login.exp <"$WORK/login.exp"
start login on expect /tmp/login.exp
id=$(request_id 15)
check "a request is open while the login waits" [ -n "$id" ]
check "the prompt was shown before the wait" wait_for 5 sh -c "grep -qi reason $WORK/login.out"
check "the prompt names who will be asked" sh -c "grep -Eq 'carol|dave|approvers' $WORK/login.out"
try on assent show "$id" --json
expect_out 'replica is stuck' "the reason typed at the prompt is in the request"
approved=$(now_ms)
try approve_as carol "$id"
expect_rc 0 "carol approves"
wait_for 10 ended login
took=$(($(now_ms) - approved))
finish login 5
expect_rc 0 "the waiting login goes in"
expect_out 'in-as-alice' "as alice"
check "soon after the approval ($took ms with the approver's own login)" [ $took -lt 3000 ]
