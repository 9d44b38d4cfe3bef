// RDATA of the type that the first two octets say, from the wire and from text: what is read prints, and what
// is printed reads as the same.
#include "common/dns/header.h"
#include "common/dns/rdata.h"
#include "common/dns/rdata_table.h"
#include "tests/fuzz/fuzz.h"

using dns::Rdata;
using fuzz::claim;

namespace {

void check_rdata(const Rdata& rdata) {
  const std::string text = dns::rdata_to_text(rdata);
  claim(fuzz::is_printable(text));
  const auto parsed = dns::parse_rdata(rdata.type, text);
  claim(parsed.has_value() && *parsed == rdata);

  std::size_t told = 0;
  for (const dns::FieldView& field : dns::walk_rdata(rdata)) {
    claim(field.offset == told && fuzz::is_printable(field.text));
    told += field.length;
  }
  claim(told == rdata.wire.size());

  dns::WireWriter writer;  // behind a header, into which no name may point
  dns::encode_header({}, writer);
  dns::encode_rdata(rdata, writer);
  claim(writer.size() <= dns::kHeaderSize + rdata.wire.size());
  const Bytes wire = writer.take();
  dns::WireReader reader(wire);
  dns::decode_header(reader);
  claim(dns::decode_rdata(rdata.type, reader) == rdata && reader.ok() && reader.at_end());
}

void check_wire(std::uint16_t type, ByteView wire) {
  dns::WireReader reader(wire);
  const Rdata rdata = dns::decode_rdata(type, reader);
  if (!reader.ok()) claim(reader.error().offset <= wire.size());
  if (reader.ok() && reader.at_end()) check_rdata(rdata);
}

void check_text(std::uint16_t type, std::string_view text) {
  const auto rdata = dns::parse_rdata(type, text, dns::Name::parse("example.").value());
  if (rdata) {
    claim(rdata->type == type && rdata->wire.size() <= 65535);
    check_rdata(*rdata);
  } else {
    claim(rdata.error().column <= text.size() && !rdata.error().what.empty());
    claim(fuzz::is_printable(rdata.error().what, fuzz::kEllipsis));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Script script(data, size);
  const std::uint16_t type = script.u16();
  const ByteView rest = script.rest();
  check_wire(type, rest);
  check_text(type, fuzz::as_text(rest));
  return 0;
}
