#!/bin/bash
# A shell on the host of the demo, to try Assent by hand. Run it again in a second terminal
# to stand on the same host; it ends with the first shell.
set -u
# shellcheck source=tests/demo/stage.sh
. "$(dirname "$(readlink -f "$0")")/stage.sh"
HOST=demo-shell

crib() {
    cat <<'X'

You are root on shop1, a private host with the packages installed. Policy:
/etc/assent/policy.d/50-shop.yaml

  ssh alice                    let in by a rule        (leave with exit)
  ssh bob                      refused, with the reason
  ssh alice, then:  assent entitlements                what she may ask for
                    assent request shop-logs --reason "orders are slow"
                    sudo journalctl --no-pager -u shop -n 5
                    sudo systemctl restart shop        asks for evidence, waits for carol
  ssh carol, then:  assent pending; assent approve ID  lets it run

  assent status     assent doctor     assent watch     journalctl -u assentd -f

Other rules are proposed in /root/proposal: assent policy diff running /root/proposal,
assent policy replay /root/proposal. To load them: copy them to /etc/assent/policy.d, then
systemctl reload assentd; assent policy versions; assent policy rollback DIGEST.

A second terminal on this host: make demo-shell again. Leaving this shell ends the host.

X
}

# A terminal of the host's own, so that job control works.
shell() {
    on script -qec 'bash -l' /dev/null
}

joined() {
    "$TOOL/host.sh" list | grep -qx "$HOST up"
}

if joined; then
    crib
    shell
    exit
fi
begin_stage
trap end_host EXIT
trap 'exit 130' INT TERM HUP
build_all
boot_host
during "Policy and gate" dress_host
crib
shell
