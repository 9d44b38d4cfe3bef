// A DNS message as annotated hex: a row for each field, in wire order, told by the decoder itself.
//
//    offset  octets                   field = value               meaning               [RFC and section]
//
// ASCII, at most 110 columns, all text from the message escaped. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "common/bytes.h"

namespace client {

// `title` is its first line. A message that does not decode is shown as far as it does, and then why not.
// With `all` each bit of the flags has its RFC too.
std::string explain_message(ByteView wire, std::string_view title, bool all = false);

}  // namespace client
