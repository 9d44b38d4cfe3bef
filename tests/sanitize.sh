#!/usr/bin/env bash
# The whole suite under sanitizers: AddressSanitizer with UndefinedBehaviorSanitizer, and ThreadSanitizer. A report ends
# the program that it is about with an exit code of its own, and so fails the test.
#
#   tests/sanitize.sh [asan|tsan]      default: one after the other; built in .build-asan and .build-tsan
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

declare -rA sanitizers=([asan]="address,undefined" [tsan]="thread")
[ $# -gt 0 ] || set -- asan tsan
export TSAN_OPTIONS="halt_on_error=1 suppressions=$PWD/tests/tsan.supp"

for one; do
  [ -n "${sanitizers[$one]:-}" ] || { echo "sanitize.sh: '$one' is neither asan nor tsan" >&2; exit 1; }
  # Debug, since a release build leaves the asserts out.
  cmake -S . -B ".build-$one" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG="-O1 -g1" -DDOT_WERROR=ON \
    -DDOT_SANITIZE="${sanitizers[$one]}"
  cmake --build ".build-$one" -j "$(nproc)"
  ctest --test-dir ".build-$one" --output-on-failure -j "$(nproc)"
done
