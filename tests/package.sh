#!/usr/bin/env bash
# The .deb: made of what ./start.sh test has built, looked at by lintian, installed, run as its unit says, upgraded and
# purged. As root; all that it installs is in a copy of this machine's file system that ends with it (an overlay).
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

readonly build=${1:-.build}
readonly conf=/etc/dns-over-tls/proxyserver.conf

die() { printf 'package.sh: %s\n' "$*" >&2; exit 1; }

make_packages() {
  cmake -S . -B "$build" -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_INSTALL_SYSCONFDIR=/etc >/dev/null
  cmake --build "$build" -j "$(nproc)" --target proxyserver client labresolver >/dev/null
  rm -rf "$build"/packages
  local version
  for version in 1.0.0 1.0.1; do
    (cd "$build" && cpack -G DEB -B packages -D CPACK_PACKAGE_VERSION="$version" >packages.log 2>&1) || {
      cat "$build"/packages.log
      die "cpack failed"
    }
  done
}

# ---- what follows runs in the copy ----------------------------------------------------------------------------------

scratch=/tmp/package
proxy='' resolver=''
trap 'kill $proxy $resolver 2>/dev/null || true' EXIT

await_line() {  # FILE PATTERN
  local _
  for _ in $(seq 100); do
    ! grep -qE "$2" "$1" || return 0
    sleep 0.05
  done
  cat "$1" >&2
  die "'$2' was not said"
}

# The unit's own command, as nobody, with the two things that systemd would have arranged: a copy of the key, and the
# right to low ports.
start_as_unit() {
  local command
  command=$(sed -n 's/^ExecStart=//p' /usr/lib/systemd/system/proxyserver.service)
  read -ra command <<<"$command"
  install -D -m 400 -o nobody /etc/dns-over-tls/key.pem /run/credentials/proxyserver.service/key.pem
  setpriv --reuid nobody --regid nogroup --clear-groups --inh-caps +net_bind_service --ambient-caps +net_bind_service \
    "${command[@]}" >"$scratch/proxy" 2>&1 &
  proxy=$!
  await_line "$scratch/proxy" '^listening udp'
}

in_the_copy() {
  mkdir -p "$scratch"
  dpkg -i "$build"/packages/*_1.0.0-1_*.deb >/dev/null
  [ ! -e /etc/systemd/system/multi-user.target.wants/proxyserver.service ] || die "it has been enabled unasked"
  [ ! -e /etc/dns-over-tls/key.pem ] || die "the package has a key"
  [ "$(proxyserver --version)" = "proxyserver 1.0.0" ] || die "the version is wrong"
  man -w proxyserver client >/dev/null 2>&1 || [ -e /usr/share/man/man8/proxyserver.8.gz ] || die "no manual page"
  ! command -v systemd-analyze >/dev/null || systemd-analyze verify --man=no proxyserver.service proxyserver.socket

  "$build"/tests/lab/labresolver --listen tls://127.0.0.1:5853 --ca-out "$scratch/ca.pem" >"$scratch/resolver" 2>&1 &
  resolver=$!
  await_line "$scratch/resolver" '^listening'
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout /etc/dns-over-tls/key.pem -out /etc/dns-over-tls/cert.pem \
    2>/dev/null
  cat >"$conf" <<TEXT
listen tls://127.0.0.1:8530
listen tcp://127.0.0.1:533
listen udp://127.0.0.1:533
cert /etc/dns-over-tls/cert.pem
key /run/credentials/proxyserver.service/key.pem
upstream tls://127.0.0.1:5853#lab.test
upstream-ca $scratch/ca.pem
TEXT
  start_as_unit
  kdig +tls-ca=/etc/dns-over-tls/cert.pem +tls-hostname=localhost @127.0.0.1 -p 8530 a.tag.test TXT | grep -q NOERROR
  kdig @127.0.0.1 -p 533 b.tag.test TXT | grep -q NOERROR
  client --ca /etc/dns-over-tls/cert.pem @127.0.0.1:8530 c.tag.test TXT | grep -q NOERROR
  kill "$proxy"
  wait "$proxy" || die "it did not stop in order"
  proxy=''

  dpkg --force-confold -i "$build"/packages/*_1.0.1-1_*.deb >/dev/null
  grep -q 8530 "$conf" || die "the upgrade has overwritten the configuration"
  start_as_unit
  kdig @127.0.0.1 -p 533 d.tag.test TXT | grep -q NOERROR
  kill "$proxy"
  wait "$proxy" || die "it did not stop in order"
  proxy=''

  rm /etc/dns-over-tls/cert.pem /etc/dns-over-tls/key.pem  # the administrator's own
  dpkg --purge dns-over-tls >/dev/null
  local left
  left=$(find /etc /usr /var/lib -xdev \( -path '*dns-over-tls*' -o -name 'proxyserver*' \) -not -path '*/src/*' 2>/dev/null || true)
  [ -z "$left" ] || die "purged, and yet there is: $left"
  echo "package: installed, asked, upgraded, purged"
}

if [ "${2-}" = --in-the-copy ]; then
  in_the_copy
  exit
fi
[ "$(id -u)" -eq 0 ] || die "run it as root"
make_packages
lintian --fail-on error,warning --tag-display-limit 0 "$build"/packages/*_1.0.0-1_*.deb
# shellcheck disable=SC2016  # the inner shell is to expand these
exec unshare --mount --propagation private bash -euo pipefail -c '
  top=$(mktemp -d)
  mount -t tmpfs none "$top"
  mkdir "$top/upper" "$top/work" "$top/root"
  mount -t overlay -o lowerdir=/,upperdir="$top/upper",workdir="$top/work" overlay "$top/root"
  for folder in dev proc sys; do mount --rbind "/$folder" "$top/root/$folder"; done
  mount -t tmpfs none "$top/root/run"
  mount -t tmpfs none "$top/root/tmp"
  mkdir -p "$top/root$PWD" && mount --bind "$PWD" "$top/root$PWD"
  chroot "$top/root" bash -c "cd $PWD && exec tests/package.sh $1 --in-the-copy"
' package.sh "$build"
