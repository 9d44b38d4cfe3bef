// Texts that a person has looked at and approved: approved/NAME.txt. After a change that is meant, run the
// tests with APPROVE=1 in the environment and look at the difference.
#pragma once

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/support/catch.h"

inline void check_approved(const std::string& name, const std::string& text) {
  const std::string path = std::string(APPROVED_DIR) + "/" + name + ".txt";
  if (std::getenv("APPROVE") != nullptr) std::ofstream(path, std::ios::binary) << text;
  std::ifstream file(path, std::ios::binary);
  INFO("held against " << path);
  CHECK(text == std::string(std::istreambuf_iterator<char>(file), {}));
}
