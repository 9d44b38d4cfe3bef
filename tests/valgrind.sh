#!/usr/bin/env bash
# Both programs under valgrind's memcheck, end to end: every kind of listener and upstream, the client's outputs
# and failures, an upstream that is restarted under load, and the end with queries in flight. No error, nothing
# definitely lost. (What OpenSSL holds until the process ends is still reachable, and meant to be: it is told not
# to clean up at exit, where a thread might be using it.)
#
#   tests/valgrind.sh [BUILD-FOLDER]      default: .build
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
. tests/packages.sh

readonly build=${1:-.build}
want valgrind libc6-dbg
cmake -S . -B "$build" >/dev/null
cmake --build "$build" -j "$(nproc)" --target integration

# An error makes a program's exit code 99, which no test expects of any.
export DOT_UNDER="/usr/bin/valgrind --quiet --leak-check=full --errors-for-leak-kinds=definite --error-exitcode=99"
export GLIBC_TUNABLES=glibc.malloc.tcache_count=0  # else proxyserver starts itself again to set it: outside of valgrind
export DOT_RESTARTS=2 DOT_RATE=60  # a program under valgrind is some thirty times slower
"$build/tests/integration/integration" \
  "every combination of client leg*,client prints what the proxy answers*,client says in one line what is*,\
an upstream that is restarted again and again*,a signal to stop lets queries in flight*"
