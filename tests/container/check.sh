# Sourced: what the container tests say and how they fail.
# shellcheck shell=bash
passed() { printf 'ok: %s\n' "$1"; }
failed() {
  printf 'FAILED: %s\n' "$1" >&2
  shift
  [ $# -eq 0 ] || cat -- "$@" >&2
  exit 1
}

# shows FILE PATTERN WHAT: FILE has a line that matches.
shows() { if grep -qE -- "$2" "$1"; then passed "$3"; else failed "$3" "$1"; fi; }

# The demo's four steps, in order, and google.com's address at their end; classroom data is marked as such.
shows_the_demo() {
  local answer='^google\.com\.[[:space:]]+[0-9]+[[:space:]]+IN[[:space:]]+A[[:space:]]+[0-9.]+$'
  local steps
  steps=$(grep -oE '^\([1-4]\)' "$1" | tr -d '\n')
  [ "$steps" = '(1)(2)(3)(4)' ] || failed "the steps are $steps" "$1"
  shows "$1" "$answer" "the four steps, and google.com's address"
  if grep -q 'No public resolver can be reached' "$1"; then
    [ "$(grep -c '^;; CLASSROOM DATA' "$1")" -eq 2 ] || failed "the classroom's answer is not marked" "$1"
    passed "offline: the answer is marked as classroom data"
  fi
}
