// The PROXY protocol's header, octet by octet: what is taken, and what is refused as soon as it can be told.
#include "common/net/proxy_header.h"

#include <string>

#include "tests/support/catch.h"
#include "tests/support/hex.h"

using net::parse_proxy_header;
using net::ProxyHeader;

namespace {

const std::string kSignature = "0d0a0d0a000d0a515549540a ";
const std::string kV4 = kSignature + "21 11 000c c0000207 c6336401 9c40 0355";
const std::string kV6 = kSignature +
                        "21 21 0024 20010db8000000000000000000000007 20010db8000000000000000000000001"
                        " 9c40 0355";

Bytes with(Bytes octets, std::size_t more, std::uint8_t value = 0xee) {
  octets.insert(octets.end(), more, value);
  return octets;
}

}  // namespace

TEST_CASE("a PROXY header says which client has connected to which address, by IPv4 and by IPv6") {
  const auto v4 = parse_proxy_header(hex(kV4));
  REQUIRE((v4 && v4->ends));
  CHECK(v4->size == 28);
  CHECK(v4->ends->client.to_string() == "192.0.2.7:40000");
  CHECK(v4->ends->balancer.to_string() == "198.51.100.1:853");
  const auto v6 = parse_proxy_header(hex(kV6));
  REQUIRE((v6 && v6->ends));
  CHECK(v6->size == 52);
  CHECK(v6->ends->client.to_string() == "[2001:db8::7]:40000");
  CHECK(v6->ends->balancer.to_string() == "[2001:db8::1]:853");
}

TEST_CASE("a PROXY header that is not whole asks for no octet beyond its end") {
  for (const std::string& text : {kV4, kV6}) {
    const Bytes whole = hex(text);
    for (std::size_t count = 0; count < whole.size(); ++count) {
      CAPTURE(count);
      const auto part = parse_proxy_header(ByteView(whole).first(count));
      REQUIRE(part.has_value());
      CHECK(part->size == (count < ProxyHeader::kFixed ? ProxyHeader::kFixed : whole.size()));
      CHECK_FALSE(part->ends);
    }
    const auto more = parse_proxy_header(with(whole, 5, 0x16));  // TLS comes behind it
    REQUIRE((more && more->ends));
    CHECK(more->size == whole.size());
  }
}

TEST_CASE("what a PROXY header has behind its addresses is skipped, up to 4096 octets in all") {
  Bytes header = hex(kV4);
  const auto of_length = [&](std::size_t length) {
    header[14] = static_cast<std::uint8_t>(length >> 8);
    header[15] = static_cast<std::uint8_t>(length);
    return parse_proxy_header(with(header, length - 12));
  };
  for (const std::size_t length : {13U, 15U, 300U, 4080U}) {
    CAPTURE(length);
    const auto parsed = of_length(length);
    REQUIRE((parsed && parsed->ends));
    CHECK(parsed->size == 16 + length);
    CHECK(parsed->ends->client.host() == "192.0.2.7");
  }
  for (const std::size_t length : {4081U, 65535U}) {
    CAPTURE(length);
    REQUIRE_FALSE(of_length(length).has_value());
    CHECK(of_length(length).error() == std::string("a PROXY header of more than 4096 octets"));
  }
}

TEST_CASE("a PROXY header that names no client by TCP leaves the connection its own addresses") {
  const std::string addresses = " c0000207 c6336401 9c40 0355";
  const auto& [fields, behind] = GENERATE_COPY(table<std::string, std::string>(
      {{"20 00 0000", ""},            // LOCAL: a health check
       {"20 11 000c", addresses},     // LOCAL: what else it says is to be ignored
       {"20 ff 0001", " 00"},         // that, too
       {"21 00 0000", ""},            // UNSPEC
       {"21 00 0003", " 04 0000"},    // with a TLV
       {"21 01 0000", ""},            // no family
       {"21 10 000c", addresses},     // no transport
       {"21 12 000c", addresses}}));  // a datagram, over a connection
  CAPTURE(fields);
  const auto parsed = parse_proxy_header(hex(kSignature + fields + behind));
  REQUIRE(parsed.has_value());
  CHECK_FALSE(parsed->ends);
  CHECK(parsed->size == hex(kSignature + fields + behind).size());
  const auto unix_socket = parse_proxy_header(with(hex(kSignature + "21 31 00d8"), 216));
  CHECK((unix_socket && !unix_socket->ends && unix_socket->size == 232));
}

TEST_CASE("what is no PROXY header of version 2 is refused by its first octet that shows it") {
  const auto& [octets, reason] = GENERATE_COPY(table<std::string, std::string>(
      {{"16", "no header of the PROXY protocol"},  // TLS
       {"00", "no header of the PROXY protocol"},
       {"0d0a0d0a000d0b", "no header of the PROXY protocol"},
       {"50524f58 41", "no header of the PROXY protocol"},
       {"50524f58 59", "version 1 of the PROXY protocol; version 2 is needed: send-proxy-v2"},
       {kSignature + "11", "a version of the PROXY protocol that is not 2"},
       {kSignature + "31", "a version of the PROXY protocol that is not 2"},
       {kSignature + "22 11 000c", "a PROXY header with a command that is not LOCAL or PROXY"},
       {kSignature + "21 41 000c", "a PROXY header with an unknown family or transport"},
       {kSignature + "21 13 000c", "a PROXY header with an unknown family or transport"},
       {kSignature + "21 11 000b", "a PROXY header that is too short for its addresses"},
       {kSignature + "21 21 0023", "a PROXY header that is too short for its addresses"},
       {kSignature + "21 31 00d7", "a PROXY header that is too short for its addresses"},
       {kSignature + "21 11 ffff", "a PROXY header of more than 4096 octets"}}));
  CAPTURE(octets);
  const Bytes all = hex(octets);
  REQUIRE_FALSE(parse_proxy_header(all).has_value());
  CHECK(parse_proxy_header(all).error() == reason);
  CHECK(parse_proxy_header(ByteView(all).first(all.size() - 1)).has_value());
  CHECK(parse_proxy_header(with(all, 300)).error() == reason);
}
