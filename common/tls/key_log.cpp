#include "common/tls/key_log.h"

#include <cerrno>
#include <fcntl.h>
#include <new>
#include <unistd.h>

#include "common/net/private_file.h"

namespace tls {

KeyLog::KeyLog(const std::string& file) : file_(net::open_private("open the key log", file, O_APPEND)) {}

void KeyLog::add(std::string_view line) const noexcept {
  try {
    const std::string whole = std::string(line) + '\n';
    while (write(file_.get(), whole.data(), whole.size()) < 0 && errno == EINTR) continue;
  } catch (const std::bad_alloc&) {
  }
}

}  // namespace tls
