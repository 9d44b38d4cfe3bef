// What can be wrong with text that should become a name, RDATA or a zone: facts for a printer.
#pragma once

#include <cstddef>
#include <string>

namespace dns {

struct TextError {
  std::string what;        // a clause without subject: "label longer than 63 octets"
  std::size_t column = 0;  // of the offending character or token in the text, from 0
};

}  // namespace dns
