// A command line as main() gets it, from one string: words are parted by single spaces.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "client/options.h"

inline std::expected<client::Options, std::string> parse_line(std::string_view line) {
  std::vector<std::string> words{"client"};
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t end = std::min(line.find(' ', at), line.size());
    words.emplace_back(line.substr(at, end - at));
    at = end + 1;
  }
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  return client::parse_options(static_cast<int>(words.size()), argv.data());
}
