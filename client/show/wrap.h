// Text in rows of a given width.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace client {

// Rows of at most `width` characters, broken at spaces unless that wastes half a row; all but the first begin
// with `indent` spaces, which count. No row for no text.
std::vector<std::string> wrapped(std::string_view text, std::size_t width, std::size_t indent);

}  // namespace client
