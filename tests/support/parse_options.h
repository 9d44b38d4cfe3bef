// proxyserver's options, from the words behind the program's name.
#pragma once

#include <string>
#include <vector>

#include "proxyserver/options.h"

inline std::expected<Options, std::string> parse(std::vector<std::string> words) {
  words.insert(words.begin(), "proxyserver");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  return parse_options(static_cast<int>(words.size()), argv.data());
}
