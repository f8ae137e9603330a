#!/bin/sh
# Copies what was built, and the files beside it, below DESTDIR. Called by `make install`
# with everything in the environment; enables nothing and edits no file of another package.
set -eu

: "${BUILD:?}" "${PREFIX:=/usr}" "${PAMDIR:?}" "${SUDODIR:=/usr/libexec/sudo}"
: "${LIBEXECDIR:=$PREFIX/libexec/assent}" "${UNITDIR:=/lib/systemd/system}" "${DESTDIR:=}"

put() { # MODE DIRECTORY FILE...
    mode=$1 directory=$DESTDIR$2
    shift 2
    install -d "$directory"
    install -m "$mode" "$@" "$directory/"
}

put_as() { # MODE FILE TARGET
    install -d "$DESTDIR$(dirname "$3")"
    install -m "$1" "$2" "$DESTDIR$3"
}

put 755 "$PREFIX/sbin" "$BUILD/assentd"
put 755 "$PREFIX/bin" "$BUILD/assent"
put 755 "$LIBEXECDIR" "$BUILD/assent-accounts"
put 644 "$PAMDIR" "$BUILD/pam_assent.so"
put 644 "$SUDODIR" "$BUILD/assent_sudo.so"

put 644 "$UNITDIR" packaging/*.service packaging/*.socket packaging/*.path packaging/*.timer
put_as 644 packaging/assent.sysusers "$PREFIX/lib/sysusers.d/assent.conf"
put_as 644 packaging/assent.tmpfiles "$PREFIX/lib/tmpfiles.d/assent.conf"
put 644 "$PREFIX/lib/systemd/catalog" packaging/assent.catalog
put_as 644 packaging/assent.bash-completion "$PREFIX/share/bash-completion/completions/assent"

put 644 /etc/assent etc/assent.yaml
install -d "$DESTDIR/etc/assent/policy.d"
put 644 "$PREFIX/share/assent" etc/io.assent.varlink etc/sshd_config.d/assent-interactive.conf

for page in docs/man/*.[158]; do
    put 644 "$PREFIX/share/man/man${page##*.}" "$page"
done
put 644 "$PREFIX/share/doc/assent" README.md ARCHITECTURE.md docs/*.md
put 644 "$PREFIX/share/doc/assent/examples/ci" etc/ci/README.md etc/ci/*.yml
put 755 "$PREFIX/share/doc/assent/examples/ci" etc/ci/policy-ci.sh
