// The words that put EDNS options into every query of a run: dig's +nsid, +subnet=, +cookie, +keepalive,
// +padding= and +ednsopt=, which the long options of those names go through too.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "client/options.h"

namespace client {

// `word` without its '+'. Returns nothing if it is no such word, else the complaint, empty when there is
// none. A word said again replaces what it said before, but for +ednsopt, which adds; "no" in front takes it
// back. A cookie without a value is drawn at random: eight octets (RFC 7873 §4.1).
std::optional<std::string> take_edns_word(std::string_view word, QueryOptions& query);

}  // namespace client
