#include "proxyserver/clients/access.h"

#include "tests/support/catch.h"

namespace {

net::SocketAddress address(const std::string& text) {
  return net::SocketAddress::parse(text, 1234).value();
}

}  // namespace

TEST_CASE("a network contains the addresses that share its prefix") {
  const auto [network, inside, outside] = GENERATE(table<std::string, std::string, std::string>({
      {"192.0.2.0/24", "192.0.2.255", "192.0.3.0"},
      {"192.0.2.128/25", "192.0.2.128", "192.0.2.127"},
      {"192.0.2.7", "192.0.2.7", "192.0.2.6"},
      {"0.0.0.0/0", "203.0.113.9", "2001:db8::1"},
      {"::/0", "2001:db8::1", "203.0.113.9"},
      {"::/0", "::1", "::ffff:203.0.113.9"},
      {"::ffff:0:0/96", "203.0.113.9", "2001:db8::1"},
      {"2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"},
      {"2001:db8::1", "2001:db8::1", "2001:db8::2"},
      {"fe80::/10", "febf::1", "fec0::1"},
      {"127.0.0.0/8", "::ffff:127.0.0.1", "::1"},
  }));
  CAPTURE(network);
  const Network parsed = Network::parse(network).value();
  CHECK(parsed.contains(address(inside)));
  CHECK_FALSE(parsed.contains(address(outside)));
}

TEST_CASE("what is no network is refused") {
  const std::string text = GENERATE("", "example.com", "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/x",
                                    "192.0.2.1/24", "2001:db8::/129", "192.0.2.0/24/24");
  CAPTURE(text);
  CHECK_FALSE(Network::parse(text).has_value());
}

TEST_CASE("by default the private world may ask, and the public one may not (RFC 5358)") {
  const AccessList list = AccessList::private_networks();
  for (const char* text :
       {"127.0.0.1", "10.1.2.3", "172.31.0.1", "192.168.1.1", "169.254.1.1", "::1", "fe80::1", "fd00::1"}) {
    CAPTURE(text);
    CHECK(list.permits(address(text)));
  }
  for (const char* text : {"8.8.8.8", "172.32.0.1", "192.0.2.1", "2001:db8::1", "::"}) {
    CAPTURE(text);
    CHECK_FALSE(list.permits(address(text)));
  }
}

TEST_CASE("an IPv4 address is one client, and so is an IPv6 network of 64 bits") {
  CHECK(client_key(address("192.0.2.1")) != client_key(address("192.0.2.2")));
  CHECK(client_key(address("192.0.2.1")) == client_key(address("::ffff:192.0.2.1")));
  CHECK(client_key(address("2001:db8::1")) == client_key(address("2001:db8::ffff")));
  CHECK(client_key(address("2001:db8::1")) != client_key(address("2001:db8:0:1::1")));
}
