#!/usr/bin/env bash
# The demonstration by one command: build the proxy, run it, ask it for google.com over TLS, print the answer.
# In a container where a Docker or Podman engine answers, else with this machine's own compiler.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

readonly name=dns-over-tls  # of the image and of the container
readonly port=8443
readonly build=.build
# catch2 is for the tests alone, but CMake asks for it wherever it configures labresolver, which lives there.
readonly build_packages=(g++ make cmake libssl-dev libfmt-dev catch2 ca-certificates)
# What the tests ask with besides our own client: dig, kdig and openssl.
readonly test_packages=("${build_packages[@]}" bind9-dnsutils knot-dnsutils openssl)

usage() {
  cat <<TEXT
usage: ./start.sh          the demo: (1) remove the container '$name' (2) build and run the proxy
                           (3) ask it for google.com from this shell (4) print the answer
       ./start.sh lab      the exercises: what there is to learn, each run by  ./start.sh lab NAME [--step]
                           with --quiz [--seed N], questions about it follow, other ones for another N
       ./start.sh lab --html FOLDER   runs all of them, and writes each as a page to read or to print
       ./start.sh test     build everything with warnings as errors and run every test; what follows chooses among
                           them, in ctest's words:  ./start.sh test -L unit
       ./start.sh stop     remove the container that the demo left running
       ./start.sh --help   this text

With a Docker or Podman engine the proxy runs in a container; without one it is built and run right here.
Where no public resolver answers, the demo says so and asks the classroom's own resolver instead.
TEXT
}

step() { printf '\n(%s) %s\n' "$1" "$2"; }
say() { printf '    %s\n' "$*"; }
die() {
  printf 'start.sh: %s\n' "$*" >&2
  exit 1
}

# quietly COMMAND...: its output is of interest only when it fails.
quietly() {
  "$@" >"$scratch/log" 2>&1 || {
    tail -n 40 "$scratch/log" >&2
    printf 'start.sh: this failed: %s\n' "$*" >&2
    return 1
  }
}

# ---- building on this machine -------------------------------------------------------------------------------------

missing_packages() {
  local package
  for package; do
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || echo "$package"
  done
}

