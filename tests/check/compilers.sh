#!/bin/sh
# gcc builds it in `make all`; clang, with the same warnings as errors and the tests, here.
set -eu
cd "$(dirname "$0")/../.."
if ! make --no-print-directory -j2 CC=clang BUILD=build/clang all unit-programs \
    flow-programs >build/clang.log 2>&1; then
    tail -n 30 build/clang.log
    echo "compilers: clang does not build it"
    exit 1
fi
echo "compilers: clang builds it without a warning too"
