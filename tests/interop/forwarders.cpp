#include "tests/interop/forwarders.h"

#include <filesystem>
#include <fmt/format.h>

namespace {

Arguments configure_stubby(const std::string& path, const ForwarderSetting& s) {
  return {path, "-C",
          write_file(s.directory, "stubby.yml",
                     fmt::format(R"(resolution_type: GETDNS_RESOLUTION_STUB
dns_transport_list: [ GETDNS_TRANSPORT_TLS ]
tls_authentication: GETDNS_AUTHENTICATION_REQUIRED
tls_query_padding_blocksize: 128
tls_ca_file: "{}"
idle_timeout: 10000
listen_addresses: [ 127.0.0.1@{} ]
upstream_recursive_servers:
  - address_data: 127.0.0.1
    tls_port: {}
    tls_auth_name: "{}"
)",
                                 s.ca_file, s.port, s.proxy_port, s.auth_name))};
}

Arguments configure_unbound(const std::string& path, const ForwarderSetting& s) {
  return {path, "-d", "-c",
          write_file(s.directory, "unbound.conf",
                     fmt::format(R"(server:
  interface: 127.0.0.1
  port: {}
  username: ""
  chroot: ""
  directory: "{}"
  pidfile: ""
  use-syslog: no
  do-not-query-localhost: no
  module-config: "iterator"
  num-threads: 1
  local-zone: "test." nodefault
  tls-cert-bundle: "{}"
remote-control:
  control-enable: no
forward-zone:
  name: "."
  forward-tls-upstream: yes
  forward-addr: 127.0.0.1@{}#{}
)",
                                 s.port, s.directory.file("."), s.ca_file, s.proxy_port, s.auth_name))};
}

Arguments configure_dnsdist(const std::string& path, const ForwarderSetting& s) {
  return {path, "--supervised", "--disable-syslog", "-C",
          write_file(s.directory, "dnsdist.lua",
                     fmt::format(R"(setLocal('127.0.0.1:{}')
setSecurityPollSuffix('')
newServer{{address='127.0.0.1:{}', tls='openssl', subjectName='{}', caStore='{}', validateCertificates=true,
          maxInFlight=100, checkName='www.tag.test.', mustResolve=true}}
setServFailWhenNoServer(true)
)",
                                 s.port, s.proxy_port, s.auth_name, s.ca_file))};
}

Arguments configure_knot_resolver(const std::string& path, const ForwarderSetting& s) {
  return {path, "--noninteractive", "--config",
          write_file(s.directory, "kresd.lua",
                     fmt::format(R"(net.listen('127.0.0.1', {})
modules.unload('ta_update')
modules.unload('ta_signal_query')
modules.unload('priming')
trust_anchors.remove('.')
cache.size = 1 * MB
policy.add(policy.all(policy.TLS_FORWARD({{{{'127.0.0.1@{}', hostname='{}', ca_file='{}'}}}})))
)",
                                 s.port, s.proxy_port, s.auth_name, s.ca_file)),
          s.directory.file(".")};
}

// It knows one place for its configuration and one for its state, so it gets a root of its own: a folder with
// these two, the program and its libraries. That takes no mounts, no D-Bus (it serves without one) and no
// privilege but chroot(2), which root has, and others in a user namespace. It wants a network, though: with
// no link up but loopback it asks nobody.
Arguments configure_systemd_resolved(const std::string& path, const ForwarderSetting& s) {
  namespace fs = std::filesystem;
  const fs::path root = s.directory.file("root");
  const bool is_root = geteuid() == 0;
  for (const char* const folder : {"etc/systemd", "run/systemd/resolve"})
    fs::create_directories(root / folder);
  // As root it drops its privileges to a user of this name, whose the folder must be by then.
  write_file(s.directory, "root/etc/passwd", "systemd-resolve:x:65534:65534::/:/bin/false\n");
  write_file(s.directory, "root/etc/group", "systemd-resolve:x:65534:\n");
  if (is_root) REQUIRE(chown((root / "run/systemd/resolve").c_str(), 65534, 65534) == 0);
  run_to_end(
      {"/bin/sh", "-ec", R"(cp -L --parents "$1" $(ldd "$1" | grep -o '/[^ ]*') "$2")", "sh", path, root});
  fs::copy_file(s.ca_file, root / "ca.pem");
  write_file(s.directory, "root/etc/systemd/resolved.conf",
             fmt::format(R"([Resolve]
DNS=127.0.0.1:{}#{}
FallbackDNS=
Domains=~.
DNSOverTLS=yes
DNSSEC=no
LLMNR=no
MulticastDNS=no
Cache=no
DNSStubListener=no
DNSStubListenerExtra=127.0.0.1:{}
)",
                         s.proxy_port, s.auth_name, s.port));
  // It trusts the system's certificates, or those that OpenSSL is told are the system's.
  const Arguments jailed = {"/usr/bin/env", "SSL_CERT_FILE=/ca.pem", "/usr/sbin/chroot", root, path};
  if (is_root) return jailed;
  return Arguments{"/usr/bin/unshare", "--user", "--map-current-user", "--keep-caps"} + jailed;
}

}  // namespace

const Forwarder kStubby = {"stubby", configure_stubby};
const Forwarder kUnbound = {"unbound", configure_unbound};
const Forwarder kDnsdist = {"dnsdist", configure_dnsdist};
const Forwarder kKnotResolver = {"kresd", configure_knot_resolver};
const Forwarder kSystemdResolved = {"systemd-resolved", configure_systemd_resolved};
