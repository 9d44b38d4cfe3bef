#!/usr/bin/env bash
# Installs the programs that the interop tests talk to, starting none of them. As root, or with sudo. Alters nothing
# else of the machine, but installs system services: for containers, and machines that are thrown away.
set -euo pipefail

readonly packages=(bind9 bind9-dnsutils chromium dnsdist dnsperf fonts-dejavu-core getdns-utils haproxy iproute2 knot
  knot-dnsutils knot-resolver libnginx-mod-stream logrotate nginx prometheus python3-yaml stubby systemd-resolved
  tshark unbound)

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
[ "${#missing[@]}" -gt 0 ] || exit 0

if [ "$(id -u)" -ne 0 ]; then exec sudo -n "${BASH_SOURCE[0]}"; fi

readonly policy=/usr/sbin/policy-rc.d resolv=/etc/resolv.conf backup=/etc/.resolv.conf.systemd-resolved.bak
made_policy=
tidy_up() {
  [ -z "$made_policy" ] || rm -f "$policy"
  # The package of systemd-resolved points resolv.conf at a daemon that does not run.
  if [ -e "$backup" ] && [ ! -e "$resolv" ]; then mv -T "$backup" "$resolv"; fi
}
trap tidy_up EXIT
if [ ! -e "$policy" ]; then
  made_policy=yes
  printf '#!/bin/sh\nexit 101\n' >"$policy"  # "action forbidden": packages start no services
  chmod +x "$policy"
fi

apt-get update -qq
DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null

# Ubuntu's AppArmor keeps some of them to folders of the system's, and systemd-resolved from a root of its own.
if command -v apparmor_parser >/dev/null; then
  for profile in /etc/apparmor.d/usr.sbin.{named,unbound}; do
    if [ -e "$profile" ]; then apparmor_parser -R "$profile" || true; fi  # it may not be loaded
  done
  sysctl -q kernel.apparmor_restrict_unprivileged_userns=0 || true  # where there is no such thing
fi
