#!/usr/bin/env bash
# The interop tests with all the programs that they talk to, installed first where that is allowed: as root, and
# on a machine where no service manager would run the daemons among them.
#
#   tests/interop/run.sh [BUILD-FOLDER]      default: .build
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."

readonly build=${1:-.build}

if [ "$(id -u)" -eq 0 ] && [ ! -d /run/systemd/system ]; then tests/interop/install.sh; fi

cmake -S . -B "$build" >/dev/null
cmake --build "$build" -j "$(nproc)"
ctest --test-dir "$build" -L interop --output-on-failure -j "$(nproc)"
