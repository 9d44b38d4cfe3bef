// What octets a client may send, and in what pieces: the frames of RFC 7766 §8 and their borders.
#include <sys/socket.h>

#include "tests/support/catch.h"
#include "tests/support/hex.h"
#include "tests/support/lab.h"

using net::Transport;

namespace {

Bytes framed(const dns::Message& message) {
  const Bytes wire = dns::encode(message);
  Bytes frame = {static_cast<std::uint8_t>(wire.size() >> 8), static_cast<std::uint8_t>(wire.size())};
  frame.insert(frame.end(), wire.begin(), wire.end());
  return frame;
}

struct Lab {
  LabResolver resolver;
  Proxy proxy{resolver, Transport::tcp};

  // Whatever one client did, the next one is served.
  void check_alive() const {
    CHECK(proxy.connect(Transport::tls).ask(make_query("alive.tag.test.", dns::type::A)).header.rcode ==
          dns::rcode::NOERROR);
  }
};

}  // namespace

TEST_CASE("a client that sends one octet at a time is answered") {
  const Lab lab;
  const Transport leg = GENERATE(Transport::tls, Transport::tcp);
  DotConnection connection = lab.proxy.connect(leg);  // TCP_NODELAY: each octet is a segment, or a TLS record
  const Bytes frame = framed(make_query("www.tag.test.", dns::type::TXT, 3));
  for (const std::uint8_t& octet : frame) connection.send_octets({&octet, 1});
  const dns::Message reply = connection.read_message();
  CHECK(reply.header.id == 3);
  CHECK(reply.answers.size() == 1);
}

TEST_CASE("frames that come together, the last one cut in two, are each answered") {
  const Lab lab;
  DotConnection connection = lab.proxy.connect(Transport::tls);
  Bytes octets;
  for (std::uint16_t id = 1; id <= 3; ++id) {
    const Bytes frame = framed(make_query("www.tag.test.", dns::type::TXT, id));
    octets.insert(octets.end(), frame.begin(), frame.end());
  }
  connection.send_octets(ByteView(octets).first(octets.size() - 5));
  CHECK(connection.read_message().header.id == 1);
  CHECK(connection.read_message().header.id == 2);
  connection.send_octets(ByteView(octets).last(5));
  CHECK(connection.read_message().header.id == 3);
}

TEST_CASE("a client that closes its half gets its answers, and then the proxy closes") {
  const Lab lab;
  const Transport leg = GENERATE(Transport::tls, Transport::tcp);
  DotConnection connection = lab.proxy.connect(leg);
  connection.send(make_query("delay-100.www.tag.test.", dns::type::TXT, 3));
  connection.send(make_query("www.tag.test.", dns::type::TXT, 4));
  connection.finish_sending();
  CHECK(connection.read_message().header.id == 4);
  CHECK(connection.read_message().header.id == 3);
  CHECK(connection.closed_by_peer());
}

TEST_CASE("what is not from a DNS client is hung up on") {
  const Lab lab;
  const Transport leg = GENERATE(Transport::tls, Transport::tcp);
  const std::string octets =
      GENERATE(as<std::string>(),  //
               "00 00 # a frame of nothing", "00 01 00 # one octet is no header",
               "00 0b 00 01 01 00 00 01 00 00 00 00 00 # eleven octets are none either",
               "00 11 00 01 81 00 00 01 00 00 00 00 00 00  00 00 01 00 01 # QR=1");
  CAPTURE(octets);
  DotConnection connection = lab.proxy.connect(leg);
  connection.send_octets(hex(octets));
  CHECK(connection.closed_by_peer());
  lab.check_alive();
}

TEST_CASE("the largest frame there is takes no harm") {
  const Lab lab;
  Bytes octets(2 + 65535, 0);
  octets[0] = octets[1] = 0xff;
  octets[2 + 5] = 1;  // one question, its name the root, and then 65,518 octets too many
  DotConnection connection = lab.proxy.connect(Transport::tls);
  connection.send_octets(octets);
  CHECK(connection.read_message().header.rcode == dns::rcode::FORMERR);
  lab.check_alive();
}

TEST_CASE("a frame that is announced and never sent whole holds up nobody else") {
  const Lab lab;
  DotConnection connection = lab.proxy.connect(Transport::tls);
  connection.send_octets(hex("ff ff 00"));
  lab.check_alive();
}

TEST_CASE("plain DNS on the TLS port is no query, and TLS on the plain port is none") {
  const Lab lab;
  DotConnection plain(lab.proxy.endpoint(Transport::tls));
  plain.send(make_query("www.tag.test.", dns::type::A));
  std::uint8_t scratch[256];
  try {
    while (plain.stream().read_some(scratch, net::Deadline::in(kPatience)) > 0) {
    }                                // an alert, and then the end
  } catch (const std::exception&) {  // a reset will do
  }
  DotConnection hello(lab.proxy.endpoint(Transport::tcp));
  hello.send_octets(hex("16 03 01 00 0c 01 00 00 08 03 03 00 00 00 00 00 00"));
  hello.finish_sending();
  CHECK(hello.closed_by_peer());
  lab.check_alive();
}

TEST_CASE("an answer of sixty thousand octets arrives whole") {
  const Lab lab;
  DotConnection connection = lab.proxy.connect(Transport::tls);
  DotConnection direct = lab.resolver.connect(Transport::tls);
  const Bytes query = dns::encode(make_query("big.example.com.", dns::type::TXT));
  connection.send(query);
  direct.send(query);
  const auto reply = connection.read();
  REQUIRE(reply.has_value());
  CHECK(reply->size() > 50'000);
  CHECK(reply == direct.read());
}
