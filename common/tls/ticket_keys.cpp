#include "common/tls/ticket_keys.h"

#include <algorithm>
#include <cstring>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <utility>

#include "common/tls/openssl_error.h"

namespace tls {
namespace {

constexpr std::chrono::hours kLifetime{12};

TicketKeys::Key random_key() {
  TicketKeys::Key key;
  check(RAND_bytes(key.name.data(), static_cast<int>(key.name.size())) == 1 &&
            RAND_priv_bytes(key.encryption.data(), static_cast<int>(key.encryption.size())) == 1 &&
            RAND_priv_bytes(key.authentication.data(), static_cast<int>(key.authentication.size())) == 1,
        "make a ticket key");
  return key;
}

bool prepare(TicketKeys::Key& key, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int seal) {
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.authentication.data(),
                                        key.authentication.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, parameters) == 1 &&
         EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.encryption.data(), iv, seal) == 1;
}

// SSL_CTX_set_tlsext_ticket_key_evp_cb(3): -1 failed, 0 unknown ticket (full handshake), 1 go on, 2 go on and
// renew.
int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
              int seal) {
  try {
    auto& keys = *static_cast<TicketKeys*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    const auto now = TicketKeys::Clock::now();
    TicketKeys::Key key;
    if (seal == 1) {
      key = keys.current(now);
      std::ranges::copy(key.name, name);
      if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
    } else if (!keys.find(name, key, now)) {
      return 0;
    }
    // A ticket is used once (RFC 8446 §C.4), so whoever shows one gets the next: 2.
    return prepare(key, iv, cipher, mac, seal) ? (seal == 1 ? 1 : 2) : -1;
  } catch (...) {  // no exception may cross OpenSSL's frames
    return -1;
  }
}

}  // namespace

TicketKeys::TicketKeys() : current_(random_key()), previous_(random_key()), made_(Clock::now()) {}

TicketKeys::TicketKeys(std::vector<Key> given) : given_(std::move(given)) {}

void TicketKeys::use_in(ssl_ctx_st* context) {
  SSL_CTX_set_app_data(context, this);
  check(SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket) == 1, "use ticket keys of our own");
}

TicketKeys::Key TicketKeys::current(Clock::time_point now) {
  if (!given_.empty()) return given_.front();
  const std::lock_guard lock(mutex_);
  rotate_if_due(now);
  return current_;
}

bool TicketKeys::find(const unsigned char* name, Key& key, Clock::time_point now) {
  const auto named = [name](const Key& k) { return std::equal(k.name.begin(), k.name.end(), name); };
  if (!given_.empty()) {
    const auto found = std::ranges::find_if(given_, named);
    if (found == given_.end()) return false;
    return key = *found, true;
  }
  const std::lock_guard lock(mutex_);
  rotate_if_due(now);
  if (named(current_)) return key = current_, true;
  if (named(previous_)) return key = previous_, true;
  return false;
}

void TicketKeys::rotate_if_due(Clock::time_point now) {
  if (now - made_ < kLifetime) return;
  previous_ =
      now - made_ < 2 * kLifetime ? current_ : random_key();  // unused for a day: nothing of it stays valid
  current_ = random_key();
  made_ = now;
}

}  // namespace tls
