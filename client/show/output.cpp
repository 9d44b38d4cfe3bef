#include "client/show/output.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <unistd.h>

#include "common/cli.h"

namespace client {
namespace {

// 0, or the errno of the write that failed.
int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written >= 0)
      text.remove_prefix(static_cast<std::size_t>(written));
    else if (errno != EINTR)
      return errno;
  }
  return 0;
}

}  // namespace

int put_out(std::string_view text) {
  const int error = write_all(STDOUT_FILENO, text);
  if (error == 0 || error == EPIPE) return cli::ok;
  put_error("client: [print] the answer cannot be written; " + std::string(strerrordesc_np(error)) +
            "; try another place for standard output");
  return cli::internal;
}

void put_error(std::string_view line) {
  write_all(STDERR_FILENO, std::string(line) + '\n');  // if this fails there is nobody left to tell
}

void put_progress(std::string_view line) {
  write_all(STDERR_FILENO, "\r\x1b[K" + std::string(line));  // ECMA-48: erase to the end of the line
}

}  // namespace client
