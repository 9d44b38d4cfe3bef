// RDATA by table: what a record's data consists of, per type, is one line of a table (rdata_table.cpp), and
// decoding, encoding, printing and parsing all walk that line. A type that the table does not know is opaque
// octets (RFC 3597). Adding a type is adding a line.
#pragma once

#include <string>

#include "common/bytes.h"
#include "common/dns/fields.h"
#include "common/dns/name.h"
#include "common/dns/text_error.h"
#include "common/dns/wire_reader.h"
#include "common/dns/wire_writer.h"

namespace dns {

// RDATA as a value: the octets with every compressed name written out, checked against the type's form.
struct Rdata {
  std::uint16_t type = 0;
  Bytes wire;

  bool operator==(const Rdata&) const = default;
};

// `window` covers exactly the RDATA (WireReader::window). Form errors stick to it as WireFault::bad_rdata.
Rdata decode_rdata(std::uint16_t type, WireReader& window, FieldSink* fields = nullptr);

// Writes RDATA without its RDLENGTH; names are compressed only in the types of RFC 1035 (RFC 3597 §4).
void encode_rdata(const Rdata& rdata, WireWriter& writer);

// As dig prints it; unknown types as `\# length hex` (RFC 3597 §5).
std::string rdata_to_text(const Rdata& rdata);

// From one or more whitespace-separated fields, quotes and escapes as in master files (RFC 1035 §5.1), `\#`
// for any type; relative names are completed by `origin`.
std::expected<Rdata, TextError> parse_rdata(std::uint16_t type, std::string_view text,
                                            const Name& origin = Name());

}  // namespace dns
