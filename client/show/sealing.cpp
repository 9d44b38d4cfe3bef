#include "client/show/sealing.h"

#include <string_view>

namespace client {

Sealing sealing_of(const Connection& connection) {
  if (!connection.tls) return {.known = false};
  const std::string& cipher = connection.tls->cipher;
  const auto has = [&](std::string_view word) { return cipher.find(word) != std::string::npos; };
  if (has("CCM8") || has("CCM_8")) return {.known = false};
  if (connection.tls->version == "TLSv1.3") return {.inner_type = 1, .tag = 16};
  if (has("GCM") || has("CCM")) return {.nonce = 8, .tag = 16};
  if (has("CHACHA20")) return {.tag = 16};
  return {.known = false};
}

}  // namespace client
