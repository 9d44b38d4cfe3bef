#!/usr/bin/env bash
# A flood of TLS handshakes from one address (127.0.0.66), as fast as a process of its own can, while a client at another
# asks 500 times a second over 20 connections that it keeps: what becomes of that client's 99th percentile with
# --max-handshakes-per-client, and without. Exit code 1 unless the limit keeps it within twice that of no flood, and the
# flood without the limit does worse than that: else this proves nothing.
#
#   tests/bench/flood.sh [BUILD-FOLDER [ROUNDS [SECONDS]]]      default: .build 5 4
#
# Rounds alternate (no flood, flood and limit, flood and no limit); the figures are medians of them. The flood is at the
# lowest priority (nice 19): who floods has a machine of his own, and here he would take the proxy's. What the kernel does
# for his connections is at our cost all the same.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."

readonly build=${1:-.build} rounds=${2:-5} seconds=${3:-4} limit=20 pace=500
cmake --build "$build" -j "$(nproc)" --target proxyserver labresolver dot_load dot_flood cpu_time >/dev/null
readonly bench=$build/tests/bench

scratch=$(mktemp -d)
declare -A pid uri
trap 'kill "${pid[@]}" 2>/dev/null || true; rm -rf "$scratch"' EXIT

# start NAME COMMAND...: it runs, and says where it listens.
start() {
  "${@:2}" >"$scratch/$1" 2>"$scratch/$1.log" &
  pid[$1]=$!
  until uri[$1]=$(sed -n 's/^listening //p' "$scratch/$1") && [ -n "${uri[$1]}" ]; do
    kill -0 "${pid[$1]}" || { cat "$scratch/$1.log" >&2; exit 1; }
    sleep 0.05
  done
}
start resolver "$build/tests/lab/labresolver" --listen tls://127.0.0.1:0 --ca-out "$scratch/ca.pem"
proxy=("$build/proxyserver/proxyserver" --listen tls://127.0.0.1:0 --cert cert.pem --key key.pem
  --upstream "${uri[resolver]}#localhost" --upstream-ca "$scratch/ca.pem")
start open "${proxy[@]}"
start limited "${proxy[@]}" --max-handshakes-per-client "$limit"

# measure SCENARIO PROXY: one round of the client, in a flood unless it is quiet.
measure() {
  local said cpu flood=0 knocked
  coproc LOAD { exec "$bench/dot_load" "${uri[$2]}" cert.pem 20 1000 $((pace * seconds)) "$pace"; }
  read -r said <&"${LOAD[0]}"
  if [ "$1" != quiet ]; then
    nice -n 19 "$bench/dot_flood" "${uri[$2]}" 127.0.0.66 $((seconds + 2)) >"$scratch/flood" &
    flood=$!
    until grep -q flooding "$scratch/flood"; do kill -0 "$flood" && sleep 0.05; done
    sleep 1 # the burst of two seconds' worth is over
  fi
  cpu=$("$bench/cpu_time" "${pid[$2]}")
  echo >&"${LOAD[1]}"
  read -r said <&"${LOAD[0]}"
  cpu=$(($("$bench/cpu_time" "${pid[$2]}") - cpu))
  local load=$!
  [ "$flood" = 0 ] || load=$LOAD_PID
  eval "exec ${LOAD[1]}>&-"
  wait "$load" || true
  knocked='knocks=0 answered=0 closed=0 per_second=0'
  if [ "$flood" != 0 ]; then
    wait "$flood"
    knocked=$(grep knocks= "$scratch/flood")
  fi
  echo "$1 $said $knocked cpu_percent=$((cpu / 10000000 / seconds))" | sed 's/[a-z_0-9]*=//g' >>"$scratch/results"
  tail -n 1 "$scratch/results" >&2
}
# Columns: scenario queries lost qps p50_us p99_us knocks answered closed per_second cpu_percent
median() {
  awk -v name="$1" -v column="$2" '$1 == name { print $column }' "$scratch/results" | sort -n |
    awk '{ at[NR] = $1 } END { print at[int((NR + 1) / 2)] }'
}

for _ in $(seq "$rounds"); do
  measure quiet limited
  measure limit limited
  measure no-limit open
done

echo "| flood | handshakes begun/s | of them answered | median ms | p99 ms | p99 / no flood | lost | CPU % of a core |"
echo "|---|--:|--:|--:|--:|--:|--:|--:|"
for name in quiet limit no-limit; do
  awk -v name="$name" -v p50="$(median "$name" 5)" -v p99="$(median "$name" 6)" -v quiet="$(median quiet 6)" \
    -v lost="$(median "$name" 3)" -v answered="$(median "$name" 8)" -v rate="$(median "$name" 10)" \
    -v cpu="$(median "$name" 11)" 'BEGIN { printf "| %s | %d | %d | %.2f | %.2f | %.2f | %d | %d |\n",
      name == "quiet" ? "none" : name, rate, answered, p50 / 1000, p99 / 1000, p99 / quiet, lost, cpu }'
done
awk -v quiet="$(median quiet 6)" -v limit="$(median limit 6)" -v open="$(median no-limit 6)" 'BEGIN {
  if (limit > 2 * quiet) { print "flood: with the limit, the flood makes p99 more than twice as long" > "/dev/stderr"; exit 1 }
  if (open <= 2 * quiet) { print "flood: without the limit, the flood does no harm: this proves nothing" > "/dev/stderr"; exit 1 }
}'
