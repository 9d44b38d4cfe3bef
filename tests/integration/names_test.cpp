// Resolvers that are given by name, looked up at a resolver of the test's own; and listeners on a name.
#include <fmt/format.h>
#include <fstream>
#include <unistd.h>

#include "common/net/tcp.h"
#include "tests/integration/extended_error.h"
#include "tests/support/catch.h"
#include "tests/support/client_leg.h"

using Catch::Matchers::Contains;
using net::Transport;

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

dns::Message query() {
  return with_edns(make_query("www.tag.test.", dns::type::A));
}

bool is_right(const dns::Message& reply) {
  return reply.header.rcode == dns::rcode::NOERROR && reply.answers.size() == 1;
}

// A resolver that knows the addresses of dns.book.
class Book {
 public:
  explicit Book(const std::string& records) { say(records); }

  void say(const std::string& records) {
    std::ofstream(directory_.file("zone")) << "book. 60 IN SOA . . 1 1 1 1 1\n" << records;
    Arguments arguments = {"--zone", directory_.file("zone")};
    if (resolver_) {  // another in its place
      const net::Endpoint before = resolver_->endpoint(Transport::udp);
      resolver_.reset();
      arguments = arguments + Arguments{"--listen", before.to_string()};
      where_ = before;
    }
    resolver_.emplace(arguments);
    if (!where_) where_ = resolver_->endpoint(Transport::udp);
  }

  Arguments as_bootstrap() const { return {"--bootstrap", where_->address.to_string()}; }

 private:
  TempDir directory_;
  std::optional<LabResolver> resolver_;
  std::optional<net::Endpoint> where_;
};

// Resolvers on one port, of one CA, each on an address of its own, with a certificate for dns.book.
class Family {
 public:
  Family() {
    LabResolver first(arguments());
    port_ = first.endpoint(Transport::tls).address.port();
    plain_port_ = first.endpoint(Transport::tcp).address.port();
  }
  std::unique_ptr<LabResolver> at(const std::string& host) const {
    return std::make_unique<LabResolver>(
        arguments() + Arguments{"--listen", fmt::format("tls://{}:{}", host, port_), "--listen",
                                fmt::format("tcp://{}:{}", host, plain_port_)});
  }
  Arguments upstream(Transport transport, const std::string& host = "dns.book") const {
    if (transport == Transport::tcp) return {"--upstream", fmt::format("tcp://{}:{}", host, plain_port_)};
    return {"--upstream", fmt::format("tls://{}:{}", host, port_), "--upstream-ca", ca_.file("ca/ca.pem")};
  }

 private:
  Arguments arguments() const { return {"--ca-dir", ca_.file("ca"), "--names", "DNS:dns.book"}; }

  TempDir ca_;
  std::uint16_t port_ = 0, plain_port_ = 0;
};

// Asks until it is answered, or for so long. Each query ends for itself.
bool is_answered_within(const Proxy& proxy, seconds time) {
  DotConnection client = proxy.connect(Transport::tls);
  for (const auto end = Clock::now() + time; Clock::now() < end;)
    if (is_right(client.ask(query()))) return true;
  return false;
}

}  // namespace

TEST_CASE("an upstream's name is looked up at --bootstrap, and its certificate has to carry it") {
  const Transport upstream = GENERATE(Transport::tls, Transport::tcp);
  CAPTURE(to_string(upstream));
  const Book book(
      "dns.book. 60 IN CNAME real.book.\nreal.book. 60 IN A 127.0.0.1\nwrong.book. 60 IN A 127.0.0.1\n");
  const Family family;
  const auto resolver = family.at("127.0.0.1");
  Proxy proxy(family.upstream(upstream) + book.as_bootstrap() + kWithUdp);
  for (const Transport leg : kAllLegs) {
    CAPTURE(to_string(leg));
    CHECK(is_right(ClientLeg(proxy, leg).ask(query())));
  }
  CHECK_THAT(proxy.process().error_output(), Contains("name-has name=dns.book upstreams="));
  if (upstream == Transport::tcp) return;
  const Proxy wrong(family.upstream(upstream, "wrong.book") + book.as_bootstrap());
  const dns::Message reply = wrong.connect(Transport::tls).ask(query());
  CHECK(reply.header.rcode == dns::rcode::SERVFAIL);
  CHECK_THAT(extended_error_in(reply).text, Contains("wrong.book"));
}

