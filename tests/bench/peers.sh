# shellcheck shell=bash disable=SC2034 # `command` is for compare
# The programs that compare measures, each as a function that prints its configuration, and the command that runs it in
# the foreground. All show cert.pem to their clients, and verify the upstream by the scratch folder's ca.pem and the
# name localhost. Limits and idle times are wide enough for 5,000 connections; everything else is as its maker left it,
# but for answers out of order (dnsdist: maxInFlight) and caches: off, or large if $caching is set. Valid for the versions
# of Debian 12 and 13.
#
# From compare: $root $build $scratch $caching $upstream (a port), and, per program, ${dot[NAME]} and ${plain[NAME]} (ports).

readonly packages=(dnsdist dnsperf haproxy libnginx-mod-stream stubby stunnel4 unbound)

install_packages() {
  local missing=()
  for package in "${packages[@]}"; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  [ "${#missing[@]}" -eq 0 ] && return
  if [ "$(id -u)" -ne 0 ] || [ -d /run/systemd/system ]; then
    echo "compare: install these first: ${missing[*]}" >&2
    exit 1
  fi
  apt-get update -qq
  RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
}

proxyserver_command() {
  command=("$build/proxyserver/proxyserver" --cert "$root/cert.pem" --key "$root/key.pem"
    --listen "tls://127.0.0.1:${dot[proxyserver]}" --listen "tcp://127.0.0.1:${plain[proxyserver]}"
    --listen "udp://127.0.0.1:${plain[proxyserver]}" --upstream "tls://127.0.0.1:$upstream#localhost"
    --upstream-ca "$scratch/ca.pem" --max-connections 6000 --max-connections-per-client 6000 --max-in-flight 100
    --idle-timeout 600s --log-level error)
  [ -z "$caching" ] || command+=(--cache 64)
}

# model PROGRAM NAME
model() {
  command=("$build/tests/bench/$1" "${dot[$2]}" "$upstream" "$root/cert.pem" "$root/key.pem" "$scratch/ca.pem")
}
relay_command() { model thread_relay relay; }
relay_configuration() { :; }
shared_relay_command() { model shared_relay shared_relay; }
shared_relay_configuration() { :; }

dnsdist_command() { command=(dnsdist --supervised --disable-syslog -C "$scratch/dnsdist.conf"); }
dnsdist_configuration() {
  cat <<END
setLocal('127.0.0.1:${plain[dnsdist]}', {maxInFlight=100})
addTLSLocal('127.0.0.1:${dot[dnsdist]}', '$root/cert.pem', '$root/key.pem', {provider='openssl', maxInFlight=100})
setSecurityPollSuffix('')
setTCPRecvTimeout(600)
resolver = newServer{address='127.0.0.1:$upstream', tls='openssl', subjectName='localhost', caStore='$scratch/ca.pem',
                     validateCertificates=true, maxInFlight=100}
resolver:setUp()
END
  [ -z "$caching" ] || echo "getPool(''):setCache(newPacketCache(100000))"
}

nginx_command() { command=(nginx -p "$scratch" -e stderr -c "$scratch/nginx.conf"); }
nginx_configuration() {
  cat <<END
daemon off;
pid $scratch/nginx.pid;
worker_processes $(nproc);
worker_rlimit_nofile 20000;
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
events { worker_connections 12000; }
stream {
  server {
    listen 127.0.0.1:${dot[nginx]} ssl backlog=1024;
    ssl_certificate $root/cert.pem;
    ssl_certificate_key $root/key.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    proxy_pass 127.0.0.1:$upstream;
    proxy_ssl on;
    proxy_ssl_protocols TLSv1.2 TLSv1.3;
    proxy_ssl_verify on;
    proxy_ssl_trusted_certificate $scratch/ca.pem;
    proxy_ssl_name localhost;
    proxy_ssl_server_name on;
  }
}
END
}

haproxy_command() { command=(haproxy -q -db -f "$scratch/haproxy.conf"); }
haproxy_configuration() {
  cat "$root/cert.pem" "$root/key.pem" >"$scratch/haproxy.pem"
  cat <<END
global
  maxconn 6000
defaults
  mode tcp
  maxconn 6000
  timeout connect 10s
  timeout client 600s
  timeout server 600s
listen dot
  bind 127.0.0.1:${dot[haproxy]} ssl crt $scratch/haproxy.pem
  server resolver 127.0.0.1:$upstream ssl verify required ca-file $scratch/ca.pem verifyhost localhost sni str(localhost)
END
}

# Two of them: one ends the client's TLS, the other begins the upstream's.
stunnel_command() { command=(bash -c "stunnel4 '$scratch/stunnel_out.conf' & stunnel4 '$scratch/stunnel.conf' & wait"); }
stunnel_configuration() {
  local common
  common=$(printf '%s\n' 'foreground = yes' 'syslog = no' 'debug = 3' 'pid =' 'socket = a:SO_REUSEADDR=1' \
    'socket = l:TCP_NODELAY=1' 'socket = r:TCP_NODELAY=1')
  cat >"$scratch/stunnel_out.conf" <<END
$common
[out]
client = yes
accept = 127.0.0.1:${plain[stunnel]}
connect = 127.0.0.1:$upstream
CAfile = $scratch/ca.pem
verifyChain = yes
checkHost = localhost
END
  cat <<END
$common
[in]
accept = 127.0.0.1:${dot[stunnel]}
connect = 127.0.0.1:${plain[stunnel]}
cert = $root/cert.pem
key = $root/key.pem
END
}

unbound_command() { command=(unbound -d -c "$scratch/unbound.conf"); }
unbound_configuration() {
  cat <<END
server:
  interface: 127.0.0.1
  interface: 127.0.0.1@${dot[unbound]}
  port: ${plain[unbound]}
  tls-port: ${dot[unbound]}
  tls-service-pem: "$root/cert.pem"
  tls-service-key: "$root/key.pem"
  msg-cache-size: 64m
  rrset-cache-size: 64m
  username: ""
  chroot: ""
  directory: "$scratch"
  pidfile: ""
  use-syslog: no
  do-not-query-localhost: no
  module-config: "iterator"
  local-zone: "test." nodefault
  incoming-num-tcp: 100
  outgoing-num-tcp: 100
  tls-cert-bundle: "$scratch/ca.pem"
remote-control:
  control-enable: no
forward-zone:
  name: "."
  forward-tls-upstream: yes
  forward-no-cache: $([ -n "$caching" ] && echo no || echo yes)
  forward-addr: 127.0.0.1@$upstream#localhost
END
}

stubby_command() { command=(stubby -C "$scratch/stubby.yml"); }
stubby_configuration() {
  cat >"$scratch/stubby.yml" <<END # it takes YAML from files of that name alone
resolution_type: GETDNS_RESOLUTION_STUB
dns_transport_list: [ GETDNS_TRANSPORT_TLS ]
tls_authentication: GETDNS_AUTHENTICATION_REQUIRED
tls_ca_file: "$scratch/ca.pem"
idle_timeout: 10000
listen_addresses: [ 127.0.0.1@${plain[stubby]} ]
upstream_recursive_servers:
  - address_data: 127.0.0.1
    tls_port: $upstream
    tls_auth_name: "localhost"
END
}
