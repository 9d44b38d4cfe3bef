#include "common/dns/wire_reader.h"

#include "tests/support/catch.h"
#include "tests/support/hex.h"

using dns::WireFault;
using dns::WireReader;

namespace {

Bytes copy(ByteView view) {
  return {view.begin(), view.end()};
}

}  // namespace

TEST_CASE("fields are read big-endian, one after the other (RFC 1035 §2.3.2)") {
  const Bytes wire = hex("01 0203 04050607 fffefdfc aabb");
  WireReader reader(wire);
  CHECK(reader.u8() == 0x01);
  CHECK(reader.u16() == 0x0203);
  CHECK(reader.u32() == 0x04050607u);
  CHECK(reader.u32() == 0xfffefdfcu);
  CHECK(reader.offset() == 11);
  CHECK(copy(reader.bytes(1)) == hex("aa"));
  CHECK(copy(reader.rest()) == hex("bb"));
  CHECK(reader.at_end());
  CHECK(reader.ok());
}

TEST_CASE("a field of which one octet is missing is refused and nothing is consumed") {
  const Bytes wire = hex("01 02 03");
  WireReader reader(wire);
  CHECK(reader.u32() == 0);
  CHECK_FALSE(reader.ok());
  CHECK(reader.offset() == 0);
  CHECK(reader.error().fault == WireFault::truncated);
  CHECK(reader.error().offset == 0);
  CHECK(reader.error().wanted == 4);
  CHECK(reader.error().got == 3);
}

TEST_CASE("every getter fails at the end of the message") {
  const Bytes wire = hex("aa");
  CHECK(WireReader({}).u8() == 0);
  CHECK(WireReader(wire).u16() == 0);
  CHECK(WireReader(wire).u32() == 0);
  CHECK(WireReader(wire).bytes(2).empty());
  WireReader reader({});
  CHECK(reader.rest().empty());  // nothing is no error
  CHECK(reader.ok());
}

TEST_CASE("a count near the largest number does not wrap the bounds check around") {
  const Bytes wire = hex("01 02 03 04");
  WireReader reader(wire);
  reader.u16();
  CHECK(reader.bytes(static_cast<std::size_t>(-1)).empty());
  CHECK_FALSE(reader.ok());
  CHECK(reader.offset() == 2);
}

TEST_CASE("after a failure nothing is left to read and the first error stays") {
  const Bytes wire = hex("01 02 03");
  WireReader reader(wire);
  reader.u8();
  reader.u32();
  CHECK(reader.u8() == 0);  // there is an octet, but no longer for this reader
  CHECK(reader.at_end());
  CHECK(reader.remaining() == 0);
  reader.fail(WireFault::bad_rdata);
  CHECK(reader.error().fault == WireFault::truncated);
  CHECK(reader.error().offset == 1);
  CHECK(reader.error().wanted == 4);
  CHECK_FALSE(reader.window(0).ok());
}

TEST_CASE("a window ends where it was told, counts from the message's start and sees all of it") {
  const Bytes wire = hex("01 02 03 04 05");
  WireReader reader(wire);
  reader.u8();
  WireReader window = reader.window(2);
  CHECK(reader.offset() == 3);
  CHECK(window.offset() == 1);
  CHECK(window.remaining() == 2);
  CHECK(window.message().size() == 5);
  CHECK(window.u16() == 0x0203);
  CHECK(window.u8() == 0);
  CHECK_FALSE(window.ok());
  CHECK(reader.ok());
  reader.close(window);
  CHECK(reader.error().fault == WireFault::truncated);
  CHECK(reader.error().offset == 3);
}

TEST_CASE("a window that was read to its end closes without a trace") {
  const Bytes wire = hex("01 02 03");
  WireReader reader(wire);
  WireReader window = reader.window(2);
  window.u16();
  reader.close(window);
  CHECK(reader.ok());
  CHECK(reader.u8() == 3);
}

TEST_CASE("octets left in a window are an error of the reader it came from") {
  const Bytes wire = hex("01 02 03");
  WireReader reader(wire);
  WireReader window = reader.window(3);
  window.u8();
  reader.close(window);
  CHECK(reader.error().fault == WireFault::trailing_bytes);
  CHECK(reader.error().offset == 1);
  CHECK(reader.error().got == 2);
}

TEST_CASE("a window wider than what is left fails, itself and the reader") {
  const Bytes wire = hex("01 02 03");
  WireReader reader(wire);
  const WireReader window = reader.window(4);
  CHECK_FALSE(window.ok());
  CHECK_FALSE(reader.ok());
  CHECK(reader.error().wanted == 4);
}
