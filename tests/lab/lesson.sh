# shellcheck shell=bash
# What the exercises share. Each of them sources this, tells its story with these words, and asserts its outcome:
#
#   phase TITLE        a new part of the story; with --step it waits for Enter first
#   say TEXT           a line of explanation
#   look TEXT          what to look at in what follows, or just came
#   resolver NAME [OPTION]…   starts a labresolver; $NAME is its tls:// URI, $NAME_tcp and $NAME_udp the others
#                             (on one port), $NAME_ca the file with its CA
#   proxy NAME [OPTION]…      starts a proxyserver likewise; $NAME is its tls:// URI (it shows cert.pem)
#   relay NAME URI [OPTION]…  starts a labrelay to URI; $NAME is its ADDRESS:PORT, $NAME_log what it prints
#   run COMMAND…       prints the command and its output; $output and $status are kept
#   expect_status N, expect REGEX, expect_not REGEX    the assertions, about the last run
#   await N REGEX FILE waits until that many lines of FILE match: a program may write a little later
#   value REGEX        the first part of $output that matches
#   quiz THEME         the run of client just before is the one that --quiz asks about, its THEME first
#                      (client --quiz-theme)
#
# Nothing is left behind: what was started is ended, and files are in a folder that goes.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
readonly root
lab=$(mktemp -d)  # where the exercise works
readonly lab
cd "$lab"
cp "$root/cert.pem" "$root/key.pem" .

if ! command -v labresolver >/dev/null; then
  echo "An exercise is run by  ./start.sh lab NAME  , which builds what it needs and puts it into the PATH." >&2
  exit 1
fi

step=no quizzed=no seed=1
while [ $# -gt 0 ]; do
  case $1 in
    --step) step=yes ;;
    --quiz) quizzed=yes ;;
    --seed) seed=$2 && shift ;;
  esac
  shift
done
started=()
output='' status=0 theme=''

# The quiz of an exercise comes last: all is over then but for the run that was kept.
clean_up() {
  local code=$? pid
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${started[@]}"; do wait "$pid" 2>/dev/null || true; done
  trap : INT  # ends the quiz, not this function
  if [ "$quizzed" = yes ] && [ "$code" -eq 0 ]; then ask_quiz || true; fi
  rm -rf "$lab"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

phase() {
  if [ "$step" = yes ] && [ -t 0 ]; then read -rp $'\n[Enter] ' _; fi
  printf '\n== %s\n' "$*"
}
say() { printf '%s\n' "$*" | fold -s -w 110 | sed 's/ $//'; }
look() { say "Look: $*"; }

fail() {
  printf '\nThis exercise did not go as it should: %s\n' "$*" >&2
  exit 1
}

# start NAME COMMAND…: in the background, until its first line says where it listens.
start() {
  local name=$1
  shift
  : >"$name.log"  # it is looked into before the program has been started, on a busy machine
  "$@" >"$name.log" 2>&1 &
  started+=($!)
  local _
  for _ in $(seq 200); do
    if grep -q '^listening ' "$name.log"; then return; fi
    kill -0 "${started[-1]}" 2>/dev/null || break
    sleep 0.05
  done
  fail "$1 did not start: $(cat "$name.log")"
}

listening() { sed -n "s|^listening \\($2://.*\\)|\\1|p" "$1.log" | head -n 1; }

resolver() {
  local name=$1
  shift
  start "$name" labresolver --listen tls://127.0.0.1:0 --listen tcp://127.0.0.1:0 --listen udp://127.0.0.1:0 \
    --zone "$root/tests/lab/classroom.zone" --ca-out "$lab/$name.pem" "$@"
  printf -v "$name" %s "$(listening "$name" tls)"
  printf -v "${name}_tcp" %s "$(listening "$name" tcp)"
  printf -v "${name}_udp" %s "$(listening "$name" udp)"
  printf -v "${name}_ca" %s "$name.pem"
}

proxy() {
  local name=$1
  shift
  start "$name" proxyserver --listen tls://127.0.0.1:0 "$@"
  printf -v "$name" %s "$(listening "$name" tls)"
}

relay() {
  local name=$1
  start "$name" labrelay --to "$2" "${@:3}"
  printf -v "$name" %s "$(listening "$name" tcp | sed 's|tcp://||')"
  printf -v "${name}_log" %s "$name.log"
}

# Output goes through a file: a command that fails must not end the story.
run() {
  printf '\n$ %s\n' "$*"
  status=0
  "$@" >output 2>&1 </dev/null || status=$?
  output=$(tr -d '\0' <output)
  [ -z "$output" ] || printf '%s\n' "$output" | sed 's/^/    /'
  [ "$status" -eq 0 ] || printf '    (exit code %s)\n' "$status"
}

expect_status() { [ "$status" -eq "$1" ] || fail "exit code $status, not $1"; }
expect() { grep -qE -- "$1" <<<"$output" || fail "the output has no '$1'"; }
expect_not() { ! grep -qE -- "$1" <<<"$output" || fail "the output has '$1'"; }
value() { grep -oE -- "$1" <<<"$output" | head -n 1; }

await() {
  local _
  for _ in $(seq 200); do
    [ "$(grep -cE -- "$2" "$3")" -lt "$1" ] || return 0
    sleep 0.02
  done
  fail "$3 has not $1 lines with '$2'"
}

if [ "$quizzed" = yes ]; then
  client() {  # keeps each run that can be kept
    case " $* " in
      *' --bench '* | *' --version '*) command client "$@" ;;
      *) command client "$@" --save kept.run ;;
    esac
  }
fi

quiz() {
  [ "$quizzed" = yes ] || return 0
  theme=$1
  mv kept.run quiz.run
  local sheet
  sheet=$(command client --replay quiz.run --quiz-sheet --quiz-theme "$theme" --json)
  [ "$(grep -o '"number"' <<<"$sheet" | wc -l)" -ge 5 ] || fail "fewer than five questions for the quiz"
  grep -qE "\"themes\":\"([^\"]* )?${theme}[ \"]" <<<"$sheet" || fail "no question about $theme for the quiz"
}

# From the terminal; without one, the questions for paper.
ask_quiz() {
  local way=--quiz
  if [ ! -f quiz.run ]; then
    say "No quiz: the exercise did not come to the run that it is about."
    return
  fi
  [ -t 0 ] || way=--quiz-sheet
  printf '\n== The quiz\n'
  command client --replay quiz.run "$way" --quiz-theme "$theme" --seed "$seed"
}

# Programs that are no part of this project: the exercise says how to get one, and ends.
need() {
  command -v "$1" >/dev/null && return
  say "This exercise needs $1:  sudo apt-get install $2"
  [ -z "${CI-}" ] || fail "$1 is missing"
  exit 77  # ctest's "skipped"
}

# The same story as a page: this has the words above again, and writes HTML (./start.sh lab --html).
# shellcheck source=tests/lab/handout_page.sh
[ -z "${HANDOUT-}" ] || source "$root/tests/lab/handout_page.sh"
