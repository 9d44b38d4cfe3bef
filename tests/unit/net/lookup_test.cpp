// Names in place of addresses: which are names by their form, and what this machine knows of them.
#include "common/net/lookup.h"

#include <fstream>

#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

TEST_CASE("a host may be a name, but not what looks like an address and is none") {
  for (const char* name : {"localhost", "dns.quad9.net", "dns.quad9.net.", "a_b.example", "1dot1.example",
                           "4.x", "x.4a", "xn--mnchen-3ya.example"})
    CHECK(net::is_host_name(name));
  const std::string label(64, 'a');
  for (const std::string& none :
       {std::string(), std::string("."), std::string("a..b"), std::string(".a"), std::string("a b"),
        std::string("300.1.1.1"), std::string("127.1"), std::string("0x7f000001"), std::string("a/b"),
        std::string("m\xc3\xbc"), label,
        "a." + std::string(63, 'b') + "." + std::string(63, 'b') + "." + std::string(63, 'b') + "." +
            std::string(63, 'b')})
    CHECK_FALSE(net::is_host_name(none));
}

TEST_CASE("a URI's host is an address or a name, and its port the transport's, unless given") {
  const auto name = net::parse_uri("tls://dns.quad9.net");
  REQUIRE(name.has_value());
  CHECK_FALSE(name->address.has_value());
  CHECK(name->to_string() == "tls://dns.quad9.net:853");
  CHECK(net::parse_uri("tcp://localhost:5300")->to_string() == "tcp://localhost:5300");
  CHECK(net::parse_uri("tls://localhost#lab.test")->to_string() == "tls://localhost:853#lab.test");
  const auto address = net::parse_uri("tls://[2001:db8::0:1]:8853");
  REQUIRE(address.has_value());
  CHECK(address->host == "2001:db8::1");
  CHECK(address->address->port() == 8853);
  CHECK(address->to_string() == "tls://[2001:db8::1]:8853");
  CHECK(net::parse_uri("tls://").error() == "'' is not an IPv4 or IPv6 address");
  CHECK(net::parse_endpoint("tls://dns.quad9.net").error() ==
        "'dns.quad9.net' is not an IPv4 or IPv6 address");
}

TEST_CASE("this machine knows its own name, and says so of one that it does not know") {
  const net::Addresses local = net::look_up("localhost", 853);
  REQUIRE(local.has_value());
  CHECK(local->front().is_loopback());
  CHECK(local->front().port() == 853);
  CHECK_FALSE(net::look_up("no-such-name.invalid", 853).has_value());
  CHECK(net::look_up_aside([] { return net::look_up("localhost", 1); }).get()->front().port() == 1);
}

TEST_CASE("the system's resolvers are those of resolv.conf, or else the one of this machine") {
  const TempDir directory;
  const std::string file = directory.file("resolv.conf");
  std::ofstream(file) << "# nameserver 192.0.2.9\nsearch example\nnameserver 127.0.0.53\n"
                         "nameserver\t2001:db8::53 # the other\noptions edns0\n";
  const auto found = net::nameservers(file);
  REQUIRE(found.size() == 2);
  CHECK(found[0].to_string() == "127.0.0.53:53");
  CHECK(found[1].to_string() == "[2001:db8::53]:53");
  CHECK(net::nameservers(directory.file("none")).front().to_string() == "127.0.0.1:53");
}
