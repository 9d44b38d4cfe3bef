#include "client/show/escape.h"

#include <fmt/format.h>

namespace client {

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c >= ' ' && c < 0x7f && c != '\\')
      out += c;
    else
      out += fmt::format("\\{:03}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace client
