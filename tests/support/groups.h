// What the OpenSSL that the programs are built with would agree on by itself, so that a test holds with old
// and new.
#pragma once

#include <string>

#include "common/tls/tls_context.h"

// From OpenSSL 3.5 on.
inline bool has_hybrid() {
  return tls::parse_groups("X25519MLKEM768").has_value();
}

inline std::string preferred_group() {
  return has_hybrid() ? "X25519MLKEM768" : "x25519";
}
