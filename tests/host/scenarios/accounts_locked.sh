#!/bin/bash
# Who is locked, unlocked or given a last day is told to the agent at once, and never a hash.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

PUBLISHED=/run/assent/accounts

# What is published of a name: "locked -", "open 2027-01-01", or nothing.
told() {
    on sed -n "s/^$1 //p" "$PUBLISHED"
}
told_is() {
    [ "$(told "$1")" = "$2" ]
}
follows() { # TEXT NAME WHAT
    check "$1" wait_for 10 told_is "$2" "$3"
}
# Whether what is published was made from the very file that is there now.
is_fresh() {
    on sh -c "read -r _ _ _ changed inode <$PUBLISHED
        [ \"\$changed \$inode\" = \"\$(stat -c '%.9Z %i' /etc/shadow | tr -d .)\" ]"
}
ended_again() {
    [ "$(on systemctl is-active assent-accounts.service)" = inactive ]
}

need "the agent runs" on systemctl start assentd
check "the first start of the agent publishes" on test -f "$PUBLISHED"
try on stat -c '%U:%G %a' "$PUBLISHED"
check "for the agent alone to read" [ "$OUT" = "root:assent 640" ]
try on head -n 1 "$PUBLISHED"
expect_out '^assent-accounts 1 0 [0-9]+ [0-9]+$' "nobody is locked: accounts without a password are not"
try as alice cat "$PUBLISHED"
expect_err 'denied' "other users cannot read it"
try on setpriv --reuid=assent --regid=assent --clear-groups cat "$PUBLISHED"
expect_rc 0 "the agent's user can"
try on systemctl is-active assent-accounts.path assent-accounts.timer
check "path and timer units are on" [ "$OUT" = $'active\nactive' ]

step "changes as people make them"
on usermod -L carol
follows "usermod -L is told" carol "locked -"
on usermod -U carol
follows "usermod -U too" carol ""
on passwd -q -l dave
follows "passwd -l is told" dave "locked -"
on chage -E 2027-01-01 dave
follows "with the day given by chage -E" dave "locked 2027-01-01"
on passwd -q -u dave
follows "passwd -u leaves the day" dave "open 2027-01-01"
on usermod --expiredate 1 erin
follows "usermod --expiredate 1 ends an account" erin "open 1970-01-02"
on usermod --expiredate '' erin
follows "and an empty one takes it back" erin ""
on useradd --shell /bin/bash keysonly
on usermod -L bob
follows "a lock after it is told" bob "locked -"
check "an account that never had a password is not locked" told_is keysonly ""
on userdel keysonly
on userdel dave
follows "who is gone is not listed" dave ""
check "no hash is published" not on grep -q '[$]' "$PUBLISHED"

step "many changes in a row"
try on sh -c 'for i in $(seq 40); do usermod -L erin; usermod -U erin; done; usermod -L erin'
expect_rc 0 "80 changes in a row"
follows "the last one counts" erin "locked -"
check "and is the state that was read" wait_for 10 is_fresh
check "no limit has ended the watching" on systemctl is-active -q assent-accounts.path
on usermod -U erin
follows "it goes on" erin ""

step "it cannot run"
on sh -c 'mv /etc/shadow /etc/shadow.away'
check "the service fails" wait_for 10 on systemctl is-failed -q assent-accounts.service
check "what was known stays" told_is bob "locked -"
try on systemctl restart assentd
expect_rc 0 "the agent starts all the same"
on sh -c 'mv /etc/shadow.away /etc/shadow'
check "it runs again by itself" wait_for 10 is_fresh
check "and ends when there is nothing more to tell" wait_for 10 ended_again
on rm "$PUBLISHED"
on systemctl restart assentd
check "each start of the agent publishes" told_is bob "locked -"
