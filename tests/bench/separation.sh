#!/usr/bin/env bash
# Separation at length: ten million queries of two hundred clients over the connections that all share, in front of two
# resolvers that reorder, repeat and mix up answers and die in turn (tests/integration/shared_separation_test.cpp, where
# the suite asks a hundredth of that). It fails if one query of them all is lost, answered twice, or answered with
# another's answer, or if more end as SERVFAIL than the faults explain. Some ten minutes on two idle cores.
#
#   tests/bench/separation.sh [BUILD-FOLDER [QUERIES]]      default: .build 10000000; DOT_SEED=N repeats a run's dice
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."

readonly build=${1:-.build} queries=${2:-10000000}
DOT_QUERIES=$queries exec "$build/tests/integration/integration" "two hundred clients on shared connections*"
