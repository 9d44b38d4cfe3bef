#include "common/tls/handles.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace tls {

void Free::operator()(ssl_st* ssl) const noexcept {
  SSL_free(ssl);
}

void Free::operator()(ssl_ctx_st* context) const noexcept {
  SSL_CTX_free(context);
}

void Free::operator()(ssl_session_st* session) const noexcept {
  SSL_SESSION_free(session);
}

void Free::operator()(x509_st* certificate) const noexcept {
  X509_free(certificate);
}

void Free::operator()(evp_pkey_st* key) const noexcept {
  EVP_PKEY_free(key);
}

}  // namespace tls
