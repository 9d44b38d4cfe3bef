#!/usr/bin/env bash
# Do four copies of the proxy cost what four times one costs? Behind haproxy (proxyserver/deploy/haproxy.cfg), the same
# load for each copy, CPU time per query of the copies: one against four, in turn. All on one machine, in a network of
# its own, so queries per second are not what is asked here; as root.
#
#   tests/bench/copies.sh [BUILD-FOLDER [RUNS [PACE [SECONDS]]]]      default: .build 5 1500 10; PACE: queries a second
#                                                                     for each copy, over fifty connections
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."

readonly build=${1:-.build} runs=${2:-5} pace=${3:-1500} connections=50
readonly queries=$((pace * ${4:-10}))
if [ -z "${DOT_OWN_NETWORK:-}" ]; then
  cmake --build "$build" -j "$(nproc)" --target proxyserver client labresolver dot_load cpu_time
  DOT_OWN_NETWORK=yes exec unshare --net "$0" "$@"
fi
ip link set lo up

scratch=$(mktemp -d)
started=()
stop_all() {
  [ "${#started[@]}" -eq 0 ] || kill "${started[@]}" 2>/dev/null || true
  wait "${started[@]}" 2>/dev/null || true
  started=()
}
trap 'stop_all; rm -rf "$scratch"' EXIT

(umask 077; { head -c 80 /dev/urandom | base64 -w 0; echo; } >"$scratch/tickets")

# set_up COPIES: leaves their process ids in $pids
set_up() {
  local i
  pids=()
  "$build/tests/lab/labresolver" --listen tls://127.0.0.1:8530 --ca-out "$scratch/lab.pem" >"$scratch/lab.log" 2>&1 &
  started+=($!)
  until grep -qs listening "$scratch/lab.log"; do sleep 0.05; done
  for i in $(seq "$1"); do
    "$build/proxyserver/proxyserver" --listen "proxy+tls://127.0.1.$i:853" --proxy-from 127.0.0.0/8 --cert cert.pem \
      --key key.pem --ticket-key-file "$scratch/tickets" --upstream tls://127.0.0.1:8530#lab.test \
      --upstream-ca "$scratch/lab.pem" --idle-timeout 600s --log-level error >"$scratch/copy$i.log" 2>&1 &
    pids+=($!)
    until grep -qs listening "$scratch/copy$i.log"; do sleep 0.05; done
  done
  started+=("${pids[@]}")
  DOT_BIND=127.0.0.1:853 COPY1=127.0.1.1:853 COPY2=127.0.1.2:853 COPY3=127.0.1.3:853 COPY4=127.0.1.4:853 \
    haproxy -f proxyserver/deploy/haproxy.cfg >"$scratch/haproxy.log" 2>&1 &
  started+=($!)
  until "$build/client/client" @127.0.0.1:853 --ca cert.pem --short q.tag.test TXT >/dev/null 2>&1; do sleep 0.1; done
  until [ "$(grep -cs '^<.*is DOWN' "$scratch/haproxy.log")" -eq $((4 - $1)) ]; do sleep 0.1; done  # those not started
}

# measure COPIES: a line "COPIES CPU-US-PER-QUERY QUERIES LOST QUERIES-PER-SECOND P99-US"
measure() {
  local said before load
  set_up "$1"
  coproc LOAD { exec "$build/tests/bench/dot_load" tls://127.0.0.1:853 cert.pem $((connections * $1)) \
    $((20 * connections * $1)) $((queries * $1)) $((pace * $1)); }
  load=$!
  read -r said <&"${LOAD[0]}"
  before=$("$build/tests/bench/cpu_time" "${pids[@]}")
  echo >&"${LOAD[1]}"
  read -r said <&"${LOAD[0]}"
  awk -v copies="$1" -v ns="$(($("$build/tests/bench/cpu_time" "${pids[@]}") - before))" -v said="$said" 'BEGIN {
    count = split(said, fields, /[ =]/)
    for (i = 1; i < count; i += 2) of[fields[i]] = fields[i + 1]
    printf "%d %.2f %d %d %d %d\n", copies, ns / 1000 / of["queries"], of["queries"], of["lost"], of["qps"], of["p99_us"]
  }'
  eval "exec ${LOAD[1]}>&-"
  wait "$load"
  stop_all
}

for _ in $(seq "$runs"); do
  for copies in 1 4; do
    measure "$copies" >>"$scratch/results"
    tail -n 1 "$scratch/results"
  done
done

median() { awk -v copies="$1" '$1 == copies { print $2 }' "$scratch/results" | sort -n | awk '{ at[NR] = $1 } END { print at[int((NR + 1) / 2)] }'; }
awk -v one="$(median 1)" -v four="$(median 4)" -v lost="$(awk '{ n += $4 } END { print n }' "$scratch/results")" 'BEGIN {
  printf "CPU per query: one copy %.2f us, four copies %.2f us each; queries per CPU second of four: %.2f times four of one; lost %d\n",
    one, four, one / four, lost
  exit !(one / four > 0.9 && lost == 0)
}'