install_packages() {
  local missing as_root=()
  if ! command -v apt-get >/dev/null; then  # not Debian, not Ubuntu: nothing to install with, so only look
    if command -v cmake >/dev/null && command -v c++ >/dev/null; then return; fi
    die "install CMake 3.25, a C++23 compiler, OpenSSL 3, fmt and Catch2 (with their headers) first"
  fi
  mapfile -t missing < <(missing_packages "$@")
  [ "${#missing[@]}" -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    as_root=(sudo -n)
    sudo -n true 2>/dev/null ||
      die "packages are missing; type this, then ./start.sh again:
    sudo apt-get install --no-install-recommends ${missing[*]}"
  fi
  say "installing ${missing[*]}"
  "${as_root[@]}" apt-get update -qq >/dev/null 2>&1 || true  # offline, the lists of last time may do
  quietly "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}"
}

configure() {
  quietly cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Release "$@" ||
    quietly cmake --fresh -S . -B "$build" -DCMAKE_BUILD_TYPE=Release "$@"  # e.g. the folder was moved
}

compile() { cmake --build "$build" -j "$(nproc)" "$@"; }

# ---- one demo, two ways to run it: each has start_proxy [classroom], proxy_log, proxy_runs, client_in_place --------

# The engine that answers, if any. A docker command may be there without an engine behind it.
find_engine() {
  if docker version >/dev/null 2>&1; then
    echo docker
  elif podman info >/dev/null 2>&1; then
    echo podman
  fi
}

use_container() {
  # Nothing that the proxy does not need: no root, no capabilities, no writable file but /tmp. The sysctl lets an
  # ordinary user listen on port 53; Docker sets it by itself, Podman does not.
  readonly run_options=(-d --name "$name" -p "127.0.0.1:$port:$port" --read-only --tmpfs /tmp --cap-drop ALL
    --security-opt no-new-privileges --sysctl net.ipv4.ip_unprivileged_port_start=0)

  start_proxy() {
    local command=("$name")
    [ "${1-}" != classroom ] ||
      command=(--entrypoint /usr/local/lib/dns-over-tls/classroom.sh "$name" --listen "tls://0.0.0.0:$port")
    "$engine" rm -f "$name" >/dev/null 2>&1 || true
    "$engine" run "${run_options[@]}" "${command[@]}" >/dev/null 2>"$scratch/errors" || {
      "$engine" rm -f "$name" >/dev/null 2>&1 || true  # else it stays, created but never started
      could_not_start
    }
  }
  proxy_log() { "$engine" logs "$name" 2>&1; }
  proxy_runs() { [ "$("$engine" container inspect -f '{{.State.Running}}' "$name" 2>/dev/null)" = true ]; }
  client_in_place() { "$engine" exec "$name" client "$@"; }
}

use_this_machine() {
  PATH=$PWD/$build/client:$PWD/$build/proxyserver:$PWD/$build/tests/lab:$PWD/tests/lab:$PATH

  start_proxy() {
    local command=(proxyserver)
    [ "${1-}" != classroom ] || command=(classroom.sh)
    stop_own_proxy
    "${command[@]}" --listen "tls://127.0.0.1:$port" >"$scratch/errors" 2>&1 &
    proxy=$!
  }
  proxy_log() { cat "$scratch/errors"; }
  proxy_runs() { kill -0 "$proxy" 2>/dev/null; }
  client_in_place() { client "$@"; }
}

stop_own_proxy() {
  [ -n "$proxy" ] || return 0
  kill "$proxy" 2>/dev/null || true
  wait "$proxy" 2>/dev/null || true
  proxy=
}

could_not_start() {
  cat "$scratch/errors" >&2
  if grep -qiE 'in use|already allocated' "$scratch/errors"; then
    die "port $port is taken; see who has it with  ss -ltnp 'sport = :$port'  , end that, and run ./start.sh again"
  fi
  die "the proxy did not start"
}

await_proxy() {
  local _
  for _ in $(seq 100); do
    ! proxy_log | grep -q "^listening tls://.*:$port" || return 0
    proxy_runs || break
    sleep 0.1
  done
  log=$(proxy_log)  # first: in native mode it comes from the very file
  printf '%s\n' "$log" >"$scratch/errors"
  could_not_start
}

# Only an answer proves that a resolver can be reached: some networks take every connection and carry nothing.
public_resolver_answers() { client_in_place --timeout 7 google.com 2>/dev/null | grep -q 'status: NOERROR'; }

run_proxy() {
  start_proxy
  await_proxy
  public_resolver_answers && return 0
  classroom=yes
  say "No public resolver can be reached from here: the proxy could not get an answer out of 1.1.1.1 or 8.8.8.8."
  say "The same demo goes on with labresolver, the classroom's own resolver, in their place."
  start_proxy classroom
  await_proxy
}

ask_and_print() {
  local mark=";; CLASSROOM DATA: labresolver made this answer up from tests/lab/classroom.zone; it is not the Internet's."
  local status=0
  step 3 "Asking from this shell: client google.com"
  "$@" google.com >"$scratch/answer" || status=$?
  step 4 "The DNS result"
  [ -z "$classroom" ] || echo "$mark"
  cat "$scratch/answer"
  [ -z "$classroom" ] || echo "$mark"
  echo
  [ "$status" -eq 0 ] || die "client failed with exit code $status"
}

# ---- the commands ---------------------------------------------------------------------------------------------------

# Sets `client`: the one built here, else the image's own if it runs here, else one in a container on our network.
find_client() {
  if [ -x "$build/client/client" ] && command -v cmake >/dev/null && compile --target client >/dev/null 2>&1; then
    client=("$build/client/client")
  elif mkdir -p "$build" && "$engine" cp "$name:/usr/local/bin/client" "$build/client-of-image" >/dev/null 2>&1 &&
    "$build/client-of-image" --version >/dev/null 2>&1; then
    client=("$build/client-of-image")
  else
    client=("$engine" run --rm --network host --entrypoint client "$name")
  fi
}

demo_in_container() {
  local client
  step 1 "Removing any container named $name"
  "$engine" rm -f "$name" >/dev/null 2>&1 || true
  step 2 "Building the image with $engine and running it (the first time takes a few minutes)"
  if ! quietly "$engine" build -t "$name" .; then
    say "The image cannot be built (see above); the same without a container."
    demo_on_this_machine
    return
  fi
  use_container
  run_proxy
  say "The proxy listens on 127.0.0.1:$port."
  find_client
  ask_and_print "${client[@]}"
  say "The container $name goes on running. Ask it more:  ${client[*]} example.com AAAA"
  say "Stop it:  ./start.sh stop"
}

demo_on_this_machine() {
  step 1 "No container: there is nothing to remove"
  step 2 "Building here and running the proxy (the first time takes a few minutes)"
  install_packages "${build_packages[@]}"
  configure
  quietly compile --target proxyserver client labresolver
  use_this_machine
  run_proxy
  say "The proxy listens on 127.0.0.1:$port."
  ask_and_print client
  say "The proxy has been stopped. Run it yourself:  $build/proxyserver/proxyserver"
  say "and ask it from another shell:               $build/client/client google.com"
}

demo() {
  engine=$(find_engine)
  if [ -n "$engine" ]; then demo_in_container; else demo_on_this_machine; fi
}

# test [CTEST-OPTION]...
run_tests() {
  install_packages "${test_packages[@]}"
  configure -DDOT_TESTS=ON -DDOT_WERROR=ON
  compile
  ctest --test-dir "$build" --output-on-failure -j "$(nproc)" "$@"
}

# lab --html FOLDER: what the exercises print and show, as pages.
hand_out() {
  [ -n "$1" ] || die "say which folder the pages go to:  ./start.sh lab --html FOLDER"
  install_packages "${build_packages[@]}"
  configure
  quietly compile --target proxyserver client labresolver labrelay
  use_this_machine
  say "Running all exercises; their pages are in $1:"
  tests/lab/handout.sh "$1" || die "an exercise failed; run it by itself to see where"
}

check_lab_options() {
  while [ $# -gt 0 ]; do
    case $1 in
      --step | --quiz) ;;
      --seed)
        [[ ${2-} =~ ^[0-9]{1,9}$ ]] || die "--seed needs a number"
        shift
        ;;
      *) die "'$1' is no option of an exercise; there are --step, --quiz and --seed N" ;;
    esac
    shift
  done
}

