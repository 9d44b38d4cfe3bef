#include "common/tls/key_log.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include "common/net/net_error.h"

namespace tls {

KeyLog::KeyLog(const std::string& file)
    : file_(open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
  if (!file_.valid()) throw net::NetError::from_errno("open the key log " + file, errno);
}

void KeyLog::add(std::string_view line) const noexcept {
  try {
    const std::string whole = std::string(line) + '\n';
    while (write(file_.get(), whole.data(), whole.size()) < 0 && errno == EINTR) continue;
  } catch (const std::bad_alloc&) {
  }
}

}  // namespace tls
