#!/bin/sh
# The proxy in front of the classroom's own resolver, for a room without the Internet:
#     tests/lab/classroom.sh [OPTION OF proxyserver]...
# Looks for both programs in PATH, for the zone beside itself. Ends with the proxy, and takes the resolver along.
set -eu

folder=$(mktemp -d)
resolver='' proxy=''
clean_up() {
  for process in $proxy $resolver; do kill "$process" 2>/dev/null || true; done
  wait
  rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 0' INT TERM

# Port 0 takes a free one, and the line "listening tls://127.0.0.1:PORT" tells which.
: >"$folder/listening"
labresolver --listen tls://127.0.0.1:0 --zone "$(dirname "$0")/classroom.zone" --ca-out "$folder/ca.pem" >>"$folder/listening" &
resolver=$!
until grep -q '^listening ' "$folder/listening"; do
  kill -0 "$resolver" || exit 1
  sleep 0.05
done
upstream=$(sed -n 's/^listening //p' "$folder/listening")

# In the background, since a shell that waits for a foreground program does not hear a signal.
proxyserver --upstream "$upstream" --upstream-ca "$folder/ca.pem" "$@" &
proxy=$!
wait "$proxy"
