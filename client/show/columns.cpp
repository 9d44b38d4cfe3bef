#include "client/show/columns.h"

#include <algorithm>

namespace client {

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    std::size_t end = std::min(text.find('\n'), text.size());
    if (end > width) {
      end = text.rfind(' ', width);
      if (end == std::string_view::npos || end == 0) end = width;
    }
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
    text.remove_prefix(std::min(text.find_first_not_of(" \n"), text.size()));
  }
  return lines;
}

std::string in_paragraph(std::string_view text) {
  std::string out;
  for (const std::string& line : wrapped(text, 107)) out += ";; " + line + '\n';
  return out;
}

}  // namespace client
