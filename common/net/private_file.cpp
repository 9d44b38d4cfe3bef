#include "common/net/private_file.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/net/net_error.h"

namespace net {

PrivateFile::PrivateFile(const std::string& file)
    : name_(file), fd_(open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) {
  struct stat facts {};
  if (!fd_.valid() || fstat(fd_.get(), &facts) != 0) throw NetError::from_errno("write " + file, errno);
  is_regular_ = S_ISREG(facts.st_mode);
  // A file that was there before keeps the mode it had.
  if (is_regular_ && fchmod(fd_.get(), 0600) != 0) throw NetError::from_errno("write " + file, errno);
}

bool PrivateFile::append(ByteView octets) noexcept {
  const std::lock_guard lock(mutex_);
  const off_t whole = size_;
  while (error_ == 0 && !octets.empty()) {
    const ssize_t written = write(fd_.get(), octets.data(), octets.size());
    if (written >= 0) {
      octets = octets.subspan(static_cast<std::size_t>(written));
      size_ += written;
    } else if (errno != EINTR) {
      error_ = errno;
      if (is_regular_ && ftruncate(fd_.get(), whole) == 0) size_ = whole;
    }
  }
  return error_ == 0;
}

void PrivateFile::remove() noexcept {
  if (is_regular_) unlink(name_.c_str());
}

}  // namespace net
