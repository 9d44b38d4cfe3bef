// The end: what the proxy owes it still delivers, and then it goes, with exit code 0.
#include <csignal>
#include <sys/socket.h>

#include "common/net/net_error.h"
#include "common/net/tcp.h"
#include "tests/support/catch.h"
#include "tests/support/client_leg.h"

using net::Transport;

namespace {

using std::chrono::seconds;

}  // namespace

TEST_CASE("a signal to stop lets queries in flight have their answers") {
  const LabResolver resolver;
  const int signal = GENERATE(SIGTERM, SIGINT);
  const Transport leg = GENERATE(Transport::tls, Transport::tcp);
  CAPTURE(signal, to_string(leg));
  Proxy proxy(resolver, Transport::tls);
  DotConnection connection = proxy.connect(leg);
  DotConnection idle = proxy.connect(leg);
  connection.send(make_query("delay-600.slow.tag.test.", dns::type::TXT, 1));
  // This answer says that the proxy has taken in the query before it as well.
  REQUIRE(connection.ask(make_query("quick.tag.test.", dns::type::TXT, 2)).header.id == 2);

  proxy.process().signal(signal);
  CHECK(idle.closed_by_peer());  // nothing in flight: closed at once
  const dns::Message reply = connection.read_message();
  CHECK(reply.header.id == 1);
  CHECK(reply.header.rcode == dns::rcode::NOERROR);
  CHECK(connection.closed_by_peer());
  CHECK(proxy.process().wait_exit(net::Deadline::in(kPatience)) == 0);
}

TEST_CASE("once told to stop the proxy takes no new connection") {
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls);
  DotConnection connection = proxy.connect(Transport::tls);
  connection.send(make_query("delay-500.slow.tag.test.", dns::type::TXT, 1));
  REQUIRE(connection.ask(make_query("quick.tag.test.", dns::type::TXT, 2)).header.id == 2);
  DotConnection idle = proxy.connect(Transport::tcp);
  REQUIRE(idle.ask(make_query("quick.tag.test.", dns::type::TXT, 3)).header.id == 3);
  proxy.process().signal(SIGTERM);
  REQUIRE(idle.closed_by_peer());  // so it has begun to stop
  CHECK_THROWS_AS(proxy.connect(Transport::tcp), net::NetError);
  CHECK(connection.read_message().header.id == 1);
}

TEST_CASE("a query that gets no answer cannot keep the proxy from stopping") {
  const LabResolver resolver({"--fault", "drop"});
  Proxy proxy(resolver, Transport::tls, {"--query-timeout", "1s", "--write-timeout", "1s"});
  DotConnection connection = proxy.connect(Transport::tls);
  connection.send(make_query("lost.tag.test.", dns::type::TXT, 1));
  proxy.process().signal(SIGTERM);
  CHECK(proxy.process().wait_exit(net::Deadline::in(seconds(10))) == 0);
}

TEST_CASE("datagrams that wait for a resolver which is away cannot keep the proxy from stopping") {
  std::optional<LabResolver> resolver(std::in_place);
  Proxy proxy(*resolver, Transport::tcp, kWithUdp);
  resolver.reset();
  Datagrams client(proxy.endpoint(Transport::udp));
  client.send(dns::encode(make_query("waits.tag.test.", dns::type::TXT, 1)));
  const auto deadline = net::Deadline::in(kPatience);
  while (proxy.process().error_output().find("upstream-failed") == std::string::npos && !deadline.expired())
    client.read(net::Deadline::in(std::chrono::milliseconds(5)));
  proxy.process().signal(SIGTERM);
  CHECK(proxy.process().wait_exit(net::Deadline::in(seconds(10))) == 0);
  const auto reply = client.read();
  REQUIRE(reply.has_value());
  CHECK(dns::decode(*reply).value().rcode() == dns::rcode::SERVFAIL);
}

TEST_CASE("clients that hang on, silent or half through a handshake, cannot keep the proxy from stopping") {
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls);
  const DotConnection silent(proxy.endpoint(Transport::tls));  // TCP alone, no handshake
  const DotConnection idle = proxy.connect(Transport::tls);
  DotConnection half = proxy.connect(Transport::tls);
  half.send_octets(Bytes{0x00});
  proxy.process().signal(SIGTERM);
  CHECK(proxy.process().wait_exit(net::Deadline::in(seconds(5))) == 0);
}

TEST_CASE("a client that resets its connection kills nobody") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls);
  for (int i = 0; i < 20; ++i) {
    DotConnection connection = proxy.connect(i % 2 == 0 ? Transport::tls : Transport::tcp);
    connection.send(make_query("delay-50.a.tag.test.", dns::type::A));
    const linger at_once{1, 0};
    setsockopt(connection.fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  DotConnection connection = proxy.connect(Transport::tls);
  CHECK(connection.ask(make_query("delay-100.a.tag.test.", dns::type::A)).header.rcode ==
        dns::rcode::NOERROR);
}
