#!/usr/bin/env bash
# What the compiler and the linker were asked for, looked up in what they made: the programs, and the objects
# of ours that went into them.
#
#   tests/hardening.sh fortified|unfortified PROGRAM... -- OBJECT-OR-ARCHIVE...
#
# unfortified: FORTIFY_SOURCE needs an optimising compiler, and does not mix with sanitizers.
set -euo pipefail
export LC_ALL=C

readonly fortify=$1
shift
failures=0
fail() {
  printf '%s: %s\n' "$1" "$2" >&2
  failures=$((failures + 1))
}

check_program() {
  local program=$1 header dynamic symbols
  header=$(readelf -hlW "$program") dynamic=$(readelf -dW "$program") symbols=$(readelf --dyn-syms -W "$program")
  grep -Eq '\(FLAGS_1\).*\bPIE\b' <<<"$dynamic" || fail "$program" "not position-independent"
  grep -q GNU_RELRO <<<"$header" || fail "$program" "no RELRO"
  grep -Eq '\(FLAGS_1\).*\bNOW\b' <<<"$dynamic" || fail "$program" "RELRO is partial: symbols are bound lazily"
  grep -Eq 'GNU_STACK .* RW +0x' <<<"$header" || fail "$program" "the stack can be executed"
  ! grep -Eq 'LOAD .* (RWE|WE) ' <<<"$header" || fail "$program" "a segment can be both written and executed"
  ! grep -q TEXTREL <<<"$dynamic" || fail "$program" "relocations write to its code"
  grep -q ' __stack_chk_fail' <<<"$symbols" || fail "$program" "no stack protector"
  [ "$fortify" = unfortified ] || grep -Eq ' __[a-z]+_chk(@|$)' <<<"$symbols" || fail "$program" "no FORTIFY_SOURCE"
}

# CET. The linker marks a program only if all that went in is marked, and the C library's start-up objects are
# not in Debian 12. So it is our own that are looked at: each must carry the mark.
check_control_flow() {
  local notes marked members
  notes=$(readelf -nW "$1")
  marked=$(grep -c 'x86 feature: IBT, SHSTK' <<<"$notes" || true)
  members=$(grep -c '^File: ' <<<"$notes" || true)  # of an archive; a single object has no such line
  [ "$members" -gt 0 ] || members=1
  [ "$marked" -eq "$members" ] || fail "$1" "$marked of $members objects are marked for IBT and SHSTK"
}

while [ "$1" != -- ]; do
  check_program "$1"
  shift
done
shift
case $(uname -m) in
  x86_64 | i?86) for object in "$@"; do check_control_flow "$object"; done ;;
esac
exit $((failures > 0))