TEST_CASE("after a refusal another resolver is asked, not another address of the same one") {
  const Book book("dns.book. 60 IN A 127.0.0.2\ndns.book. 60 IN A 127.0.0.3\n");
  const Family family;
  const auto first = family.at("127.0.0.2");
  const auto second = family.at("127.0.0.3");
  const TempDir directory;
  std::ofstream(directory.file("zone"))
      << "only.here. 60 IN SOA . . 1 1 1 1 1\nonly.here. 60 IN A 192.0.2.1\n";
  const LabResolver other({"--zone", directory.file("zone")});
  const Proxy proxy(family.upstream(Transport::tcp) +
                    Arguments{"--upstream", other.uri(Transport::tcp), "--retry-on", "refused"} +
                    book.as_bootstrap() + kWithUdp);
  for (const Transport leg : kAllLegs) {
    CAPTURE(to_string(leg));
    CHECK(is_right(ClientLeg(proxy, leg).ask(with_edns(make_query("only.here.", dns::type::A)))));
  }
}

TEST_CASE("where one address of a name does not answer, the next one does") {
  const Book book("dns.book. 60 IN A 127.0.0.3\ndns.book. 60 IN A 127.0.0.2\n");
  const Family family;
  const auto second = family.at(GENERATE("127.0.0.2", "127.0.0.3"));  // in whichever order
  const Proxy proxy(family.upstream(Transport::tls) + book.as_bootstrap() + kWithUdp);
  for (const Transport leg : kAllLegs) {
    CAPTURE(to_string(leg));
    CHECK(is_right(ClientLeg(proxy, leg).ask(query())));
  }
}

TEST_CASE("when a name's only address dies and the name gets another, the proxy follows within seconds") {
  Book book("dns.book. 60 IN A 127.0.0.2\n");
  const Family family;
  auto resolver = family.at("127.0.0.2");
  Proxy proxy(family.upstream(Transport::tls) + book.as_bootstrap() + Arguments{"--query-timeout", "3s"});
  DotConnection client = proxy.connect(Transport::tls);
  CHECK(is_right(client.ask(query())));
  resolver.reset();
  CHECK(client.ask(query()).header.rcode == dns::rcode::SERVFAIL);
  resolver = family.at("127.0.0.3");
  book.say("dns.book. 60 IN A 127.0.0.3\n");
  CHECK(is_answered_within(proxy, seconds(30)));
  CHECK_THAT(proxy.process().error_output(), Contains("127.0.0.3"));
}

TEST_CASE("a name that is not known at the start keeps nobody from starting, nor from being asked later") {
  Book book("other.book. 60 IN A 127.0.0.1\n");
  const Family family;
  const auto resolver = family.at("127.0.0.2");
  Proxy proxy(family.upstream(Transport::tls) + book.as_bootstrap());
  const dns::Message reply = proxy.connect(Transport::tls).ask(query());
  CHECK(reply.header.rcode == dns::rcode::SERVFAIL);
  CHECK(extended_error_in(reply).code == dns::ede::NO_REACHABLE_AUTHORITY);
  CHECK_THAT(extended_error_in(reply).text, Contains("dns.book: no address of that name is known"));
  CHECK_THAT(proxy.process().error_output(), Contains("lookup-failed name=dns.book") && Contains("NXDOMAIN"));
  book.say("dns.book. 60 IN A 127.0.0.2\n");
  CHECK(is_answered_within(proxy, seconds(30)));
}

TEST_CASE("while a name is not known the other upstreams answer") {
  const Book book("other.book. 60 IN A 127.0.0.1\n");
  const Family family;
  const auto resolver = family.at("127.0.0.2");
  const Proxy proxy(family.upstream(Transport::tcp) + book.as_bootstrap() +
                    family.upstream(Transport::tcp, "127.0.0.2") + kWithUdp);
  for (const Transport leg : kAllLegs) {
    CAPTURE(to_string(leg));
    CHECK(is_right(ClientLeg(proxy, leg).ask(query())));
  }
}

