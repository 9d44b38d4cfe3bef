#!/usr/bin/env bash
# Fuzzes every target for a while, as many at a time as there are processors, beginning with what its folder in corpus/
# keeps; fails on any finding, which is then in FOLDER/findings, and prints how often each target ran. clang-19 is
# installed first where that is allowed (tests/packages.sh).
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
. tests/packages.sh

readonly seconds=${1:-30}
readonly build=${DOT_FUZZ_BUILD:-.build-fuzz}
shift $(($# > 0 ? 1 : 0))
targets=("$@")
if [ "${#targets[@]}" -eq 0 ]; then
  for source in tests/fuzz/*_fuzz.cpp; do targets+=("$(basename "$source" _fuzz.cpp)"); done
fi

want clang-19 libclang-rt-19-dev

# Debug, since a release build leaves the asserts out.
cmake -S . -B "$build" -DCMAKE_CXX_COMPILER=clang++-19 -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG="-O1 -g1" \
  -DDOT_FUZZ=ON -DDOT_SANITIZE=address,undefined,fuzzer-no-link >/dev/null
cmake --build "$build" -j "$(nproc)" --target "${targets[@]/%/_fuzz}"

mkdir -p "$build/findings"
fuzz() {  # TARGET
  mkdir -p "$build/live/$1"
  local log=$build/live/$1.log
  if "$build/tests/fuzz/$1_fuzz" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$build/findings/$1-" "$build/live/$1" "tests/fuzz/corpus/$1" >"$log" 2>&1; then
    printf '%-10s %10s executions\n' "$1" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
  else
    printf '%-10s failed; the end of %s:\n%s\n' "$1" "$log" "$(tail -n 40 "$log")"
    return 1
  fi
}

trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
failed=0 running=0
for target in "${targets[@]}"; do
  if [ "$running" -lt "$(nproc)" ]; then
    running=$((running + 1))
  else
    wait -n || failed=1
  fi
  fuzz "$target" &
done
for _ in $(seq "$running"); do wait -n || failed=1; done
exit "$failed"
