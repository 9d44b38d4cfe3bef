// A name in place of something that is not to be told: the same thing has the same name for as long as this
// program runs, and nobody can find out by trying which thing has which. HMAC (RFC 2104) with SHA-256, and a
// key that is made here and goes nowhere.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace tls {

// Any thread, once made. Both throw std::runtime_error if OpenSSL fails.
class KeyedHash {
 public:
  KeyedHash();

  // Sixteen hexadecimal digits: 64 bits are enough to tell millions apart.
  std::string of(std::string_view what) const;

 private:
  std::array<unsigned char, 32> key_;
};

}  // namespace tls
