#!/usr/bin/env bash
# What one answer costs from the command line, whole processes: `client google.com` against a bare OpenSSL client that
# only connects, verifies, asks and reads; against kdig (GnuTLS) and BIND's dig. Runs alternate, since machines are
# shared; medians of the wall time, in ms, and client's ratio to each.
#
#   tests/bench/client_start.sh [BUILD-FOLDER [RUNS]]      default: .build 200      needs kdig and dig for their rows
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."

build=$(realpath -- "${1:-.build}")
readonly build runs=${2:-200}
cmake --build "$build" -j "$(nproc)" --target client labresolver bare_client >/dev/null

scratch=$(mktemp -d)
readonly scratch
"$build/tests/lab/labresolver" --listen tls://127.0.0.1:0 --zone tests/lab/classroom.zone --ca-out "$scratch/ca.pem" \
  >"$scratch/listening" &
resolver=$!
trap 'kill $resolver; rm -rf "$scratch"' EXIT
until grep -q '^listening ' "$scratch/listening"; do sleep 0.05; done
port=$(sed -n 's/^listening .*://p' "$scratch/listening")
readonly port

bare() { "$build/common/bare_client" "$port" "$scratch/ca.pem"; }
ours() { "$build/client/client" "@127.0.0.1:$port" --ca "$scratch/ca.pem" google.com; }
kdig_() { kdig +tls-ca="$scratch/ca.pem" +tls-hostname=localhost @127.0.0.1 -p "$port" google.com; }
dig_() { dig +tls +tls-ca="$scratch/ca.pem" +tls-hostname=localhost -p "$port" @127.0.0.1 google.com; }

who=(bare ours)
for peer in kdig dig; do
  if command -v "$peer" >/dev/null; then who+=("${peer}_"); else echo "not installed, so skipped: $peer"; fi
done

for _ in $(seq "$runs"); do
  for one in "${who[@]}"; do
    begin=${EPOCHREALTIME/./}
    # Not into a file: to make and cut one costs milliseconds here, the same for all, and makes all alike.
    "$one" >/dev/null || { echo "$one failed"; exit 1; }
    echo $((${EPOCHREALTIME/./} - begin)) >>"$scratch/$one"
  done
done

median() { sort -n "$scratch/$1" | sed -n "$(((runs + 1) / 2))p"; }
ours=$(median ours)
readonly ours
printf '%-28s %8s %14s\n' "$runs runs each" "ms" "client / this"
for one in "${who[@]}"; do
  awk -v name="${one%_}" -v us="$(median "$one")" -v ours="$ours" \
    'BEGIN { sub("ours", "client google.com", name); sub("bare", "a bare OpenSSL client", name)
             printf "%-28s %8.2f %14.2f\n", name, us / 1000, ours / us }'
done
