#include "common/tls/pem_file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "common/net/unique_fd.h"
#include "common/tls/openssl_error.h"

namespace tls {

using Kind = TlsError::Kind;

namespace {

// errno of opening `file` for reading; 0: it can be read.
int open_error(const std::string& file) {
  const net::UniqueFd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  return fd.valid() ? 0 : errno;
}

}  // namespace

void check_readable(const std::string& file, const char* action) {
  if (const int error = open_error(file); error != 0)
    fail(Kind::file, action, fmt::format("{}: {}", file, strerrordesc_np(error)));
}

// OpenSSL's many words for "there is none of what you want in this file".
bool means_absent(unsigned long error) {
  const int reason = ERR_GET_REASON(error);
  switch (ERR_GET_LIB(error)) {
    case ERR_LIB_PEM:
      return reason == PEM_R_NO_START_LINE;
    case ERR_LIB_X509:
      return reason == X509_R_NO_CERTIFICATE_OR_CRL_FOUND;
    case ERR_LIB_OSSL_DECODER:
      return reason == ERR_R_UNSUPPORTED;
    default:
      return error == 0;
  }
}

void fail_content(const std::string& file, const char* what, const char* action) {
  if (means_absent(ERR_peek_error()))
    fail(Kind::file, action, fmt::format("{}: no {} in PEM format", file, what));
  fail(Kind::file, action, fmt::format("{}: {}", file, drain_error_queue().reason));
}

}  // namespace tls
