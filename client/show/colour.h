// Colour, as the last step before a terminal: text that is complete without it, painted. Pure but for
// colours(), which looks at a descriptor and the environment.
#pragma once

#include <string>
#include <string_view>

#include "client/options.h"

namespace client {

// Whether to paint what goes to `fd`. Automatic: if it is a terminal that can (TERM is not "dumb") and
// NO_COLOR is not set, or empty.
bool colours(Show::Colour wish, int fd);

// Of a text in dig's form, by line: comments dim, of records the name bold and the type in colour.
std::string paint_answers(std::string_view text);

std::string paint_failure(std::string_view line);  // one line without newline

}  // namespace client
