// Service parameters, the list that ends SVCB and HTTPS records (RFC 9460 §2.2):
//
//    ( key, 16 bits | length, 16 bits | value )*     keys in rising order
//
// Printed and read as `key` or `key="value"` (§2.1, appendix A), a field each.
#pragma once

#include <string>
#include <string_view>

#include "common/bytes.h"
#include "common/dns/text_fields.h"

namespace dns {

// Why these octets are not service parameters: a clause such as "port is not two octets"; empty if they are.
// Includes what §7 and §8 demand of parameters together: what mandatory names must be there, no-default-alpn
// wants alpn.
std::string_view svc_params_fault(ByteView params);

std::string svc_params_text(ByteView params);  // of octets without fault

// All fields that are left, in any order; the result is without fault.
std::expected<Bytes, TextError> parse_svc_params(FieldCursor& text);

namespace svc_key {  // RFC 9460 §14.3.2
enum : std::uint16_t {
  MANDATORY = 0,
  ALPN = 1,
  NO_DEFAULT_ALPN = 2,
  PORT = 3,
  IPV4HINT = 4,
  ECH = 5,
  IPV6HINT = 6
};
}

// "alpn", or "key667" for keys without a name.
std::string svc_key_name(std::uint16_t key);

}  // namespace dns
