# shellcheck shell=bash
# want PACKAGE...: installs those that are missing where that is allowed: as root, and on a machine where no
# service manager would start the daemons among them. Elsewhere it names them and fails.
want() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  [ "${#missing[@]}" -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ] || [ -d /run/systemd/system ]; then
    printf 'not installed: %s\n' "${missing[*]}" >&2
    return 1
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
}
