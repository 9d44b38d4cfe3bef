#!/usr/bin/env bash
# clang-tidy (the checks and their exceptions: .clang-tidy) and cppcheck over the programs, what they share, and
# the lab. Nothing is compiled; nothing may be found. The clang-tidy of Debian 12, version 14, does not know
# std::expected.
#
#   tests/lint.sh [FOLDER]      for the list of commands that clang-tidy goes by; default: .build-lint
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
. tests/packages.sh

readonly build=${1:-.build-lint}
want clang-tidy-19 cppcheck
cmake -S . -B "$build" -DCMAKE_EXPORT_COMPILE_COMMANDS=ON >/dev/null

# A parameter taken by value and moved from is what cppcheck calls passedByValue wherever the move is in the body
# of a lambda or of a template; clang-tidy (performance-unnecessary-value-param) sees the difference.
# returnStdMoveLocal is about locals; cppcheck takes a reference for one.
cppcheck --quiet --std=c++20 --language=c++ --enable=warning,performance,portability --inline-suppr -I . -j "$(nproc)" \
  --suppress=passedByValue --suppress=returnStdMoveLocal --error-exitcode=1 common proxyserver client tests/lab

# GCC's warning options are not all known to clang.
find common proxyserver client tests/lab -name '*.cpp' -print0 |
  xargs -0 -P "$(nproc)" -n 1 clang-tidy-19 --quiet -p "$build" --extra-arg=-Wno-unknown-warning-option 2>/dev/null
