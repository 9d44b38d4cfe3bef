#include "common/tls/session_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <memory>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <unistd.h>

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
  const int fd = open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  File out(fd >= 0 ? fdopen(fd, "w") : nullptr, &std::fclose);
  const bool written =
      out != nullptr && PEM_write_SSL_SESSION(out.get(), session) == 1 && std::fflush(out.get()) == 0;
  if (!written || std::rename(part.c_str(), file.c_str()) != 0)
    fail(TlsError::Kind::file, "save the TLS session", fmt::format("{}: {}", file, std::strerror(errno)));
}

}  // namespace tls
