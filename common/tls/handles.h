// OpenSSL's objects as owners that free them. Forward declarations only: this header may be included
// anywhere, OpenSSL's own only in common/tls.
#pragma once

#include <memory>

extern "C" {
struct ssl_st;
struct ssl_ctx_st;
struct ssl_session_st;
struct x509_st;
struct evp_pkey_st;
}

namespace tls {

struct Free {
  void operator()(ssl_st* ssl) const noexcept;
  void operator()(ssl_ctx_st* context) const noexcept;
  void operator()(ssl_session_st* session) const noexcept;
  void operator()(x509_st* certificate) const noexcept;
  void operator()(evp_pkey_st* key) const noexcept;
};

using Ssl = std::unique_ptr<ssl_st, Free>;
using SslContext = std::unique_ptr<ssl_ctx_st, Free>;
using SslSession = std::unique_ptr<ssl_session_st, Free>;
using Certificate = std::unique_ptr<x509_st, Free>;
using Key = std::unique_ptr<evp_pkey_st, Free>;

}  // namespace tls
