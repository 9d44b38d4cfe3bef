// Who owns which octet of a message: the decoder tells its fields while it reads them, in wire order.
//
// What is told of a message that decodes covers each of its octets exactly once. Of one that does not, what
// was read until the error is told, also without gap or overlap.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/dns/header.h"
#include "common/dns/name.h"

namespace dns {

enum class Section : std::uint8_t { header, question, answer, authority, additional };

// Some neighbouring bits of a flags word; together, the most significant first, they make up the field.
struct BitField {
  std::string_view name;
  unsigned width;
  unsigned value;
};

// A name is told in parts, as it stands there: its labels, then the zero octet of the root or the pointer
// that ends it.
struct WireField {
  std::size_t offset = 0;  // from the start of the message
  std::size_t length = 0;  // octets; may be none
  std::string name;        // in its RFC's word: "QTYPE", "RDATA: preference"
  std::string value;       // of a part of a name: the label, ".", or the name that the pointer leads to
  std::string_view rfc;    // "RFC 1035 4.1.2"
  std::vector<BitField> bits = {};  // of a flags word

  NamePart::Kind part = NamePart::Kind::label;  // meaningful where `whole` is not empty
  std::string whole = {};                       // of a part of a name: all of it
  std::size_t target = 0;                       // of a pointer: the octet that it names,
  std::size_t saved = 0;                        // and the octets that it makes unnecessary
};

class FieldSink {
 public:
  virtual ~FieldSink() = default;
  // The fields that follow are those of this entry, the index-th (from 0) of `count` in the section.
  virtual void entry(Section section, std::size_t index, std::size_t count) = 0;
  virtual void field(const WireField& field) = 0;
};

// The decoder's side. `fields` may be null everywhere: nothing is told then, and no text is made.

// Tells of the `length` octets that `reader` has just moved past, unless that failed. `text` makes the value.
template <typename Text>
void tell(FieldSink* fields, const WireReader& reader, std::size_t length, std::string_view name,
          std::string_view rfc, Text text) {
  if (fields == nullptr || !reader.ok()) return;
  fields->field({.offset = reader.offset() - length,
                 .length = length,
                 .name = std::string(name),
                 .value = text(),
                 .rfc = rfc});
}

// Name::decode(), told.
Name decode_name(WireReader& reader, FieldSink* fields, std::string_view name, std::string_view rfc);

// The header's fields that lie within the first `read` octets.
void tell_header(FieldSink& fields, const Header& header, std::size_t read);

}  // namespace dns
