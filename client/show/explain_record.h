// --explain=expert: the record around what was sent, its header, its layers, its key and its number.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "client/ask.h"
#include "client/show/steps.h"

namespace client {

// Counts the records of one connection as its two ends do. Call it for each record, in the order of time.
class RecordCount {
 public:
  explicit RecordCount(const Connection& connection) : connection_(connection) {}

  // A line each, with its RFC. `tls13`: the version that the server has chosen, or that we offer.
  std::vector<std::string> lines(const Step& record, bool tls13);

 private:
  struct Side {
    unsigned keys = 0;         // how often they were changed
    std::uint64_t number = 0;  // of the next record under these keys
  };
  std::string key_line(const Step& record, bool tls13);

  const Connection& connection_;
  Side sides_[2];  // what came, what was sent
};

}  // namespace client
