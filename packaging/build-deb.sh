#!/bin/sh
# Builds the Debian packages into OUT (default build/deb) from a copy of the tree, which
# itself is left as it is.
set -eu

cd "$(dirname "$0")/.."
out=${1:-build/deb}

mkdir -p "$out"
out=$(cd "$out" && pwd)
rm -rf "$out/src"
mkdir "$out/src"

list_files() {
    if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
        git ls-files -z --cached --others --exclude-standard
    else
        find . \( -path ./build -o -path ./.git \) -prune -o -type f -print0
    fi
}

# A file that git knows but that has been removed is not there to copy.
# shellcheck disable=SC2016 # the inner shell expands its own
list_files | xargs -0 -r sh -c 'for f; do [ ! -e "$f" ] || printf "%s\0" "$f"; done' sh |
    tar --null --no-recursion -T - -cf - | tar -C "$out/src" -xf -
cp -R packaging/debian "$out/src/debian"

version=$(sed -n '1s/^assent \([^ ]*\).*/\1/p' NEWS)
packaged=$(dpkg-parsechangelog -l packaging/debian/changelog -S Version)
if [ "$version" != "$packaged" ]; then
    echo "build-deb: NEWS says $version, packaging/debian/changelog says $packaged" >&2
    exit 1
fi

rm -f "$out"/*.deb "$out"/*.changes "$out"/*.buildinfo
cd "$out/src"
# What the calling make was told (BUILD=, SAN=) is not meant for the package.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES SAN
# Debug symbols double the time of a build and nobody installs them from here.
DEB_BUILD_OPTIONS="${DEB_BUILD_OPTIONS:-noautodbgsym parallel=2}" dpkg-buildpackage -us -uc -b
cd "$out"
rm -rf src
ls -1 "$out"/*.deb
