// The classroom's data, read once.
#pragma once

#include <stdexcept>
#include <string>

#include "tests/lab/zone.h"

inline const lab::Zone& classroom() {
  static const lab::Zone zone = [] {
    const std::string file = CLASSROOM_ZONE;
    auto read = lab::load_zones({&file, 1});
    if (!read) throw std::runtime_error(read.error());
    return *std::move(read);
  }();
  return zone;
}
