// Text broken into lines of a width, for the views that have columns.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace client {

// At newlines, and at spaces so that each line has at most `width` columns; a word that is wider is cut. No
// line for no text.
std::vector<std::string> wrapped(std::string_view text, std::size_t width);

// Lines of at most 110 columns, each begun with ";; " and ended with a newline.
std::string in_paragraph(std::string_view text);

}  // namespace client
