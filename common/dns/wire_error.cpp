#include "common/dns/wire_error.h"

#include <fmt/format.h>

namespace dns {

std::string to_string(const WireError& error) {
  switch (error.fault) {
    case WireFault::truncated:
      return fmt::format("truncated at octet {}: {} octets wanted, {} left", error.offset, error.wanted,
                         error.got);
    case WireFault::name_too_long:
      return fmt::format("name of {} octets or more at octet {}: at most {} are allowed", error.got,
                         error.offset, error.wanted);
    case WireFault::bad_label_type:
      return fmt::format("reserved label type 0x{:02x} at octet {}", error.got, error.offset);
    case WireFault::bad_pointer:
      return fmt::format("compression pointer at octet {} to octet {}: not to a name before it", error.offset,
                         error.got);
    case WireFault::bad_rdata:
      return fmt::format("malformed RDATA at octet {}", error.offset);
    case WireFault::trailing_bytes:
      return fmt::format("{} octets left over at octet {}", error.got, error.offset);
    case WireFault::duplicate_opt:
      return fmt::format("second OPT record at octet {}", error.offset);
    case WireFault::misplaced_opt:
      return fmt::format("OPT record out of place at octet {}", error.offset);
  }
  return fmt::format("malformed at octet {}", error.offset);
}

}  // namespace dns
