// A domain name: a value, always absolute, kept as uncompressed wire octets with the case it came in
// (RFC 1035 §3.1), compared case-blind (RFC 4343).
#pragma once

#include <compare>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.h"
#include "common/dns/text_error.h"
#include "common/dns/wire_reader.h"

namespace dns {

inline constexpr std::size_t kMaxLabel = 63;
inline constexpr std::size_t kMaxName = 255;  // octets, the root's zero included

// A piece of a name as it stands in a message; what lies behind a pointer belongs to the name it points into.
struct NamePart {
  enum class Kind : std::uint8_t { label, root, pointer };
  Kind kind;
  std::size_t offset;      // from the start of the message
  std::size_t length;      // octets
  std::string text;        // the label, escaped as in Name::to_string(); "."; or the name behind the pointer
  std::size_t target = 0;  // of a pointer: the offset it names,
  std::size_t saved = 0;   // and how many octets shorter the name is for it
};

class Name {
 public:
  Name() : wire_{0} {}  // the root

  // From master-file text (RFC 1035 §5.1): `\.` and `\DDD` escapes; a name without a final dot is completed
  // by `origin`; "@" is the origin itself; "." is the root.
  static std::expected<Name, TextError> parse(std::string_view text, const Name& origin = Name());

  // From the wire, following compression pointers, which must point strictly backwards. Errors stick to
  // the reader; the result is then the root. `parts`, if given, gets the name's pieces, after an error those
  // before it.
  static Name decode(WireReader& reader, std::vector<NamePart>* parts = nullptr);

  ByteView wire() const { return wire_; }
  bool is_root() const { return wire_.size() == 1; }
  std::size_t label_count() const;  // the root has none

  bool is_within(const Name& ancestor) const;  // equal to it or below it
  Name parent() const;  // the name without its first label; the root's parent is the root
  std::expected<Name, TextError> below(const Name& suffix) const;  // this name's labels, then suffix's

  // Absolute text with final dot; `\.`, `\\`, `\DDD` where needed, as dig escapes.
  std::string to_string() const;

  friend bool operator==(const Name& a, const Name& b);  // case-blind

 private:
  Bytes wire_;
};

// Moves past a name without building it: the hot path's way to check one. Same rules as Name::decode.
void skip_name(WireReader& reader);

// ASCII case-blind equality of two runs of octets (RFC 4343 §3).
bool equal_ignoring_case(ByteView a, ByteView b);

}  // namespace dns
