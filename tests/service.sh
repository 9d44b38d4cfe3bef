#!/usr/bin/env bash
# The .deb that tests/package.sh has made, in a systemd of its own: a copy of this machine's file system (an overlay that
# ends with the test), booted by systemd-nspawn without a network. The service as it is installed, sandbox and all, on a
# socket of systemd's. As root; says SKIPPED where no systemd can be booted.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

readonly build=${1:-.build}
readonly etc=/etc/dns-over-tls

# ---- what runs inside, as a service of its own ----------------------------------------------------------------------

inside() {
  echo booted
  ip link set lo up 2>/dev/null || true
  labresolver --listen tls://127.0.0.1:5853 --ca-out "$etc/lab.pem" >/root/resolver 2>&1 &
  until grep -q listening /root/resolver; do sleep 0.05; done
  chmod 644 "$etc/lab.pem"
  local ctl=(timeout 30 systemctl --job-mode=ignore-dependencies)  # of the boot, which has not ended
  "${ctl[@]}" start proxyserver.socket proxyserver.service
  kdig +tls-ca="$etc/cert.pem" +tls-hostname=localhost @127.0.0.1 -p 8530 a.tag.test TXT | grep NOERROR
  kdig @127.0.0.1 b.tag.test TXT | grep NOERROR
  kdig +tcp @127.0.0.1 c.tag.test TXT | grep NOERROR
  local status
  status=/proc/$(systemctl show -p MainPID --value proxyserver)/status
  grep -E '^Seccomp:\s2' "$status"
  grep -E '^CapEff:\s0*400$' "$status"  # CAP_NET_BIND_SERVICE, and no other
  ! grep -E '^Uid:\s0' "$status" || exit 1
  "${ctl[@]}" reload proxyserver.service
  # Asked while it starts again: the socket is systemd's, the queries wait.
  "${ctl[@]}" restart --no-block proxyserver.service
  local i
  for i in $(seq 20); do kdig +tcp +retry=0 @127.0.0.1 "r$i.tag.test" TXT | grep NOERROR; done
  "${ctl[@]}" stop proxyserver.socket proxyserver.service
  [ "$(systemctl show -p Result --value proxyserver)" = success ] || exit 1
  # What it says itself: what systemd says of control groups depends on the kernel.
  ! journalctl --no-pager _COMM=proxyserver | grep -iE 'denied|not permitted|failed' || exit 1
  echo "service: started, asked, reloaded, asked while it started again, stopped"
}

# ---- what prepares the copy and boots it ----------------------------------------------------------------------------

boot() {
  local top root
  top=$(mktemp -d)
  root=$top/root
  mount -t tmpfs none "$top"
  mkdir "$top/upper" "$top/work" "$root"
  mount -t overlay -o "lowerdir=/,upperdir=$top/upper,workdir=$top/work" overlay "$root"
  cp "$build"/packages/*_1.0.0-1_*.deb "$root/root/package.deb"
  cp "$build"/tests/lab/labresolver "$root/usr/local/bin/"
  cp tests/service.sh "$root/root/"
  chroot "$root" dpkg -i /root/package.deb >/dev/null
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -keyout "$root$etc/key.pem" -out "$root$etc/cert.pem" 2>/dev/null
  cat >"$root$etc/proxyserver.conf" <<TEXT
listen tls://127.0.0.1:8530
cert $etc/cert.pem
key /run/credentials/proxyserver.service/key.pem
upstream tls://127.0.0.1:5853#lab.test
upstream-ca $etc/lab.pem
TEXT
  cat >"$root/etc/systemd/system/inside.service" <<TEXT
[Service]
Type=oneshot
ExecStart=/bin/bash -c '/root/service.sh --inside; echo "ended with \$?"; systemctl poweroff --force --force'
StandardOutput=append:/root/log
StandardError=append:/root/log
TEXT
  timeout 90 systemd-nspawn --quiet --register=no --keep-unit -D "$root" --private-network -b systemd.unit=inside.service \
    </dev/null >"$top/console" 2>&1 || true
  if ! grep -q '^booted' "$root/root/log" 2>/dev/null; then
    tail -5 "$top/console"
    printf '\n*****\n***** SKIPPED: no systemd can be booted here, so the units have not been tried\n*****\n'
    exit 0
  fi
  grep -q '^ended with 0' "$root/root/log" || {
    cat "$root/root/log"
    exit 1
  }
  grep '^service:' "$root/root/log"
}

case ${2-${1-}} in
  --inside) inside ;;
  --boot) boot ;;
  *)
    [ "$(id -u)" -eq 0 ] || {
      echo "service.sh: run it as root" >&2
      exit 1
    }
    exec unshare --mount --propagation private tests/service.sh "$build" --boot
    ;;
esac
