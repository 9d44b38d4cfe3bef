#!/usr/bin/env bash
# A flood of TLS handshakes from one address (127.0.0.66), by a process of its own, while a client at another asks 500
# times a second over 20 connections that it keeps: what becomes of that client's 99th percentile with
# --max-handshakes-per-client, and without. Exit code 1 unless the limit keeps it within twice that of no flood, and the
# flood without the limit does worse than that: else this proves nothing.
#
#   tests/bench/flood.sh [BUILD-FOLDER [ROUNDS [SECONDS [RATE]]]]      default: .build 5 3 1000000
#
# RATE is how many connections the flood begins per second at most; by default as many as it can. Rounds alternate (no
# flood, flood and limit, flood and no limit). Root runs all programs at a real-time priority, so that what else the
# machine does does not count, and the flood at a lower one: who floods has a machine of his own, and here he would take
# the proxy's. Others than root have priorities 0 and 19 (nice), and need an idle machine. The figures are those of the
# round whose p99 is the median; the least and the largest p99 stand beside.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."

readonly build=${1:-.build} rounds=${2:-5} seconds=${3:-3} rate=${4:-1000000} limit=20 pace=500
cmake --build "$build" -j "$(nproc)" --target proxyserver labresolver dot_load dot_flood cpu_time >/dev/null
readonly bench=$build/tests/bench
flooder=(nice -n 19)
if chrt -r -p 2 $$ 2>/dev/null; then flooder=(chrt -r 1); fi # the programs that follow have it too

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
    "${flooder[@]}" "$bench/dot_flood" "${uri[$2]}" 127.0.0.66 $((seconds + 2)) "$rate" >"$scratch/flood" &
    flood=$!
    until grep -qs flooding "$scratch/flood"; do kill -0 "$flood" && sleep 0.05; done
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
# at SCENARIO COLUMN PLACE: of the round whose p99 has that place (0 to 1) among them
at() {
  awk -v name="$1" '$1 == name' "$scratch/results" | sort -n -k 6 |
    awk -v column="$2" -v place="$3" '{ all[NR] = $column } END { print all[1 + int((NR - 1) * place)] }'
}
median() { at "$1" "$2" 0.5; }

for _ in $(seq "$rounds"); do
  measure quiet limited
  measure limit limited
  measure no-limit open
done

echo "| flood | connections begun/s | answered by TLS/s | median ms | p99 ms | p99 / no flood | p99 of rounds | lost | CPU % of a core |"
echo "|---|--:|--:|--:|--:|--:|--:|--:|--:|"
for name in quiet limit no-limit; do
  awk -v name="$name" -v p50="$(median "$name" 5)" -v p99="$(median "$name" 6)" -v quiet="$(median quiet 6)" \
    -v lost="$(median "$name" 3)" -v knocks="$(median "$name" 7)" -v answered="$(median "$name" 8)" \
    -v rate="$(median "$name" 10)" -v cpu="$(median "$name" 11)" -v least="$(at "$name" 6 0)" \
    -v largest="$(at "$name" 6 1)" 'BEGIN {
      printf "| %s | %d | %d | %.2f | %.2f | %.2f | %.2f – %.2f | %d | %d |\n", name == "quiet" ? "none" : name, rate,
        knocks ? answered / knocks * rate : 0, p50 / 1000, p99 / 1000, p99 / quiet,
        least / 1000, largest / 1000, lost, cpu }'
done
awk -v quiet="$(median quiet 6)" -v limit="$(median limit 6)" -v open="$(median no-limit 6)" 'BEGIN {
  if (limit > 2 * quiet) { print "flood: with the limit, the flood makes p99 more than twice as long" > "/dev/stderr"; exit 1 }
  if (open <= 2 * quiet) { print "flood: without the limit, the flood does no harm: this proves nothing" > "/dev/stderr"; exit 1 }
}'
