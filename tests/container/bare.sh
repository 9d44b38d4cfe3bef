#!/usr/bin/env bash
# ./start.sh of the current folder on a bare Debian 12: no compiler, no Docker, no sudo, not even certificates.
#
#   tests/container/bare.sh [tests]      the demo and the lab; or ./start.sh test
set -euo pipefail
# shellcheck source=tests/container/check.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/check.sh"

out=$(mktemp)
trap 'rm -f "$out"' EXIT

if [ "${1-}" = tests ]; then
  docker run --rm -v "$PWD:/src:ro" debian:bookworm-slim sh -c 'cp -r /src /project && cd /project && ./start.sh test' \
    >"$out" 2>&1 || failed "./start.sh test on a bare Debian 12" "$out"
  tail -n 12 "$out"
  shows "$out" '^100% tests passed' "./start.sh test"
  exit
fi

# Twice: the first installs and builds, the second finds all in place. Then an exercise.
docker run --rm -v "$PWD:/src:ro" debian:bookworm-slim sh -c '
  cp -r /src /project && cd /project || exit
  ./start.sh && echo "== the second run" && ./start.sh && echo "== both runs ended"
  ps=$(cat /proc/[0-9]*/comm); case $ps in *proxyserver* | *labresolver*) echo "left running: $ps"; exit 1 ;; esac
  ./start.sh lab wrong-ca && echo "== the exercise ended"
' >"$out" 2>&1 || failed "./start.sh on a bare Debian 12" "$out"
sed '/^== the second run/,$d' "$out" >"$out.first"
cat "$out.first"
shows_the_demo "$out.first"
rm -f "$out.first"
shows "$out" '^== both runs ended' "a second run, and nothing left running"
shows "$out" '^== the exercise ended' "an exercise of the lab"

if docker run --rm -v "$PWD:/src:ro" debian:bookworm-slim sh -c '
  cp -r /src /project && cd /project && useradd someone && chown -R someone . && su someone -c ./start.sh' >"$out" 2>&1
then failed "./start.sh without the right to install" "$out"; fi
shows "$out" 'sudo apt-get install .*g\+\+' "without the right to install: the command to type"
