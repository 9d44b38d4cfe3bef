#include "common/tls/keyed_hash.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdexcept>

namespace tls {

KeyedHash::KeyedHash() {
  if (RAND_priv_bytes(key_.data(), static_cast<int>(key_.size())) != 1)
    throw std::runtime_error("OpenSSL has no random numbers for a key");
}

std::string KeyedHash::of(std::string_view what) const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  if (HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
           reinterpret_cast<const unsigned char*>(what.data()), what.size(), hash.data(), nullptr) == nullptr)
    throw std::runtime_error("OpenSSL cannot hash");
  std::string text;
  for (std::size_t i = 0; i < 8; ++i) text += fmt::format("{:02x}", hash[i]);
  return text;
}

}  // namespace tls
