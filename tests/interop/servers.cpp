#include "tests/interop/servers.h"

#include <csignal>
#include <fmt/format.h>

#include "common/tls/issue/issue.h"

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kZone = R"($TTL 300
$ORIGIN interop.test.
@     SOA   ns hostmaster 1 7200 1800 1209600 300
      NS    ns
      A     192.0.2.1
      AAAA  2001:db8::1
      MX    10 mail
      TXT   "v=spf1 -all" "a second string"
      CAA   0 issue "ca.test"
      HTTPS 1 . alpn=h2,h3 ipv4hint=192.0.2.1
ns    A     192.0.2.53
mail  A     192.0.2.25
www   CNAME interop.test.
_853._tcp TLSA 3 1 1 d2abde240d7cd3ee6b4b28c54df034b97983a1d16e8a410e4561cb106618e971
_dns._tcp SRV 1 2 853 ns
ptr   PTR   www
naptr NAPTR 100 10 "s" "SIP+D2U" "" _sip._udp
sshfp SSHFP 4 2 123456789abcdef67890123456789abcdef67890123456789abcdef123456789
odd   TYPE65280 \# 4 c0ffee00
*.wild A    192.0.2.99
)";

std::string zone() {
  std::string text = kZone;
  for (int i = 0; i < kNumbered; ++i) text += fmt::format("q{0} TXT \"answer {0}\"\n", i);
  for (int i = 0; i < 80; ++i)
    text += fmt::format("big TXT \"{:.>240}\" \"{:.>240}\" \"{:.>240}\"\n", i, i, i);  // 60 kB
  return text;
}

Arguments configure_bind(const std::string& path, const ServerSetting& s) {
  return {path,
          "-g",
          "-n",
          "1",
          "-c",
          write_file(s.directory, "named.conf",
                     fmt::format(R"(
tls local {{ cert-file "{}"; key-file "{}"; }};
options {{
  directory "{}";
  pid-file none;
  session-keyfile none;
  listen-on port {} tls local {{ 127.0.0.1; }};
  listen-on-v6 {{ none; }};
  recursion no;
  dnssec-validation no;
  tcp-idle-timeout 10;        // tenths of a second
  tcp-keepalive-timeout 10;   // for connections that asked for keepalive (RFC 7828)
  tcp-advertised-timeout 10;
}};
controls {{ }};
zone "interop.test" {{ type primary; file "{}"; }};
)",
                                 s.cert_file, s.key_file, s.directory.file("."), s.tls_port, s.zone_file))};
}

Arguments configure_unbound(const std::string& path, const ServerSetting& s) {
  return {path, "-d", "-c",
          write_file(s.directory, "unbound.conf",
                     fmt::format(R"(server:
  interface: 127.0.0.1@{0}
  tls-port: {0}
  tls-service-pem: "{1}"
  tls-service-key: "{2}"
  username: ""
  chroot: ""
  directory: "{3}"
  pidfile: ""
  use-syslog: no
  module-config: "iterator"
  num-threads: 1
  tcp-idle-timeout: 1000
  local-zone: "test." nodefault
remote-control:
  control-enable: no
auth-zone:
  name: "interop.test"
  zonefile: "{4}"
)",
                                 s.tls_port, s.cert_file, s.key_file, s.directory.file("."), s.zone_file))};
}

Arguments configure_knot(const std::string& path, const ServerSetting& s) {
  return {path, "-c",
          write_file(s.directory, "knot.conf",
                     fmt::format(R"(server:
    rundir: "{0}"
    listen: 127.0.0.1@{1}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: warning
database:
    storage: "{0}/db"
zone:
  - domain: interop.test
    file: "{2}"
    zonefile-sync: -1
    journal-content: none
)",
                                 s.directory.file("."), s.plain_port, s.zone_file))};
}

Arguments configure_lab(const std::string&, const ServerSetting& s) {
  return {LABRESOLVER_PROGRAM, "--listen", fmt::format("tcp://127.0.0.1:{}", s.plain_port), "--zone",
          s.zone_file};
}

Arguments configure_nginx(const std::string& path, const ServerSetting& s) {
  return {path,
          "-e",
          "stderr",
          "-p",
          s.directory.file("."),
          "-c",
          write_file(s.directory, "nginx.conf",
                     fmt::format(R"(
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off;
master_process off;
pid nginx.pid;
error_log stderr;
events {{ worker_connections 256; }}
stream {{
  server {{
    listen 127.0.0.1:{} ssl;
    ssl_certificate "{}";
    ssl_certificate_key "{}";
    ssl_alpn dot;
    proxy_pass 127.0.0.1:{};
    proxy_timeout 1s;
  }}
}}
)",
                                 s.tls_port, s.cert_file, s.key_file, s.plain_port))};
}

