#!/bin/sh
# The modules as built under valgrind (memcheck): loaded, used and unloaded twice, without an
# error and with nothing left, neither memory nor descriptors. Needs root, for a namespace of its
# own. BUILD: where they are; an ordinary build, no sanitizer.
set -eu
cd "$(dirname "$0")/../.."
ASSENT_BUILD=${BUILD:-build/out}
export ASSENT_BUILD
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# The gate plays in a fork that ends without cleaning up; its memory is not in question.
if ! valgrind --quiet --error-exitcode=9 --leak-check=full --show-leak-kinds=definite,indirect,possible \
    --errors-for-leak-kinds=definite,indirect,possible --child-silent-after-fork=yes \
    "$ASSENT_BUILD/tests/flow/load_modules" >"$log" 2>&1 </dev/null; then
    cat "$log"
    echo "valgrind: a module does not leave the process as it was"
    exit 1
fi
echo "valgrind: both modules load twice, answer and unload clean"
