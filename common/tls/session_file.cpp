#include "common/tls/session_file.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <memory>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include "common/net/net_error.h"
#include "common/net/private_file.h"
#include "common/tls/openssl_error.h"
#include "common/tls/pem_file.h"

namespace tls {
namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

}  // namespace

SslSession read_session(const std::string& file) {
  constexpr const char* kAction = "load the TLS session";
  if (access(file.c_str(), F_OK) != 0 && errno == ENOENT) return nullptr;
  check_readable(file, kAction);
  const File in(std::fopen(file.c_str(), "re"), &std::fclose);
  SslSession session(in != nullptr ? PEM_read_SSL_SESSION(in.get(), nullptr, nullptr, nullptr) : nullptr);
  if (session == nullptr) fail_content(file, "TLS session", kAction);
  return session;
}

void write_session(const std::string& file, ssl_session_st* session) {
  // Beside it and then in its place: a run that is killed leaves the old one whole.
  const std::string part = file + ".part";
  const File out(fdopen(net::open_private("write the TLS session", part, O_TRUNC).release(), "w"),
                 &std::fclose);
  if (out != nullptr && PEM_write_SSL_SESSION(out.get(), session) == 1 && std::fflush(out.get()) == 0 &&
      std::rename(part.c_str(), file.c_str()) == 0)
    return;
  const int error = errno;
  unlink(part.c_str());
  throw net::NetError::from_errno("write the TLS session " + file, error);
}

}  // namespace tls
