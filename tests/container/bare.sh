#!/usr/bin/env bash
# ./start.sh of the current folder on a bare Debian RELEASE (bookworm is 12, trixie is 13): no compiler, no Docker, no
# sudo, not even certificates.
#
#   tests/container/bare.sh RELEASE                            the demo and the lab
#   tests/container/bare.sh RELEASE tests [CTEST-OPTION]...    then ./start.sh test in the same container; by ccache where
#                                                              CCACHE_DIR is set; what fails beside others gets a second
#                                                              try, alone
set -euo pipefail
# shellcheck source=tests/container/check.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/check.sh"

readonly release=$1
readonly image=debian:$release-slim
shift
out=$(mktemp)
trap 'rm -f "$out" "$out.first"' EXIT

# bare SCRIPT [WORD]...: the script in a new container, in a copy of this folder; $cache are options of `docker run`.
cache=()
bare() {
  docker run --rm -v "$PWD:/src:ro" "${cache[@]}" "$image" sh -c "cp -r /src /project && cd /project || exit; $1" sh "${@:2}"
}

tests=
if [ "${1-}" = tests ]; then
  tests=yes
  shift
  if [ -n "${CCACHE_DIR-}" ]; then
    mkdir -p "$CCACHE_DIR"
    cache=(-v "$CCACHE_DIR:/ccache" -e CCACHE_DIR=/ccache -e CCACHE_BASEDIR=/project -e CMAKE_CXX_COMPILER_LAUNCHER=ccache)
  fi
fi

# Twice: the first installs and builds, the second finds all in place. Then the exercises, and the tests.
# shellcheck disable=SC2016  # the container's shell is to see them
bare '
  [ -z "${CCACHE_DIR-}" ] || { apt-get update -qq && apt-get install -qq -y ccache; } >/dev/null 2>&1 || exit
  ./start.sh && echo "== the second run" && ./start.sh && echo "== both runs ended"
  ps=$(cat /proc/[0-9]*/comm); case $ps in *proxyserver* | *labresolver*) echo "left running: $ps"; exit 1 ;; esac
  for exercise in tests/lab/exercises/*.sh; do
    name=$(basename "$exercise" .sh) code=0
    ./start.sh lab "${name#*-}" || code=$?
    case $code in 0) ;; 77) echo "== not here: $name" ;; *) exit "$code" ;; esac  # 77: a tool that it needs is missing
  done
  echo "== the exercises ended"
  [ "$1" = yes ] && shift || exit 0
  echo "== the tests"
  ./start.sh test "$@" && exit
  [ $? -eq 8 ] && ctest --test-dir .build --output-on-failure -j 1 --rerun-failed
' "$tests" "$@" >"$out" 2>&1 || {
  grep -vE 'Building|Linking|Built target|Scanning| Passed |^ *Start ' "$out" >"$out.first" || true  # the rest tells what failed
  failed "./start.sh${tests:+ and ./start.sh test $*} on a bare $image" "$out.first"
}
sed '/^== the second run/,$d' "$out" >"$out.first"
cat "$out.first"
shows_the_demo "$out.first"
shows "$out" '^== both runs ended' "a second run, and nothing left running"
shows "$out" '^== the exercises ended' "all exercises of the lab$(sed -n 's/^== not here: /, but /p' "$out" | tr -d '\n')"
if [ -n "$tests" ]; then
  tail -n 12 "$out"
  shows "$out" '^100% tests passed' "./start.sh test $* on a bare $image"
  ! grep '\*\*\*Failed\|\*\*\*Timeout' "$out" || echo "***** These passed at a second try only: see to it. *****"
fi

if bare 'useradd someone && chown -R someone . && su someone -c ./start.sh' >"$out" 2>&1; then
  failed "./start.sh without the right to install" "$out"
fi
shows "$out" 'sudo apt-get install .*g\+\+' "without the right to install: the command to type"
