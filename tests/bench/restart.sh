#!/usr/bin/env bash
# The upstream restarted under load, at length: twenty times, under two thousand queries per second from DoT, TCP
# and UDP clients, asked over TLS and then over TCP. Every query must end, and 99.9 % of them well.
#
#   tests/bench/restart.sh [BUILD-FOLDER [RESTARTS [RATE]]]      default: .build 20 2000
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."

readonly build=${1:-.build}
cmake --build "$build" -j "$(nproc)" --target integration
DOT_RESTARTS=${2:-20} DOT_RATE=${3:-2000} \
  "$build/tests/integration/integration" "an upstream that is restarted again and again*"
