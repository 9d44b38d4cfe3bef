#include "common/dns/rdata.h"

#include <algorithm>
#include <random>

#include "common/dns/rdata_table.h"
#include "tests/support/catch.h"
#include "tests/support/hex.h"
#include "tests/unit/dns/rdata_samples.h"

namespace {

using namespace dns;

Expected<Rdata> decoded(std::uint16_t type, ByteView wire) {
  WireReader message(wire);
  WireReader window = message.window(wire.size());
  Rdata rdata = decode_rdata(type, window);
  message.close(window);
  if (!message.ok()) return std::unexpected(message.error());
  return rdata;
}

Bytes encoded(const Rdata& rdata) {
  WireWriter writer;
  encode_rdata(rdata, writer);
  return writer.take();
}

struct Reject {
  std::uint16_t type;
  std::string_view wire;
  std::string_view why;
};

constexpr Reject kRejects[] = {
    {type::A, "", "empty"},
    {type::A, "c00002", "too short"},
    {type::A, "c000020100", "too long"},
    {type::AAAA, "", "empty"},
    {type::AAAA, "20010db8000000000000000000000001 00", "too long"},
    {type::AAAA, "20010db80000000000000000000000", "too short"},
    {type::NS, "", "empty"},
    {type::NS, "02 6e", "a label cut off"},
    {type::NS, "02 6e73", "no root"},
    {type::NS, "02 6e73 00 00", "too long"},
    {type::SOA, "00 00 00000001 00000002 00000003 00000004 000000", "MINIMUM cut off"},
    {type::SOA, "00 00 00000001 00000002 00000003 00000004 00000005 00", "too long"},
    {type::HINFO, "01 61", "one string of two"},
    {type::HINFO, "01 61 01 62 01 63", "three strings"},
    {type::HINFO, "01 61 02 62", "a string cut off"},
    {type::MX, "", "empty"},
    {type::MX, "00", "half a preference"},
    {type::MX, "000a", "no exchange"},
    {type::TXT, "", "no string"},
    {type::TXT, "02 61", "a string cut off"},
    {type::RP, "01 61 00", "one name of two"},
    {type::AFSDB, "0001", "no name"},
    {type::LOC, "", "empty"},
    {type::LOC, "00 12 16 13 80000000 80000000 009896", "too short"},
    {type::LOC, "00 12 16 13 80000000 80000000 00989680 00", "too long"},
    {type::LOC, "00 a2 16 13 80000000 80000000 00989680", "a size of ten somethings"},
    {type::LOC, "00 12 1a 13 80000000 80000000 00989680", "a precision of ten to the tenth"},
    {type::LOC, "00 12 16 05 80000000 80000000 00989680", "zero times a power"},
    {type::LOC, "00 12 16 13 934fd901 80000000 00989680", "north of the pole"},
    {type::LOC, "00 12 16 13 80000000 59604dff 00989680", "beyond 180 degrees west"},
    {type::SRV, "0001 0002 0003", "no target"},
    {type::NAPTR, "0001 0002 01 73 00 00", "no replacement"},
    {type::DNAME, "", "empty"},
    {type::DS, "1234 08 02", "no digest"},
    {type::DS, "1234 08", "no digest type"},
    {type::SSHFP, "01 01", "no fingerprint"},
    {type::RRSIG, "0001 08 02 00000e10 65432100 653210ff 1234 01 61 00", "no signature"},
    {type::RRSIG, "0001 08 02 00000e10 65432100 653210ff 1234", "no signer"},
    {type::NSEC, "00", "no types"},
    {type::NSEC, "00 00 00", "a window of no octets"},
    {type::NSEC, "00 00 02 01 00", "a trailing zero octet"},
    {type::NSEC, "00 00 21 0000000000000000000000000000000000000000000000000000000000000000 01",
     "a window of 33 octets"},
    {type::NSEC, "00 01 01 40 00 01 40", "windows that fall"},
    {type::NSEC, "00 00 01 40 00 01 40", "the same window twice"},
    {type::NSEC, "00 00 02 40", "a window cut off"},
    {type::DNSKEY, "0101 03 08", "no key"},
    {type::NSEC3, "01 00 000a 00 00", "an empty hash"},
    {type::NSEC3, "01 00 000a 00", "no hash"},
    {type::NSEC3, "01 00 000a 03 aabb", "the salt cut off"},
    {type::NSEC3, "01 00 000a 00 01 aa 00", "half a window"},
    {type::NSEC3PARAM, "01 00 000a", "no salt length"},
    {type::NSEC3PARAM, "01 00 000a 00 00", "too long"},
    {type::TLSA, "03 01 01", "no association"},
    {type::SMIMEA, "03 01", "too short"},
    {type::CDS, "0000 00 00", "no digest"},
    {type::CDNSKEY, "0000 03 00", "no key"},
    {type::OPENPGPKEY, "", "no key"},
    {type::CSYNC, "00000000 00", "half the flags"},
    {type::ZONEMD, "00000001 01 01 000102030405060708090a", "a digest of 11 octets: RFC 8976 wants 12"},
    {type::SVCB, "0001", "no target"},
    {type::SVCB, "0001 00 0001", "half a parameter"},
    {type::SVCB, "0001 00 0003 0002 01", "a value cut off"},
    {type::HTTPS, "0001 00 0003 0001 01", "a port of one octet"},
    {type::HTTPS, "0001 00 0003 0002 01bb 0001 0003 026832", "keys that fall"},
    {type::HTTPS, "0001 00 0003 0002 01bb 0003 0002 01bb", "the same key twice"},
    {type::HTTPS, "0001 00 0001 0000", "alpn of nothing"},
    {type::HTTPS, "0001 00 0001 0001 00", "alpn with an empty name"},
    {type::HTTPS, "0001 00 0001 0003 036832", "alpn with a name cut off"},
    {type::HTTPS, "0001 00 0002 0000", "no-default-alpn without alpn"},
    {type::HTTPS, "0001 00 0001 0003 026832 0002 0001 00", "no-default-alpn with a value"},
    {type::HTTPS, "0001 00 0004 0003 c00002", "three quarters of an address"},
    {type::HTTPS, "0001 00 0004 0000", "ipv4hint of nothing"},
    {type::HTTPS, "0001 00 0005 0000", "ech of nothing"},
    {type::HTTPS, "0001 00 0006 0004 20010db8", "a quarter of an address"},
    {type::HTTPS, "0001 00 0000 0000", "mandatory of nothing"},
    {type::HTTPS, "0001 00 0000 0002 0000", "mandatory that names itself"},
    {type::HTTPS, "0001 00 0000 0002 0003", "mandatory that names what is not there"},
    {type::HTTPS, "0001 00 0000 0001 00", "half a key in mandatory"},
    {type::SPF, "", "no string"},
    {type::EUI48, "0123456789", "too short"},
    {type::EUI48, "0123456789abcd", "too long"},
    {type::EUI64, "0123456789abcd", "too short"},
    {type::URI, "0001 00", "half a weight"},
    {type::CAA, "00", "no tag"},
    {type::CAA, "00 00 61", "an empty tag"},
    {type::CAA, "00 02 61", "the tag cut off"},
    {type::CAA, "00 04 69732d75", "a tag with a dash"},
};

TEST_CASE("RDATA of every type is decoded, printed as dig prints it, parsed and encoded") {
  for (const RdataSample& sample : kRdataSamples) {
    CAPTURE(sample.name);
    const Bytes wire = hex(sample.wire);
    const auto rdata = decoded(sample.type, wire);
    REQUIRE(rdata);
    CHECK(rdata->wire == wire);
    CHECK(rdata_to_text(*rdata) == sample.text);
    CHECK(encoded(*rdata) == wire);
    const auto parsed = parse_rdata(sample.type, sample.text);
    REQUIRE(parsed);
    CHECK(*parsed == *rdata);
  }
}

TEST_CASE("RDATA of every type may be written in the form of RFC 3597") {
  for (const RdataSample& sample : kRdataSamples) {
    CAPTURE(sample.name);
    const Rdata unknown{65281, hex(sample.wire)};  // to_text knows this type no better than RFC 3597 does
    const auto parsed = parse_rdata(sample.type, rdata_to_text(unknown));
    REQUIRE(parsed);
    CHECK(parsed->wire == unknown.wire);
    CHECK(parsed->type == sample.type);
  }
}

TEST_CASE(
    "RDATA that lacks its type's form is refused as bad RDATA, on the wire and in the generic form (RFC "
    "3597)") {
  for (const Reject& reject : kRejects) {
    CAPTURE(reject.type, reject.why, reject.wire);
    const Bytes wire = hex(reject.wire);
    const auto rdata = decoded(reject.type, wire);
    REQUIRE_FALSE(rdata);
    CHECK(rdata.error().fault == WireFault::bad_rdata);
    CHECK(rdata.error().offset <= wire.size());
    CHECK_FALSE(parse_rdata(reject.type, rdata_to_text({65281, wire})));
  }
}

TEST_CASE("malformed RDATA still prints, as octets") {
  for (const Reject& reject : kRejects) {
    const Rdata rdata{reject.type, hex(reject.wire)};
    CHECK(rdata_to_text(rdata) == rdata_to_text({65281, rdata.wire}));
    CHECK(encoded(rdata) == rdata.wire);
  }
}

TEST_CASE("every strict prefix of RDATA is refused or read as shorter RDATA") {
  for (const RdataSample& sample : kRdataSamples) {
    const Bytes wire = hex(sample.wire);
    for (std::size_t size = 0; size < wire.size(); ++size) {
      CAPTURE(sample.name, size);
      const Bytes prefix(wire.begin(), wire.begin() + static_cast<std::ptrdiff_t>(size));
      const auto rdata = decoded(sample.type, prefix);
      if (!rdata) continue;
      CHECK(rdata->wire == prefix);
      CHECK(parse_rdata(sample.type, rdata_to_text(*rdata)) == *rdata);
    }
  }
}

TEST_CASE("RDATA with random octets changed never reads astray, and what is accepted survives its text") {
  std::mt19937 dice(1035);
  for (const RdataSample& sample : kRdataSamples) {
    const Bytes wire = hex(sample.wire);
    if (wire.empty()) continue;
    for (int round = 0; round < 300; ++round) {
      Bytes changed = wire;
      for (auto changes = dice() % 3 + 1; changes > 0; --changes)
        changed[dice() % changed.size()] = static_cast<std::uint8_t>(dice());
      changed.resize(changed.size() - std::min<std::size_t>(dice() % 4, changed.size()));
      CHECK_FALSE(rdata_to_text({sample.type, changed}).empty());
      const auto rdata = decoded(sample.type, changed);
      if (!rdata) continue;
      const std::string text = rdata_to_text(*rdata);
      CAPTURE(sample.name, text);
      const auto parsed = parse_rdata(sample.type, text);
      REQUIRE(parsed);
      CHECK(*parsed == *rdata);
    }
  }
}

// A message whose octet 12 begins the name "example." and whose last octets are the RDATA.
struct Compressed {
  std::uint16_t type;
  std::string_view wire;
  std::string_view text;  // empty: refused
};

TEST_CASE("compressed names in RDATA are written out where RFC 3597 allows them, else refused") {
  const Compressed cases[] = {
      {type::NS, "01 61 c00c", "a.example."},
      {type::CNAME, "c00c", "example."},
      {type::PTR, "c00c", "example."},
      {type::MX, "000a c00c", "10 example."},
      {type::SOA, "c00c 01 68 c00c 00000001 00000002 00000003 00000004 00000005",
       "example. h.example. 1 2 3 4 5"},
      {type::RP, "c00c 01 61 c00c", "example. a.example."},
      {type::AFSDB, "0001 c00c", "1 example."},
      {type::SRV, "0001 0002 0003 c00c", "1 2 3 example."},
      {type::NAPTR, "0001 0002 00 00 00 c00c", "1 2 \"\" \"\" \"\" example."},
      {type::DNAME, "c00c", ""},
      {type::NSEC, "c00c 00 01 40", ""},
      {type::RRSIG, "0001 08 02 00000e10 65432100 653210ff 1234 c00c 01", ""},
      {type::SVCB, "0001 c00c", ""},
      {type::HTTPS, "0001 01 61 c00c", ""},
      {type::DNAME, "c014", ""},  // even to the root
  };
  for (const Compressed& one : cases) {
    CAPTURE(one.type, one.wire);
    Bytes message = hex("0000 8400 0000 0001 0000 0000  07 6578616d706c65 00");
    const Bytes wire = hex(one.wire);
    const std::size_t start = message.size();
    message.insert(message.end(), wire.begin(), wire.end());
    WireReader reader(message);
    reader.bytes(start);
    WireReader window = reader.window(wire.size());
    const Rdata rdata = decode_rdata(one.type, window);
    reader.close(window);
    CHECK(reader.ok() == !one.text.empty());
    if (reader.ok())
      CHECK(rdata_to_text(rdata) == one.text);
    else
      CHECK(reader.error().fault == WireFault::bad_rdata);
  }
}

TEST_CASE("a name in RDATA may not run on behind the RDATA's end") {
  const Bytes message = hex("03 6e 73 31 00");
  WireReader reader(message);
  WireReader window = reader.window(3);
  decode_rdata(type::NS, window);
  CHECK_FALSE(window.ok());
  CHECK(window.error().fault == WireFault::bad_rdata);
}

TEST_CASE("a bad pointer in RDATA keeps its own name") {
  const Bytes wire = hex("c0ff");
  WireReader window(wire);
  decode_rdata(type::NS, window);
  CHECK(window.error().fault == WireFault::bad_pointer);
}

TEST_CASE("names are compressed in the types of RFC 1035 alone") {
  const auto written = [](std::uint16_t type, std::string_view text) {
    WireWriter writer;
    writer.bytes(Bytes(12));
    writer.compressed_name(*Name::parse("example."));
    const std::size_t start = writer.size();
    encode_rdata(*parse_rdata(type, text), writer);
    Bytes all = writer.take();
    return Bytes(all.begin() + static_cast<std::ptrdiff_t>(start), all.end());
  };
  CHECK(written(type::NS, "a.example.") == hex("01 61 c00c"));
  CHECK(written(type::CNAME, "example.") == hex("c00c"));
  CHECK(written(type::PTR, "example.") == hex("c00c"));
  CHECK(written(type::MX, "10 example.") == hex("000a c00c"));
  CHECK(written(type::SOA, "example. example. 1 2 3 4 5") ==
        hex("c00c c00c 00000001 00000002 00000003 00000004 00000005"));
  const Bytes full = hex("07 6578616d706c65 00");
  CHECK(written(type::DNAME, "example.") == full);
  CHECK(written(type::RP, "example. .").size() == full.size() + 1);
  CHECK(written(type::SRV, "1 2 3 example.").size() == full.size() + 6);
  CHECK(written(type::HTTPS, "1 example.").size() == full.size() + 2);
}

TEST_CASE("a walk over RDATA names its fields and tells where they are") {
  const auto fields = walk_rdata({type::MX, hex("000a 02 6d78 00")});
  REQUIRE(fields.size() == 2);
  CHECK(fields[0].name == "preference");
  CHECK(fields[0].offset == 0);
  CHECK(fields[0].length == 2);
  CHECK(fields[0].text == "10");
  CHECK(fields[1].name == "exchange");
  CHECK(fields[1].kind == FieldKind::compressible_name);
  CHECK(fields[1].offset == 2);
  CHECK(fields[1].length == 4);
  CHECK(fields[1].text == "mx.");
}

TEST_CASE("a walk over any RDATA covers all its octets") {
  for (const RdataSample& sample : kRdataSamples) {
    CAPTURE(sample.name);
    const Rdata rdata{sample.type, hex(sample.wire)};
    std::size_t covered = 0;
    for (const FieldView& field : walk_rdata(rdata)) {
      CHECK(field.offset == covered);
      covered += field.length;
    }
    CHECK(covered == rdata.wire.size());
  }
  CHECK(walk_rdata({type::A, hex("01")}).at(0).kind == FieldKind::opaque);
}

}  // namespace
