#include "client/server.h"

#include <netinet/in.h>
#include <utility>

#include "common/net/net_error.h"
#include "tests/support/catch.h"

using client::parse_server;
using net::Deadline;
using namespace std::chrono_literals;

namespace {

// "SCHEME|HOST|PORT|NAME", a dash for what the text leaves open.
std::string parts(const client::ServerText& server) {
  return std::string(server.transport ? net::to_string(*server.transport) : "-") + "|" + server.host + "|" +
         (server.port ? std::to_string(*server.port) : "-") + "|" +
         (server.auth_name.empty() ? "-" : server.auth_name);
}

}  // namespace

TEST_CASE("a server is written in all these ways", "[server]") {
  const std::pair<const char*, const char*> table[] = {
      {"192.0.2.1", "-|192.0.2.1|-|-"},
      {"192.0.2.1:853", "-|192.0.2.1|853|-"},
      {"192.0.2.1#853", "-|192.0.2.1|853|-"},
      {"192.0.2.1#dns.example", "-|192.0.2.1|-|dns.example"},
      {"192.0.2.1:853#dns.example", "-|192.0.2.1|853|dns.example"},
      {"2001:db8::1", "-|2001:db8::1|-|-"},
      {"[2001:db8::1]", "-|2001:db8::1|-|-"},
      {"[2001:db8::1]:853", "-|2001:db8::1|853|-"},
      {"[2001:db8::1]:853#dns.example", "-|2001:db8::1|853|dns.example"},
      {"2001:db8::1#853", "-|2001:db8::1|853|-"},
      {"::1", "-|::1|-|-"},
      {"tls://192.0.2.1", "tls|192.0.2.1|-|-"},
      {"tcp://192.0.2.1:53", "tcp|192.0.2.1|53|-"},
      {"udp://[::1]:5353", "udp|::1|5353|-"},
      {"tls://192.0.2.1:853#dns.example", "tls|192.0.2.1|853|dns.example"},
      {"dns.example", "-|dns.example|-|-"},
      {"dns.example:853", "-|dns.example|853|-"},
      {"tls://localhost:8443", "tls|localhost|8443|-"},
  };
  for (const auto& [text, expected] : table) {
    const auto server = parse_server(text);
    INFO(text);
    REQUIRE(server);
    CHECK(parts(*server) == expected);
  }
}

TEST_CASE("a server written wrongly is refused with the part at fault", "[server]") {
  const std::pair<const char*, const char*> table[] = {
      {"", "no server after '@'"},
      {":53", "no server after '@'"},
      {"tls://", "no server after '@'"},
      {"https://192.0.2.1", "'https' is not a transport: tls, tcp or udp"},
      {"[::1", "no ']' in '[::1'"},
      {"[::1]53", "'53' after ']' is not a port"},
      {"[::1]:", "port: '' is not a number"},
      {"192.0.2.1:0", "port: 0 is not between 1 and 65535"},
      {"192.0.2.1:65536", "port: 65536 is not between 1 and 65535"},
      {"192.0.2.1:dns", "port: 'dns' is not a number"},
      {"192.0.2.1#", "no name after '#'"},
      {"192.0.2.1#m\xc3\xbcnchen.example",
       "'m\xc3\xbcnchen.example' is not ASCII: write it as IDNA does, xn--..."},
      {"tls://m\xc3\xbcnchen.example:853",
       "'m\xc3\xbcnchen.example' is not ASCII: write it as IDNA does, xn--..."},
      {"1:2:3", "'1:2:3' is not an IPv6 address"},
  };
  for (const auto& [text, complaint] : table) {
    const auto server = parse_server(text);
    INFO(text);
    REQUIRE_FALSE(server);
    CHECK(server.error() == complaint);
  }
}

TEST_CASE("an address needs no look-up, a name gets one", "[server]") {
  client::Server server;
  auto addresses = client::addresses_of(server, AF_UNSPEC, Deadline::in(5s));
  REQUIRE(addresses.size() == 1);
  CHECK(addresses[0].to_string() == "127.0.0.1:8443");

  server.host = "::1:8443";  // an address as a whole, and shown as one (RFC 5952 §4)
  CHECK(client::addresses_of(server, AF_UNSPEC, Deadline::in(5s)).at(0).to_string() == "[::1:8443]:8443");

  server.host = "localhost";
  addresses = client::addresses_of(server, AF_INET, Deadline::in(5s));
  REQUIRE(addresses.size() == 1);
  CHECK(addresses[0].to_string() == "127.0.0.1:8443");
}

TEST_CASE("a name that is none has no address", "[server]") {
  client::Server server;
  server.host = "no such host";
  CHECK_THROWS_AS(client::addresses_of(server, AF_UNSPEC, Deadline::in(5s)), client::NoAddress);
}

TEST_CASE("a loopback address and localhost are this machine, nothing else is", "[server]") {
  for (const char* const host :
       {"127.0.0.1", "127.255.1.2", "::1", "::ffff:127.0.0.1", "localhost", "LocalHost", "localhost."}) {
    INFO(host);
    CHECK(client::is_this_machine(host));
  }
  for (const char* const host : {"128.0.0.1", "192.168.0.1", "0.0.0.0", "::", "::2", "localhost.example",
                                 "local", "127.example", ".", ""}) {
    INFO(host);
    CHECK_FALSE(client::is_this_machine(host));
  }
}
