#!/usr/bin/env bash
# Fuzzes every target for a while, beginning with what its folder in corpus/ keeps; fails on any finding, which is then
# in FOLDER/findings, and prints how often each target ran. clang-19 is installed first where that is allowed: as root.
#
#   tests/fuzz/run.sh [SECONDS-PER-TARGET [TARGET...]]      default: 30 seconds, all targets
#
# What is found new stays in FOLDER/live/TARGET, where the next run finds it. FOLDER is .build-fuzz, or $DOT_FUZZ_BUILD.
# To keep some of it, the fewest inputs that reach all that it reaches:
#
#   .build-fuzz/tests/fuzz/TARGET_fuzz -merge=1 tests/fuzz/corpus/TARGET .build-fuzz/live/TARGET
#
# To see a finding again, with any compiler: build the target TARGET_fuzz, and name the file to it.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."

readonly seconds=${1:-30}
readonly build=${DOT_FUZZ_BUILD:-.build-fuzz}
shift $(($# > 0 ? 1 : 0))
targets=("$@")
if [ "${#targets[@]}" -eq 0 ]; then
  for source in tests/fuzz/*_fuzz.cpp; do targets+=("$(basename "$source" _fuzz.cpp)"); done
fi

missing=()
for package in clang-19 libclang-rt-19-dev; do
  dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
  if [ "$(id -u)" -ne 0 ]; then
    printf 'to be installed first: %s\n' "${missing[*]}" >&2
    exit 1
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
fi

# Debug, since a release build leaves the asserts out.
cmake -S . -B "$build" -DCMAKE_CXX_COMPILER=clang++-19 -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG="-O2 -g1" \
  -DDOT_FUZZ=ON -DDOT_SANITIZE=address,undefined,fuzzer-no-link >/dev/null
cmake --build "$build" -j "$(nproc)" --target "${targets[@]/%/_fuzz}"

failed=0
mkdir -p "$build/findings"
for target in "${targets[@]}"; do
  mkdir -p "$build/live/$target"
  log=$build/live/$target.log
  if "$build/tests/fuzz/${target}_fuzz" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$build/findings/$target-" "$build/live/$target" "tests/fuzz/corpus/$target" >"$log" 2>&1; then
    printf '%-10s %10s executions\n' "$target" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
  else
    failed=1
    printf '%-10s failed; the end of %s:\n' "$target" "$log"
    tail -n 40 "$log"
  fi
done
exit "$failed"
