// dig's +words, by table: the switches that can be put on and off by +word and +noword, and those that take
// a value. A word that this client does not do is refused, never ignored.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "client/options.h"

namespace client {

// What a +word may have to say about the server; the command line as a whole decides (options.cpp).
struct ServerWords {
  std::optional<net::Transport> transport;  // +tls, +tcp, +notcp (UDP, as in dig)
  std::string auth_name;                    // +tls-hostname=NAME
};

// `word` without its '+'. Returns the complaint, empty when there is none.
std::string take_dig_word(std::string_view word, Options& options, ServerWords& server);

}  // namespace client
