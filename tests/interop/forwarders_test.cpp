// Other people's forwarders in front of our proxy: each asks it over TLS with strict authentication, and
// resolves through it, or not at all where the name, or who vouches for it, is not the proxy's.
#include "tests/interop/forwarders.h"

#include <fmt/format.h>
#include <fstream>
#include <set>
#include <sstream>

using Catch::Matchers::Contains;
using Catch::Matchers::Equals;
using net::Transport;

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// One of them, running in front of a proxy and a resolver.
class Chain {
 public:
  Chain(const Forwarder& kind, const std::string& path, const std::string& auth_name = "localhost",
        bool right_ca = true)
      : setting_{free_port(), proxy_.endpoint(Transport::tls).address.port(), auth_name,
                 right_ca ? proxy_.ca_file() : resolver_.ca_file(), directory_},
        forwarder_(kind.configure(path, setting_)) {}

  net::Endpoint endpoint(Transport transport) const {
    return {transport, *net::SocketAddress::parse("127.0.0.1", setting_.port), {}};
  }

  // Its answer to the query, sent until one comes, since it may not be listening yet. nullopt: the proxy has
  // seen it give up a handshake, which some of them tell nobody.
  std::optional<dns::Message> ask_until_answered(const dns::Message& query) {
    Datagrams client(endpoint(Transport::udp));
    const auto deadline = net::Deadline::in(seconds(30));
    for (;;) {
      try {
        client.send(dns::encode(query));
        if (const auto wire = client.read(net::Deadline::in(milliseconds(500))))
          return dns::decode(*wire).value();
      } catch (const net::NetError&) {
        // Refused: nobody listens there so far.
      }
      if (trace().find("TLS handshake") != std::string::npos) return std::nullopt;
      const auto code = forwarder_.wait_exit(net::Deadline::in(milliseconds(20)));
      INFO(forwarder_.error_output());
      REQUIRE_FALSE(code.has_value());
      REQUIRE_FALSE(deadline.expired());
    }
  }

  // What the proxy saw; see proxyserver/watching/trace.h.
  std::string trace() const {
    std::ostringstream text;
    text << std::ifstream(directory_.file("trace")).rdbuf();
    return text.str();
  }
  std::string log() const { return forwarder_.error_output(); }

 private:
  TempDir directory_;
  LabResolver resolver_;
  Proxy proxy_{resolver_, Transport::tls, {"--trace", directory_.file("trace")}};
  ForwarderSetting setting_;
  Process forwarder_;
};

std::string name_of(std::uint16_t id) {
  return fmt::format("q{}.tag.test.", id);
}

void check_tag(const dns::Message& reply, std::uint16_t type) {
  REQUIRE(reply.answers.size() == 1);
  CHECK(reply.answers[0].type == type);
  CHECK(reply.header.rcode == dns::rcode::NOERROR);
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
    CHECK_THAT(
        dns::rdata_to_text(reply.answers[0].rdata),
        Equals('"' + name_of(reply.header.id) + '"', Catch::CaseSensitive::No));  // kresd asks for qUEries
    answered.insert(reply.header.id);
  }
}

void check_resolves(const Forwarder& kind) {
  const auto path = find_peer(kind.program);
  if (!path) return;
  Chain chain(kind, *path);
  const auto first = chain.ask_until_answered(make_query("first.tag.test.", dns::type::A));
  INFO(chain.log());
  INFO(chain.trace());
  REQUIRE(first.has_value());
  check_tag(*first, dns::type::A);
  Datagrams client(chain.endpoint(Transport::udp));
  for (const std::uint16_t type : {dns::type::A, dns::type::AAAA, dns::type::TXT})
    check_tag(client.ask(make_query("www.tag.test.", type)), type);
  CHECK(client.ask(make_query("nobody.example.com.", dns::type::A)).header.rcode == dns::rcode::NXDOMAIN);
  check_many(chain.endpoint(Transport::udp));

  const dns::Message cut = client.ask(with_edns(make_query("big.example.com.", dns::type::TXT)));
  CHECK(cut.header.tc);
  DotConnection stream(chain.endpoint(Transport::tcp));
  const dns::Message whole = stream.ask(with_edns(make_query("big.example.com.", dns::type::TXT)));
  CHECK(whole.header.rcode == dns::rcode::NOERROR);
  CHECK(whole.answers.size() == 236);  // 60 kB
  CHECK_THAT(chain.trace(), Contains("handshake client="));
}

// It ends the handshake, and never asks.
void check_refuses(const Forwarder& kind) {
  const auto path = find_peer(kind.program);
  if (!path) return;
  const auto& [auth_name, right_ca] =
      GENERATE(table<std::string, bool>({{"other.test", true}, {"localhost", false}}));
  CAPTURE(auth_name, right_ca);
  Chain chain(kind, *path, auth_name, right_ca);
  const auto reply = chain.ask_until_answered(make_query("first.tag.test.", dns::type::A));
  INFO(chain.log());
  INFO(chain.trace());
  CHECK((!reply || reply->header.rcode == dns::rcode::SERVFAIL));
  CHECK_THAT(chain.trace(), Contains("accepted client="));
  CHECK_THAT(chain.trace(), !Contains("query client="));
}

}  // namespace

TEST_CASE("stubby resolves through the proxy") {
  check_resolves(kStubby);
}
TEST_CASE("unbound resolves through the proxy") {
  check_resolves(kUnbound);
}
TEST_CASE("dnsdist resolves through the proxy") {
  check_resolves(kDnsdist);
}
TEST_CASE("knot-resolver resolves through the proxy") {
  check_resolves(kKnotResolver);
}
TEST_CASE("systemd-resolved resolves through the proxy") {
  check_resolves(kSystemdResolved);
}

TEST_CASE("stubby asks no proxy that cannot prove its name") {
  check_refuses(kStubby);
}
TEST_CASE("unbound asks no proxy that cannot prove its name") {
  check_refuses(kUnbound);
}
TEST_CASE("dnsdist asks no proxy that cannot prove its name") {
  check_refuses(kDnsdist);
}
TEST_CASE("knot-resolver asks no proxy that cannot prove its name") {
  check_refuses(kKnotResolver);
}
TEST_CASE("systemd-resolved asks no proxy that cannot prove its name") {
  check_refuses(kSystemdResolved);
}
