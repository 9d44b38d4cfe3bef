#include "common/tls/key_log.h"

#include <cerrno>
#include <fcntl.h>
#include <new>

#include "common/net/private_file.h"

namespace tls {

KeyLog::KeyLog(const std::string& file) : file_(net::open_private("open the key log", file, O_APPEND)) {}

bool KeyLog::add(std::string_view line) const noexcept {
  int error = ENOMEM;
  try {
    error = net::append_line(file_.get(), std::string(line) + '\n');
  } catch (const std::bad_alloc&) {
  }
  int none = 0;
  return error != 0 && error_.compare_exchange_strong(none, error);
}

}  // namespace tls
