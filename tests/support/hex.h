// Octets written as a person writes them in a test: hex("12 34  01 00 # id, flags").
#pragma once

#include <stdexcept>
#include <string_view>

#include "common/bytes.h"

// White space is ignored, and so is everything from a '#' to the end of its line.
inline Bytes hex(std::string_view text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    throw std::invalid_argument("hex(): not a hexadecimal digit");
  };
  Bytes out;
  int high = -1;
  bool comment = false;
  for (const char c : text) {
    if (c == '\n') comment = false;
    if (c == '#') comment = true;
    if (comment || c == ' ' || c == '\n') continue;
    if (high < 0) {
      high = digit(c);
    } else {
      out.push_back(static_cast<std::uint8_t>(high << 4 | digit(c)));
      high = -1;
    }
  }
  if (high >= 0) throw std::invalid_argument("hex(): half an octet");
  return out;
}
