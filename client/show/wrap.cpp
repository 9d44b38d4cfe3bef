#include "client/show/wrap.h"

namespace client {

std::vector<std::string> wrapped(std::string_view text, std::size_t width, std::size_t indent) {
  std::vector<std::string> rows;
  while (!text.empty()) {
    const std::size_t margin = rows.empty() ? 0 : indent;
    const std::size_t room = width - margin;
    std::size_t end = text.size();
    if (end > room) {
      end = text.rfind(' ', room);
      if (end == std::string_view::npos || end < room / 2) end = room;
    }
    rows.push_back(std::string(margin, ' ').append(text.substr(0, end)));
    text.remove_prefix(end);
    if (text.starts_with(' ')) text.remove_prefix(1);
  }
  return rows;
}

}  // namespace client
