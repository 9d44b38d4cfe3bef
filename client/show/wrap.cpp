#include "client/show/wrap.h"

#include <algorithm>

namespace client {

std::vector<std::string> wrapped(std::string_view text, std::size_t width, std::size_t indent) {
  std::vector<std::string> rows;
  while (!text.empty()) {
    const std::size_t margin = rows.empty() ? 0 : indent;
    const std::size_t room = width - margin;
    std::size_t end = std::min(text.find('\n'), text.size());
    if (end > room) {
      end = text.rfind(' ', room);
      if (end == std::string_view::npos || end < room / 2) end = room;
    }
    rows.push_back(std::string(margin, ' ').append(text.substr(0, end)));
    text.remove_prefix(end);
    if (text.starts_with(' ') || text.starts_with('\n')) text.remove_prefix(1);
  }
  return rows;
}

std::string in_paragraph(std::string_view text) {
  std::string out;
  for (const std::string& line : wrapped(text, 107)) out += ";; " + line + '\n';
  return out;
}

std::string cut(std::string text, std::size_t width) {
  if (text.size() > width) text.replace(width - 2, std::string::npos, "..");
  return text;
}

}  // namespace client
