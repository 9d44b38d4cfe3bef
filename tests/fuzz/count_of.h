// How often an EDNS option is in a message, counted without opt_splice.
#pragma once

#include "common/dns/message_view.h"
#include "common/dns/wire_reader.h"
#include "tests/fuzz/fuzz.h"

namespace fuzz {

inline std::size_t count_of(const dns::MessageView& message, std::uint16_t code) {
  if (!message.opt) return 0;
  std::size_t count = 0;
  dns::WireReader reader(message.bytes.first(message.opt->end));
  reader.bytes(message.opt->rdata_offset);
  while (!reader.at_end()) {
    count += reader.u16() == code ? 1 : 0;
    reader.bytes(reader.u16());
  }
  claim(reader.ok());
  return count;
}

}  // namespace fuzz
