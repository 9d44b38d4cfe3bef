#include "common/dns/header.h"

#include <functional>

#include "tests/support/catch.h"
#include "tests/support/hex.h"

using dns::decode_header;
using dns::Header;
using dns::WireReader;
using dns::WireWriter;

namespace {

Bytes encoded(const Header& header) {
  WireWriter writer;
  encode_header(header, writer);
  return writer.take();
}

struct Flag {
  const char* name;
  unsigned bits;
  std::function<void(Header&)> set;
};

}  // namespace

TEST_CASE("each header field has the bits of RFC 1035 §4.1.1 and RFC 4035 §3, in both directions") {
  const std::vector<Flag> flags = {
      {"QR", 0x8000, [](Header& h) { h.qr = true; }},
      {"opcode", 0x7800, [](Header& h) { h.opcode = 15; }},
      {"AA", 0x0400, [](Header& h) { h.aa = true; }},
      {"TC", 0x0200, [](Header& h) { h.tc = true; }},
      {"RD", 0x0100, [](Header& h) { h.rd = true; }},
      {"RA", 0x0080, [](Header& h) { h.ra = true; }},
      {"Z", 0x0040, [](Header& h) { h.z = true; }},
      {"AD", 0x0020, [](Header& h) { h.ad = true; }},
      {"CD", 0x0010, [](Header& h) { h.cd = true; }},
      {"rcode", 0x000f, [](Header& h) { h.rcode = 15; }},
      {"opcode 5", 5u << 11, [](Header& h) { h.opcode = 5; }},
  };
  for (const Flag& flag : flags) {
    INFO(flag.name);
    Header header;
    flag.set(header);
    Bytes wire(12, 0);
    wire[2] = static_cast<std::uint8_t>(flag.bits >> 8);
    wire[3] = static_cast<std::uint8_t>(flag.bits);
    CHECK(encoded(header) == wire);
    WireReader reader(wire);
    CHECK(decode_header(reader) == header);
  }
}

TEST_CASE("ID and counts lie where RFC 1035 §4.1.1 puts them") {
  const Bytes wire = hex("1234 0000 0001 0203 0405 ffff");
  WireReader reader(wire);
  const Header header = decode_header(reader);
  CHECK(header.id == 0x1234);
  CHECK(header.qdcount == 1);
  CHECK(header.ancount == 0x0203);
  CHECK(header.nscount == 0x0405);
  CHECK(header.arcount == 0xffff);
  CHECK(reader.at_end());
  CHECK(encoded(header) == wire);
}

TEST_CASE("a header cut short anywhere is refused") {
  const Bytes wire(12, 0);
  for (std::size_t size = 0; size < wire.size(); ++size) {
    WireReader reader(ByteView(wire).first(size));
    decode_header(reader);
    CHECK_FALSE(reader.ok());
  }
}

TEST_CASE("an opcode or rcode with too many bits does not spill into its neighbours") {
  Header header;
  header.opcode = 0x10;
  header.rcode = 0x10;
  CHECK(encoded(header) == Bytes(12, 0));
}
