#include "common/dns/wire_writer.h"

#include <string>

#include "common/dns/name.h"
#include "tests/support/catch.h"
#include "tests/support/hex.h"

using dns::Name;
using dns::WireReader;
using dns::WireWriter;

namespace {

Name name(std::string_view text) {
  return Name::parse(text).value();
}

// A writer that already holds `size` octets, as a message holds its header before the first name.
WireWriter writer_at(std::size_t size) {
  WireWriter writer;
  writer.bytes(Bytes(size, 0));
  return writer;
}

Bytes after_header(WireWriter& writer) {
  const Bytes wire = writer.take();
  return {wire.begin() + 12, wire.end()};
}

}  // namespace

TEST_CASE("fields are written big-endian") {
  WireWriter writer;
  writer.u8(0x01);
  writer.u16(0x0203);
  writer.u32(0xfffefdfc);
  writer.bytes(hex("aabb"));
  writer.text("hi");
  CHECK(writer.size() == 11);
  CHECK(writer.take() == hex("01 0203 fffefdfc aabb 6869"));
}

TEST_CASE("a count written as zero can be put right afterwards") {
  WireWriter writer;
  writer.u16(0);
  writer.u16(0x5555);
  writer.patch_u16(0, 0xabcd);
  CHECK(writer.take() == hex("abcd 5555"));
}

TEST_CASE("overflow begins with the 65,536th octet (RFC 7766 §8)") {
  WireWriter writer = writer_at(65535);
  CHECK_FALSE(writer.overflowed());
  writer.u8(0);
  CHECK(writer.overflowed());
}

TEST_CASE("a name seen before becomes a pointer, one with a known end ends in one (RFC 1035 §4.1.4)") {
  WireWriter writer = writer_at(12);
  writer.compressed_name(name("www.example."));
  writer.compressed_name(name("www.example."));
  writer.compressed_name(name("mail.example."));
  writer.compressed_name(name("mail.example."));
  writer.compressed_name(name("org."));
  CHECK(after_header(writer) == hex(R"(
    03 77 77 77  07 65 78 61 6d 70 6c 65  00   # at 12, "example" at 16
    c0 0c
    04 6d 61 69 6c  c0 10                      # at 27
    c0 1b
    03 6f 72 67  00
  )"));
}

TEST_CASE("suffixes are equal only with their case, so that no name loses its own") {
  WireWriter writer = writer_at(12);
  writer.compressed_name(name("example."));
  writer.compressed_name(name("Example."));
  writer.compressed_name(name("a.Example."));
  CHECK(after_header(writer) == hex(R"(
    07 65 78 61 6d 70 6c 65  00
    07 45 78 61 6d 70 6c 65  00   # at 21
    01 61  c0 15
  )"));
}

TEST_CASE("the root is one octet, never a pointer") {
  WireWriter writer = writer_at(12);
  writer.compressed_name(Name());
  writer.compressed_name(Name());
  CHECK(after_header(writer) == hex("00 00"));
}

TEST_CASE("an uncompressed name is written whole, whatever came before") {
  WireWriter writer = writer_at(12);
  writer.compressed_name(name("a."));
  writer.name(name("a."));
  CHECK(after_header(writer) == hex("01 61 00  01 61 00"));
}

TEST_CASE("a pointer reaches octet 16,383 and no further") {
  WireWriter writer = writer_at(16383);
  writer.compressed_name(name("a."));
  writer.compressed_name(name("a."));
  Bytes wire = writer.take();
  CHECK(Bytes(wire.begin() + 16383, wire.end()) == hex("01 61 00  ff ff"));

  writer = writer_at(16384);
  writer.compressed_name(name("a."));
  writer.compressed_name(name("a."));
  wire = writer.take();
  CHECK(Bytes(wire.begin() + 16384, wire.end()) == hex("01 61 00  01 61 00"));
}

TEST_CASE("thousands of names are all found again, and decode to what they were") {
  WireWriter writer = writer_at(12);
  std::vector<Name> names;
  for (int i = 0; i < 4000; ++i) names.push_back(name("host" + std::to_string(i % 2000) + ".example."));
  for (const Name& each : names) writer.compressed_name(each);
  const Bytes wire = writer.take();
  WireReader reader(wire);
  reader.bytes(12);
  for (const Name& each : names) {
    const Name decoded = Name::decode(reader);
    if (decoded.to_string() != each.to_string()) FAIL(decoded.to_string());
  }
  CHECK(reader.at_end());
  // The first needs 8 octets more than its like, for "example."; names that begin below 16,384 are named
  // again by two octets.
  CHECK(wire.size() < 12u + 2000 * 11 + 8 + 1500 * 2 + 500 * 11);
}