Arguments configure_dnsdist(const std::string& path, const ServerSetting& s) {
  return {path, "--supervised", "--disable-syslog", "-C",
          write_file(s.directory, "dnsdist.lua",
                     fmt::format(R"(addTLSLocal('127.0.0.1:{}', '{}', '{}')
setSecurityPollSuffix('')
setTCPRecvTimeout(1)
newServer{{address='127.0.0.1:{}', tcpOnly=true, checkName='interop.test.'}}
)",
                                 s.tls_port, s.cert_file, s.key_file, s.plain_port))};
}

Arguments configure_knot_resolver(const std::string& path, const ServerSetting& s) {
  return {path, "--noninteractive", "--config",
          write_file(s.directory, "kresd.lua",
                     fmt::format(R"(net.listen('127.0.0.1', {}, {{ kind = 'tls' }})
net.tls('{}', '{}')
net.tcp_in_idle(1000)
modules.unload('ta_update')
modules.unload('ta_signal_query')
modules.unload('priming')
trust_anchors.remove('.')
cache.size = 1 * MB
policy.add(policy.all(policy.FLAGS('NO_CACHE')))
policy.add(policy.all(policy.STUB('127.0.0.1@{}')))
)",
                                 s.tls_port, s.cert_file, s.key_file, s.plain_port)),
          s.directory.file(".")};
}

}  // namespace

const ServerKind kBind = {{"named", configure_bind}};
const ServerKind kUnboundServer = {{"unbound", configure_unbound}};
const ServerKind kDnsdistBeforeLab = {{"labresolver", configure_lab}, {"dnsdist", configure_dnsdist}};
const ServerKind kNginxBeforeLab = {{"labresolver", configure_lab}, {"nginx", configure_nginx}};
const ServerKind kNginxBeforeKnot = {{"knotd", configure_knot}, {"nginx", configure_nginx}};
const ServerKind kKresdBeforeKnot = {{"knotd", configure_knot}, {"kresd", configure_knot_resolver}};

std::unique_ptr<Server> Server::of(const ServerKind& kind) {
  Arguments paths;
  for (const ServerProgram& program : kind) {
    const bool ours = program.configure == configure_lab;
    const auto path = ours ? LABRESOLVER_PROGRAM : find_peer(program.name);
    if (!path) return nullptr;
    paths.push_back(*path);
  }
  return std::unique_ptr<Server>(new Server(kind, paths));
}

Server::Server(const ServerKind& kind, const Arguments& paths)
    : setting_{free_port(),
               free_port(),
               directory_.file("cert.pem"),
               directory_.file("key.pem"),
               write_file(directory_, "interop.test.zone", zone()),
               directory_} {
  tls::IssueOptions options;
  options.common_name = "a server of others";
  options.names = {fmt::format("DNS:{}", kServerName)};
  const tls::Identity identity = tls::issue_self_signed(options);
  tls::write_file(setting_.cert_file, identity.certificate, false);
  tls::write_file(setting_.key_file, identity.key, true);
  for (std::size_t i = 0; i < kind.size(); ++i) commands_.push_back(kind[i].configure(paths[i], setting_));
  start();
}

Arguments Server::as_upstream(std::string_view auth_name) const {
  return {"--upstream", fmt::format("tls://127.0.0.1:{}#{}", setting_.tls_port, auth_name), "--upstream-ca",
          setting_.cert_file};
}

DotConnection Server::connect() const {
  return DotConnection({net::Transport::tls, *net::SocketAddress::parse("127.0.0.1", setting_.tls_port), {}},
                       trust(setting_.cert_file, std::string(kServerName)));
}

bool Server::answers() const try {
  return connect().ask(make_query("interop.test.", dns::type::SOA)).answers.size() == 1;
} catch (const std::exception&) {
  return false;  // it does not listen yet, or the one behind it does not
}

void Server::start() {
  for (const Arguments& command : commands_) processes_.emplace_back(command);
  const auto deadline = net::Deadline::in(seconds(30));
  while (!answers()) {
    for (Process& process : processes_) {
      const auto code = process.wait_exit(net::Deadline::in(milliseconds(20)));
      INFO(process.error_output());
      REQUIRE_FALSE(code.has_value());
      REQUIRE_FALSE(deadline.expired());
    }
  }
}

void Server::stop() {
  for (; !processes_.empty(); processes_.pop_back()) {
    processes_.back().signal(SIGTERM);
    CHECK(processes_.back().wait_exit(net::Deadline::in(seconds(20))).has_value());
  }
}
