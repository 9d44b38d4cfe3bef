#!/usr/bin/env bash
# How many lines the unit and integration tests reach, folder by folder. Fails where the two that carry every query
# are below 90 %.
#
#   tests/coverage.sh [BUILD-FOLDER]      default: .build-coverage
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
. tests/packages.sh

readonly build=${1:-.build-coverage} floor=90
want gcovr
# Unconfined: the counts are files, written as the program ends. Atomic: threads count together.
cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG="" \
  -DCMAKE_CXX_FLAGS="--coverage -fprofile-update=atomic -DDOT_UNCONFINED" >/dev/null
cmake --build "$build" -j "$(nproc)" --target unit_{dns,net,tls,proxyserver,client,lab} integration
find "$build" -name '*.gcda' -delete
# Without the test that measures speed, and the one that reads every word of a program which, run by somebody else,
# complains that it may not write its counts.
ctest --test-dir "$build" -L 'unit|integration' -E 'reach nine tenths of|a user that cannot be had' \
  --output-on-failure -j "$(nproc)"

gcovr --root . --object-directory "$build" --filter common/ --filter proxyserver/ --filter client/ --filter tests/lab/ \
  --json "$build/coverage.json" "$build"
failed=0
printf '\n%-16s %s\n' folder 'lines reached'
for folder in common/dns common/net common/tls proxyserver client tests/lab; do
  percent=$(gcovr -a "$build/coverage.json" --filter "$folder/" --json-summary | grep -o '"line_percent": [0-9.]*' | tail -1 | cut -d' ' -f2)
  printf '%-16s %s %%\n' "$folder" "$percent"
  case $folder in
    common/dns | proxyserver)
      awk -v percent="$percent" -v floor=$floor 'BEGIN { exit percent < floor }' || failed=1
      ;;
  esac
done
if [ "$failed" -ne 0 ]; then
  gcovr -a "$build/coverage.json" --filter common/dns/ --filter proxyserver/
  echo "common/dns or proxyserver is below $floor %: the lines that are missing are above" >&2
fi
exit "$failed"
