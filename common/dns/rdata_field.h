// What can be done with one field of RDATA, one function each; rdata.h's functions walk a form with them.
#pragma once

#include <expected>

#include "common/dns/rdata_table.h"
#include "common/dns/text_fields.h"

namespace dns {

// Moves `window` past the field and appends its octets to `out`, names written out in full. Errors stick to
// the window. `fields`, if given, is told of it, as defined in `rfc`.
void read_field(const Field& field, WireReader& window, Bytes& out, FieldSink* fields = nullptr,
                std::string_view rfc = {});

// The text of a field whose octets read_field() has accepted.
std::string print_field(const Field& field, ByteView octets);

// Takes the field's text off the cursor and appends its octets to `out`.
std::expected<void, TextError> parse_field(const Field& field, FieldCursor& text, const Name& origin,
                                           Bytes& out);

}  // namespace dns
