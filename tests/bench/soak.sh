#!/usr/bin/env bash
# The proxy under mixed load for long: DoT, TCP and UDP clients that come and go, in front of a resolver that loses,
# spoils and reorders answers and is restarted every twenty seconds. Each minute a line on what the proxy holds. It
# fails if that has grown: the most of the last five minutes beyond the most of five minutes from minute 5 on, by more
# than the slack below; or if the proxy ends, or does not stop in order.
#
#   tests/bench/soak.sh [BUILD-FOLDER [MINUTES]]      default: .build 30      the table goes to standard output
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."

readonly build=${1:-.build} minutes=${2:-30}
# Sessions and upstream connections vary with the moment of a sample, and each takes some 30 kB.
readonly slack_kb=1500 slack_descriptors=40 slack_threads=25
readonly rate=100 # queries per second, of each of four loads
command -v dnsperf >/dev/null || { echo "soak: install dnsperf first" >&2; exit 1; }

scratch=$(mktemp -d)
children=()
finish() {
  touch "$scratch/over"
  for child in "${children[@]}" $(cat "$scratch/resolver" 2>/dev/null); do kill "$child" 2>/dev/null || true; done
  wait
  rm -rf "$scratch"
}
trap finish EXIT

# port FILE TRANSPORT: from the announcements of a program that has just been started.
port() {
  for _ in $(seq 200); do
    sed -n "s/^listening $2:.*:\([0-9]*\)$/\1/p" "$1" | grep . && return
    sleep 0.05
  done
  echo "soak: no announcement in $1" >&2
  return 1
}

# resolver PORT: on that port, 0 picks one.
resolver() {
  "$build/tests/lab/labresolver" --listen "tls://127.0.0.1:$1" --ca-dir "$scratch/ca" --ca-out "$scratch/ca.pem" \
    --fault reorder=20 --fault duplicate=5% --fault drop=1% --fault wrong-id=1% --fault wrong-question=1% \
    --fault malformed=1% --fault close-mid-frame=1% --fault reset=1% --fault idle-close=3000 \
    >"$scratch/resolver.out" 2>>"$scratch/resolver.log" &
  echo $! >"$scratch/resolver"
}

restart_resolver() {
  while [ ! -e "$scratch/over" ]; do
    resolver "$upstream"
    sleep 20 &
    wait $! || true
    kill "$(cat "$scratch/resolver")" || true
    wait "$(cat "$scratch/resolver")" || true
  done
}

# load NAME ARGUMENTS...: dnsperf in stretches, so that its connections come and go, and its sudden end ends nothing.
load() {
  local name=$1
  shift
  while [ ! -e "$scratch/over" ]; do
    dnsperf -s 127.0.0.1 -d "$scratch/queries" -c 10 -T 1 -Q "$rate" -l 25 -t 8 -e "$@" 2>&1 |
      sed -n 's/^ *Queries \(completed\|lost\): *\([0-9]*\).*/\1 \2/p' >>"$scratch/load.$name" || true
  done
}

visits() { # a process each
  while [ ! -e "$scratch/over" ]; do
    if "$build/client/client" "@127.0.0.1:$dot" --ca cert.pem visit.tag.test TXT >/dev/null 2>&1; then
      echo "completed 1"
    else
      echo "lost 1"
    fi >>"$scratch/load.visits"
    sleep 0.5
  done
}

for i in $(seq 500); do
  echo "q$i.tag.test TXT"
  [ $((i % 20)) -eq 0 ] && printf 'delay-%d.q%d.tag.test A\nmissing.example.com A\n' "$i" "$i"
done >"$scratch/queries"

resolver 0
upstream=$(port "$scratch/resolver.out" tls)
kill "$(cat "$scratch/resolver")"
wait "$(cat "$scratch/resolver")" || true
"$build/proxyserver/proxyserver" --listen tls://127.0.0.1:0 --listen tcp://127.0.0.1:0 --listen udp://127.0.0.1:0 \
  --cert cert.pem --key key.pem --upstream "tls://127.0.0.1:$upstream#lab.test" --upstream-ca "$scratch/ca.pem" \
  >"$scratch/proxy.out" 2>"$scratch/proxy.log" &
proxy=$!
dot=$(port "$scratch/proxy.out" tls)
tcp=$(port "$scratch/proxy.out" tcp)
udp=$(port "$scratch/proxy.out" udp)

restart_resolver & children+=($!)
load dot -m dot -p "$dot" & children+=($!)
load tcp -m tcp -p "$tcp" & children+=($!)
load udp -m udp -p "$udp" & children+=($!)
load churn -m dot -p "$dot" -O num-queries-per-conn=10 & children+=($!)
visits & children+=($!)

count() { cat "$scratch"/load.* 2>/dev/null | awk -v what="$1" '$1 == what { sum += $2 } END { print sum + 0 }'; }
status() { sed -n "s/^$1:[[:space:]]*\([0-9]*\).*/\1/p" "/proc/$proxy/$2"; }

echo "| minute | RSS kB | PSS kB | descriptors | threads | queries ended | lost |"
echo "|--:|--:|--:|--:|--:|--:|--:|"
for minute in $(seq "$minutes"); do
  sleep 60 &
  wait $!
  kill -0 "$proxy" || { echo "soak: the proxy has ended:" >&2; tail -5 "$scratch/proxy.log" >&2; exit 1; }
  descriptors=("/proc/$proxy/fd/"*)
  echo "| $minute | $(status VmRSS status) | $(status Pss smaps_rollup) | ${#descriptors[@]} |" \
    "$(status Threads status) | $(count completed) | $(count lost) |" | tee -a "$scratch/table"
done

touch "$scratch/over"
kill "$proxy"
timeout 20 tail --pid="$proxy" -f /dev/null || kill -KILL "$proxy"
wait "$proxy" || { echo "soak: the proxy did not end well: $?" >&2; tail -5 "$scratch/proxy.log" >&2; exit 1; }

awk -F '|' -v from="$((minutes < 10 ? 1 : 5))" -v memory="$slack_kb" -v files="$slack_descriptors" -v threads="$slack_threads" '
  function most(column, first,   i, top) {
    for (i = first; i < first + 5 && i <= NR; ++i) if (value[i, column] > top) top = value[i, column]
    return top
  }
  function check(what, column, slack,   early, late) {
    early = most(column, from)
    late = most(column, NR > 4 ? NR - 4 : 1)
    printf "%s: at most %d in the five minutes from minute %d, %d in the last five (slack %d)\n", what, early, from, late, slack
    if (late > early + slack) { print what " has grown"; failed = 1 }
  }
  { for (i = 3; i <= 6; ++i) value[NR, i] = $i + 0 }
  END {
    check("RSS kB", 3, memory); check("PSS kB", 4, memory); check("descriptors", 5, files); check("threads", 6, threads)
    exit failed
  }' "$scratch/table"
