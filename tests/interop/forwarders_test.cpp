// Other people's forwarders in front of our proxy: each asks it over TLS with strict authentication (RFC 8310
// §5), and resolves through it, or not at all where the name is not the proxy's.
#include <fmt/format.h>
#include <fstream>
#include <set>

#include "common/net/net_error.h"
#include "tests/interop/peer.h"

using net::Transport;

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Setting {
  std::uint16_t port;        // to listen on
  std::uint16_t proxy_port;  // to forward to
  std::string auth_name;
  std::string ca_file;
  const TempDir& directory;

  std::string write(const std::string& content) const {
    std::ofstream(directory.file("configuration.yml")) << content;
    return directory.file("configuration.yml");
  }
};

struct Forwarder {
  const char* program;
  Arguments (*configure)(const Setting& setting);  // its arguments
};

Arguments configure_stubby(const Setting& s) {
  return {"-C", s.write(fmt::format(R"(resolution_type: GETDNS_RESOLUTION_STUB
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

Arguments configure_unbound(const Setting& s) {
  return {"-d", "-c",
          s.write(fmt::format(R"(server:
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

Arguments configure_dnsdist(const Setting& s) {
  return {"--supervised", "--disable-syslog", "-C",
          s.write(fmt::format(R"(setLocal('127.0.0.1:{}')
setSecurityPollSuffix('')
newServer{{address='127.0.0.1:{}', tls='openssl', subjectName='{}', caStore='{}', validateCertificates=true,
          maxInFlight=100, checkName='www.tag.test.', mustResolve=true}}
setServFailWhenNoServer(true)
)",
                              s.port, s.proxy_port, s.auth_name, s.ca_file))};
}

std::string name_of(std::uint16_t id) {
  return fmt::format("q{}.tag.test.", id);
}

// One query, sent until a reply comes: the program may not be listening yet, nor have its connection.
std::optional<dns::Message> ask_until_answered(Process& program, const net::Endpoint& endpoint,
                                               std::uint16_t wanted_rcode) {
  const auto deadline = net::Deadline::in(seconds(20));
  std::optional<dns::Message> last;
  while (!deadline.expired()) {
    try {
      Datagrams client(endpoint);
      client.send(dns::encode(make_query("first.tag.test.", dns::type::TXT, 1)));
      if (const auto wire = client.read(net::Deadline::in(seconds(2)))) last = dns::decode(*wire).value();
      if (last && last->header.rcode == wanted_rcode) return last;
    } catch (const net::NetError&) {
      // Refused: nobody listens there so far.
    }
    const auto code = program.wait_exit(net::Deadline::in(milliseconds(50)));
    INFO(program.error_output());
    REQUIRE_FALSE(code.has_value());
  }
  return last;
}

void check_many(const net::Endpoint& endpoint) {
  Datagrams client(endpoint);
  std::set<std::uint16_t> answered;
  for (std::uint16_t id = 0; id < 100; ++id)
    client.send(dns::encode(make_query(name_of(id), dns::type::TXT, id)));
  while (answered.size() < 100) {
    const auto wire = client.read(net::Deadline::in(seconds(20)));
    REQUIRE(wire.has_value());
    const dns::Message reply = dns::decode(*wire).value();
    REQUIRE(reply.answers.size() == 1);
    CHECK(dns::rdata_to_text(reply.answers[0].rdata) == '"' + name_of(reply.header.id) + '"');
    answered.insert(reply.header.id);
  }
}

}  // namespace

TEST_CASE("stubby, unbound and dnsdist resolve through the proxy over TLS, and only under its name") {
  const auto [program, configure] = GENERATE(values<Forwarder>(
      {{"stubby", configure_stubby}, {"unbound", configure_unbound}, {"dnsdist", configure_dnsdist}}));
  CAPTURE(program);
  const auto path = find_peer(program);
  if (!path) return;
  const bool right_name = GENERATE(true, false);
  CAPTURE(right_name);
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls);
  const TempDir directory;
  const Setting setting{free_port(), proxy.endpoint(Transport::tls).address.port(),
                        right_name ? "localhost" : "other.test", proxy.ca_file(), directory};
  Process forwarder(Arguments{*path} + configure(setting));
  const net::Endpoint endpoint = net::parse_endpoint(fmt::format("udp://127.0.0.1:{}", setting.port)).value();
  const auto reply =
      ask_until_answered(forwarder, endpoint, right_name ? dns::rcode::NOERROR : dns::rcode::SERVFAIL);
  INFO(forwarder.error_output());
  if (right_name) {
    REQUIRE(reply.has_value());
    REQUIRE(reply->answers.size() == 1);
    check_many(endpoint);
  } else {
    CHECK((!reply || reply->header.rcode == dns::rcode::SERVFAIL));
  }
}
