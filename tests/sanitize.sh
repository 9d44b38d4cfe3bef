#!/usr/bin/env bash
# The suite under sanitizers: all of it under AddressSanitizer with UndefinedBehaviorSanitizer, built by clang++ with
# warnings as errors, and what has threads, or starts programs that do, under ThreadSanitizer. A report ends the program
# that it is about with an exit code of its own, and so fails the test.
#
#   tests/sanitize.sh [asan|tsan]      default: one after the other; built in .build-asan and .build-tsan
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

. tests/packages.sh

declare -rA sanitizers=([asan]="address,undefined" [tsan]="thread")
declare -rA compilers=([asan]=clang++-19 [tsan]=g++)
declare -rA targets=([asan]=all [tsan]="integration unit_proxyserver unit_tls unit_net")
declare -rA tests=([asan]=. [tsan]="^(integration|proxyserver|tls|net):")
[ $# -gt 0 ] || set -- asan tsan
export TSAN_OPTIONS="halt_on_error=1 suppressions=$PWD/tests/tsan.supp"

for one; do
  [ -n "${sanitizers[$one]:-}" ] || { echo "sanitize.sh: '$one' is neither asan nor tsan" >&2; exit 1; }
  [ "$one" = tsan ] || want clang-19 libclang-rt-19-dev
  # Debug, since a release build leaves the asserts out.
  cmake -S . -B ".build-$one" -DCMAKE_CXX_COMPILER="${compilers[$one]}" -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_CXX_FLAGS_DEBUG="-O1 -g1" -DDOT_WERROR=ON -DDOT_SANITIZE="${sanitizers[$one]}"
  # shellcheck disable=SC2086  # words
  cmake --build ".build-$one" -j "$(nproc)" --target ${targets[$one]}
  # Most of a test's time is waiting.
  ctest --test-dir ".build-$one" --output-on-failure -j "$(($(nproc) + 1))" -R "${tests[$one]}"
done