# lab [--list | --html FOLDER | EXERCISE [--step] [--quiz [--seed N]]]: without one, the index, out of the first line of each.
lab() {
  local exercises=(tests/lab/exercises/*.sh) exercise
  if [ $# -eq 0 ] || [ "$1" = --list ]; then
    for exercise in "${exercises[@]}"; do
      printf '  %-20s %s\n' "$(basename "$exercise" .sh | cut -c 4-)" "$(sed -n '2s/^# //p' "$exercise")"
    done
    printf '\nRun one:  ./start.sh lab first-query      pausing between its parts:  ./start.sh lab first-query --step\n'
    printf 'All of them as pages to read or to print:  ./start.sh lab --html FOLDER\n'
    printf 'With questions about it at the end:       ./start.sh lab first-query --quiz\n'
    return
  fi
  if [ "$1" = --html ]; then
    hand_out "${2-}"
    return
  fi
  exercise=$(printf '%s\n' "${exercises[@]}" | grep -E "/[0-9]+-$1\.sh$") || die "no exercise '$1'; try ./start.sh lab"
  check_lab_options "${@:2}"
  install_packages "${build_packages[@]}"
  configure
  quietly compile --target proxyserver client labresolver labrelay
  use_this_machine
  "$exercise" "${@:2}"
}

stop() {
  engine=$(find_engine)
  if [ -n "$engine" ] && "$engine" container inspect "$name" >/dev/null 2>&1; then
    "$engine" rm -f "$name" >/dev/null
    echo "The container $name is gone."
  else
    echo "Nothing to stop: no container $name here."
  fi
}

engine='' proxy='' classroom=''
scratch=$(mktemp -d)
trap 'stop_own_proxy; rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

case ${1-} in
  test) ;;
  lab) [ $# -le 6 ] || die "too many words; try ./start.sh --help" ;;
  *) [ $# -le 1 ] || die "too many words; try ./start.sh --help" ;;
esac
case ${1-} in
  '') demo ;;
  lab) lab "${@:2}" ;;
  test) run_tests "${@:2}" ;;
  stop) stop ;;
  -h | --help | help) usage ;;
  *) die "unknown word '$1'; try ./start.sh --help" ;;
esac