TEST_CASE("names that the system knows need no --bootstrap, though the proxy has given up the file system") {
  const LabResolver resolver;
  const auto port = resolver.endpoint(Transport::tls).address.port();
  const Proxy proxy(
      {"--upstream", fmt::format("tls://localhost:{}", port), "--upstream-ca", resolver.ca_file()});
  CHECK(is_right(proxy.connect(Transport::tls).ask(query())));
}

TEST_CASE("a listener may have a name of this machine, and says where it is") {
  const LabResolver resolver;
  const Transport transport = GENERATE(Transport::udp, Transport::tcp);
  Arguments arguments = {PROXYSERVER_PROGRAM, "--listen",
                         fmt::format("{}://localhost:0", to_string(transport)), "--upstream",
                         resolver.uri(Transport::tcp)};
  const Listening proxy(arguments, 1);
  const net::Endpoint& endpoint = proxy.endpoint(transport);
  CHECK(endpoint.address.is_loopback());
  CHECK(is_right(transport == Transport::udp ? Datagrams(endpoint).ask(query())
                                             : DotConnection(endpoint).ask(query())));
}

TEST_CASE("what cannot be looked up cannot be listened at") {
  Process process({PROXYSERVER_PROGRAM, "--listen", "tcp://no-such-name.invalid:0"});
  CHECK(process.wait_exit(net::Deadline::in(seconds(40))) == 10);
  CHECK_THAT(process.error_output(), Contains("look up the name in --listen tcp://no-such-name.invalid:0: "));
}

TEST_CASE("a proxy does not ask itself, by whatever name") {
  const auto free = net::SocketAddress::of_socket(
      net::listen_tcp(*net::SocketAddress::parse("127.0.0.1", 0), 1).get());  // closed again by now
  const std::string listen = "tcp://" + free.to_string();
  Proxy proxy({"--listen", listen, "--upstream", fmt::format("tcp://localhost:{}", free.port())});
  CHECK(proxy.connect(Transport::tls).ask(query()).header.rcode == dns::rcode::SERVFAIL);
  CHECK_THAT(proxy.process().error_output(), Contains(free.to_string() + " is this proxy itself"));

  const std::string bootstrap = free.to_string();
  Process process({PROXYSERVER_PROGRAM, "--listen", "udp://" + bootstrap, "--upstream", "tcp://dns.book",
                   "--bootstrap", bootstrap});
  CHECK(process.wait_exit(net::Deadline::in(seconds(40))) == 1);
  CHECK_THAT(process.error_output(), Contains("--bootstrap " + bootstrap + ": that is this proxy itself"));
}

TEST_CASE("where the system would ask the proxy for the address of its upstream, it says so at the start") {
  const auto pid = static_cast<unsigned>(getpid());
  const std::string address =
      fmt::format("127.{}.{}.{}", 64 + (pid >> 16 & 0x3f), pid >> 8 & 0xff, pid & 0xff);
  const TempDir directory;
  std::ofstream(directory.file("resolv.conf")) << "nameserver " << address << "\n";
  const std::string in_its_place =
      fmt::format("mount --bind {} /etc/resolv.conf && exec \"$@\"", directory.file("resolv.conf"));
  const Arguments own_files = {"/usr/bin/unshare", "--mount", "/bin/sh", "-c", in_its_place, "sh"};
  if (Process(own_files + Arguments{"/bin/true"}).wait_exit(net::Deadline::in(seconds(10))) != 0) {
    WARN("skipped: only root can have a resolv.conf of his own");
    return;
  }
  Listening proxy(own_files + Arguments{PROXYSERVER_PROGRAM, "--listen", "udp://" + address, "--upstream",
                                        "tls://dns.quad9.net"},
                  1);
  CHECK_THAT(proxy.process().error_output(), Contains("looks-up-at-itself nameserver=" + address + ":53") &&
                                                 Contains("tls://9.9.9.9#dns.quad9.net"));
}
