// Text in rows of a given width.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace client {

// Rows of at most `width` characters, broken at newlines, and at spaces unless that wastes half a row; all
// but the first begin with `indent` spaces, which count. No row for no text.
std::vector<std::string> wrapped(std::string_view text, std::size_t width, std::size_t indent = 0);

// Lines of at most 110 columns, each begun with ";; " and ended with a newline.
std::string in_paragraph(std::string_view text);

// At most `width` characters, at least two; ".." stands for what was left out.
std::string cut(std::string text, std::size_t width);

}  // namespace client
