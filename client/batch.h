// A batch: questions from a file or from standard input, one per line.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "client/options.h"

namespace client {

// `NAME [TYPE] [CLASS]`, type and class in either order; what is left out is `usual`'s. Empty lines, and what
// follows '#' or ';' at the beginning of a word, say nothing. `source` is the file's name in the complaint:
// "names.txt:3: 'a..b' is not a name: …".
std::expected<std::vector<dns::Question>, std::string> parse_batch(std::string_view text,
                                                                   const std::string& source,
                                                                   const dns::Question& usual);

// Adds the questions of options.batch, if it names one, behind those of the command line. Returns the
// complaint, empty when there is none: an unreadable file, a bad line, no question, more than one connection
// has IDs for.
std::string add_batch(Options& options);

}  // namespace client
