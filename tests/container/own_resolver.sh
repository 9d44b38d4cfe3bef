#!/usr/bin/env bash
# This machine's own DNS by the proxy, as proxyserver/deploy/README.md has it: programs ask 127.0.0.1:53 by the C library,
# over UDP and TCP, and the proxy asks a resolver over TLS. In namespaces of its own, for the network and for mounts: the
# machine's own /etc/resolv.conf stays as it is. As root.
#
#   tests/container/own_resolver.sh [BUILD-FOLDER]
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."

build=$(realpath -- "${1:-.build}")
readonly build
if [ "${2-}" != --inside ]; then
  [ "$(id -u)" -eq 0 ] || {
    echo "own_resolver.sh: run it as root" >&2
    exit 1
  }
  exec unshare --mount --net --propagation private "$PWD/tests/container/own_resolver.sh" "$build" --inside
fi

fail() {
  printf 'own_resolver.sh: %s\n' "$*" >&2
  cat "$folder"/*.log >&2
  exit 1
}

# Whatever /etc/resolv.conf is here, a link to nowhere even, it is a plain file in this copy.
folder=$(mktemp -d)
mount -t tmpfs none "$folder"
resolver='' proxy=''
clean_up() {
  for process in $proxy $resolver; do kill "$process" 2>/dev/null || true; done
  wait
  umount /etc "$folder"
  rmdir "$folder"
}
trap clean_up EXIT
mkdir "$folder/upper" "$folder/work"
mount -t overlay -o "lowerdir=/etc,upperdir=$folder/upper,workdir=$folder/work" overlay /etc
rm -f /etc/resolv.conf
printf 'nameserver 127.0.0.1\noptions timeout:2 attempts:1\n' >/etc/resolv.conf
printf 'hosts: files dns\n' >/etc/nsswitch.conf
[ ! -d /run/nscd ] || mount -t tmpfs none /run/nscd  # a cache of the machine's would answer from outside

start() {  # LOG COMMAND...: in the background, until it listens; its process is $!
  : >"$folder/$1"
  "${@:2}" >"$folder/$1" 2>&1 &
  for _ in $(seq 200); do
    ! grep -q '^listening' "$folder/$1" || return 0
    kill -0 $! 2>/dev/null || break
    sleep 0.05
  done
  fail "does not listen: ${*:2}"
}
start_resolver() {  # NAME in its certificate
  start resolver.log "$build/tests/lab/labresolver" --listen tls://9.9.9.9:853 --zone tests/lab/classroom.zone \
    --names "DNS:$1" --ca-out "$folder/ca.pem"
  resolver=$!
}
start_proxy() {
  start proxy.log "$build/proxyserver/proxyserver" --config "$folder/proxyserver.conf"
  proxy=$!
}
stop() { kill "$1" && wait "$1"; }
address() { getent ahostsv4 "$1" | awk '{print $1; exit}'; }

ip link set lo up
ip address add 9.9.9.9/32 dev lo
cat >"$folder/proxyserver.conf" <<TEXT
listen   udp://127.0.0.1:53
listen   tcp://127.0.0.1:53
upstream tls://9.9.9.9#dns.quad9.net
upstream-ca $folder/ca.pem
pad      always
TEXT

start_resolver dns.quad9.net
start_proxy
[ "$(address www.example.com)" = 192.0.2.10 ] || fail "no answer over UDP"
echo 'options use-vc timeout:2 attempts:1' >>/etc/resolv.conf
[ "$(address mx.example.com)" = 192.0.2.25 ] || fail "no answer over TCP"

# Nobody else is asked: neither when the proxy is silent, nor by the proxy when the resolver proves to be another.
stop "$proxy"
[ -z "$(address ns1.example.com || true)" ] || fail "an answer without the proxy"
stop "$resolver"
start_resolver dns.impostor.example
start_proxy
[ -z "$(address ns1.example.com || true)" ] || fail "an answer from a resolver with another name"
grep -q upstream-failed "$folder/proxy.log" || fail "the log does not say why"

echo "own resolver: answers over UDP and TCP; none without the proxy, none from an impostor"
