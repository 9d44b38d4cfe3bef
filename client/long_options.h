// The long options, by table: each that says one thing and needs nobody else to understand it. What belongs
// together with other words (names, types, servers) is the parser's, options.cpp.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "client/dig_words.h"
#include "client/options.h"

namespace client {

struct LongOption {
  const char* name;  // without its dashes
  int argument;      // getopt_long's no_argument, required_argument, optional_argument
  std::string (*take)(std::string_view value, Options& options,
                      ServerWords& server);  // the complaint, or empty
};

std::span<const LongOption> long_options();

}  // namespace client
