#!/bin/bash
# A login by certificate runs only PAM's account and session, like one by key: allowed, refused and
# asked about in the same way.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

policy <<X
rules:
  - id: alice-in
    owner: approvers
    who: { user: alice }
    what: { service: sshd }
    certified_until: 2099-12-31
    decision: allow
  - id: bob-out
    owner: approvers
    who: { user: bob }
    what: { service: sshd }
    decision: deny
    reason: Not before the start date.
  - id: erin-asks
    owner: approvers
    who: { user: erin }
    what: { service: sshd }
    decision: escalate
    duration: 10m
    approval:
      stages: [ { from: approvers, need: 1, within: 10m } ]
      strength: local
  - id: people-in
    owner: approvers
    who: { user: [carol, dave] }
    what: { service: sshd }
    certified_until: 2099-12-31
    decision: allow
X
door sshd

on sh -c 'ssh-keygen -q -t ed25519 -N "" -f /root/ca && cp /root/ca.pub /etc/ssh/user_ca.pub &&
    echo "TrustedUserCAKeys /etc/ssh/user_ca.pub" >/etc/ssh/sshd_config.d/10-ca.conf'
on systemctl restart ssh
for user in alice bob erin; do
    on sh -c "ssh-keygen -q -t ed25519 -N '' -f /root/$user &&
        ssh-keygen -q -s /root/ca -I $user -n $user -V +1h /root/$user.pub &&
        rm -f /home/$user/.ssh/authorized_keys"
done

cert_as() {
    local user=$1
    shift
    on ssh -o BatchMode=yes -o IdentitiesOnly=yes -i "/root/$user" "$user@127.0.0.1" "$@"
}

try cert_as alice id -un
expect_rc 0 "an allowed certificate login goes in"
check "it was by certificate" sh -c "'$LIB/host.sh' exec '$HOST' journalctl --sync; '$LIB/host.sh' exec '$HOST' journalctl -u ssh | grep -q 'Accepted publickey for alice.*CERT'"
try cert_as bob id -un
expect_refused "a denied one is refused"
expect_err 'Not before the start date' "with the rule's reason"
try cert_as erin id -un
expect_refused "one that needs a person is sent away"
id=$(request_id 10)
need "its request is open" [ -n "$id" ]
expect_err "$id" "and it was told the id"
try approve_as carol "$id"
expect_rc 0 "carol approves"
try cert_as erin id -un
expect_rc 0 "the next login goes in"
