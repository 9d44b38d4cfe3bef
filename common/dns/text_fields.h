// The fields of a master-file line (RFC 1035 §5.1): runs of characters between white space, or between
// quotes. Parentheses and comments are the zone reader's affair; it has replaced them by blanks.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.h"
#include "common/dns/text_error.h"

namespace dns {

struct TextField {
  std::string_view text;   // as written, escapes and all, but without enclosing quotes
  std::size_t column = 0;  // of text's first character
  bool quoted = false;
};

// Borrows `text`. A field `key="a value"` is one field, its quotes left in place (RFC 9460 §2.1).
std::expected<std::vector<TextField>, TextError> split_fields(std::string_view text);

// Hands out fields one by one, and complains about the one that is not there.
class FieldCursor {
 public:
  FieldCursor(std::span<const TextField> fields, std::size_t end_column)
      : fields_(fields), end_column_(end_column) {}

  bool at_end() const { return fields_.empty(); }
  std::size_t column() const { return at_end() ? end_column_ : fields_.front().column; }
  const TextField& front() const { return fields_.front(); }
  TextField take();
  std::expected<TextField, TextError> next(std::string_view name);  // "preference is missing"

 private:
  std::span<const TextField> fields_;
  std::size_t end_column_;
};

// `\X` and `\DDD` replaced by the octets they stand for.
std::expected<Bytes, TextError> unescape(const TextField& field);

// The same, as a <character-string>: at most 255 octets.
std::expected<Bytes, TextError> character_string(const TextField& field);

// Octets between quotes, escaped as dig does it.
std::string quoted(ByteView octets);

// Someone else's text, fit for an error message: control characters escaped, shortened where long, in single
// quotes.
std::string cited(std::string_view text);

}  // namespace dns
