#!/usr/bin/env bash
# ./start.sh in the current folder with the Docker engine and builder at hand, and both models' `docker run` lines.
set -euo pipefail
# shellcheck source=tests/container/check.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/check.sh"

out=$(mktemp)
clean_up() {
  docker rm -f dns-over-tls dns-over-tls-test >/dev/null 2>&1 || true
  rm -f "$out"
}
trap clean_up EXIT

health() { docker container inspect -f '{{.State.Health.Status}}' "$1"; }

# The first run builds; what is there under the container's name goes.
docker rm -f dns-over-tls >/dev/null 2>&1 || true
docker create --name dns-over-tls debian:trixie-slim true >/dev/null
started=$SECONDS
./start.sh >"$out" 2>&1 || failed "./start.sh" "$out"
cat "$out"
shows_the_demo "$out"
shows "$out" 'The proxy listens on 127.0.0.1:8443' "./start.sh ran the proxy in a container, in $((SECONDS - started)) s"

# The second is quick.
started=$SECONDS
./start.sh >"$out" 2>&1 || failed "the second ./start.sh" "$out"
shows_the_demo "$out"
[ $((SECONDS - started)) -le 30 ] || failed "the second run took $((SECONDS - started)) s"
passed "the second run took $((SECONDS - started)) s"

[ "$(docker exec dns-over-tls id -u)" -ne 0 ] || failed "the proxy runs as root"
[ -z "$(docker exec dns-over-tls sh -c 'command -v gcc g++ cc make cmake')" ] || failed "the image holds a compiler"
passed "an ordinary user, and no compiler in the image"

./start.sh stop >"$out"
! docker container inspect dns-over-tls >/dev/null 2>&1 || failed "./start.sh stop left the container" "$out"
passed "./start.sh stop"

# Somebody else has the port.
docker run -d --name dns-over-tls-test -p 127.0.0.1:8443:8443 dns-over-tls >/dev/null
if ./start.sh >"$out" 2>&1; then failed "./start.sh did not notice that its port is taken" "$out"; fi
shows "$out" 'port 8443 is taken' "a taken port is named"
docker rm -f dns-over-tls dns-over-tls-test >/dev/null 2>&1

# Both models in one container, as bare as it gets.
docker build -q -t dnsotls . >/dev/null
docker run -d --name dns-over-tls-test -p 127.0.0.1:8443:8443 -p 127.0.0.1:54:53 -p 127.0.0.1:54:53/udp \
  --read-only --cap-drop ALL --security-opt no-new-privileges dnsotls >/dev/null
for _ in $(seq 50); do
  ! docker logs dns-over-tls-test 2>&1 | grep -q '^listening udp://' || break
  sleep 0.1
done
client() { docker run --rm --network host --entrypoint client dnsotls "$@"; }
client --timeout 8 google.com >"$out" || failed "model 1: DNS over TLS on 8443" "$out"
shows "$out" 'status: (NOERROR|SERVFAIL)' "model 1: DNS over TLS on 8443"
client --timeout 8 @tcp://127.0.0.1:54 google.com >"$out" || failed "model 2: plain DNS on 54" "$out"
shows "$out" 'status: (NOERROR|SERVFAIL)' "model 2: plain DNS over TCP on 54"
client --timeout 8 @udp://127.0.0.1:54 google.com >"$out" || failed "model 2: plain DNS over UDP on 54" "$out"
shows "$out" 'status: (NOERROR|SERVFAIL)' "model 2: plain DNS over UDP on 54"
if command -v dig >/dev/null; then
  dig +tcp +time=8 +tries=1 -p 54 @127.0.0.1 google.com >"$out" || failed "model 2: dig" "$out"
  shows "$out" 'status: (NOERROR|SERVFAIL)' "model 2: dig +tcp -p 54"
fi

for _ in $(seq 40); do
  [ "$(health dns-over-tls-test)" != healthy ] || break
  sleep 1
done
[ "$(health dns-over-tls-test)" = healthy ] || failed "the container's health is $(health dns-over-tls-test)"
passed "the health check"

started=$SECONDS
docker stop dns-over-tls-test >/dev/null
[ "$(docker container inspect -f '{{.State.ExitCode}}' dns-over-tls-test)" = 0 ] || failed "docker stop: not exit code 0"
[ $((SECONDS - started)) -le 5 ] || failed "docker stop took $((SECONDS - started)) s"
passed "docker stop: exit code 0"
