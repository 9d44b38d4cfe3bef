#!/usr/bin/env bash
# The interop tests with all the programs that they talk to, installed first where that is allowed: as root, and
# on a machine where no service manager would start the daemons among them.
#
#   tests/interop/run.sh [BUILD-FOLDER]      default: .build
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."

readonly build=${1:-.build}
readonly packages=(bind9-dnsutils chromium dnsdist dnsperf knot-dnsutils stubby tshark unbound)

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
  if [ "$(id -u)" -eq 0 ] && [ ! -d /run/systemd/system ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
  else
    printf 'not installed, so skipped: %s\n' "${missing[*]}"
  fi
fi

cmake -S . -B "$build" >/dev/null
cmake --build "$build" -j "$(nproc)"
ctest --test-dir "$build" -L interop --output-on-failure
