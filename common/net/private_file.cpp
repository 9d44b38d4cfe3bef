#include "common/net/private_file.h"

#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/net/net_error.h"

namespace net {
namespace {

constexpr int kPipePatienceMs = 1000;

bool is_regular(const UniqueFd& fd) {
  struct stat facts {};
  return fstat(fd.get(), &facts) == 0 && S_ISREG(facts.st_mode);
}

// False: who reads the pipe has not made room in time.
bool wait_for_room(int fd) {
  pollfd entry{fd, POLLOUT, 0};
  return poll(&entry, 1, kPipePatienceMs) != 0;
}

}  // namespace

UniqueFd open_private(const std::string& purpose, const std::string& file, int flags) {
  const std::string action = purpose + " " + file;
  UniqueFd fd(open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK | flags, 0600));
  if (!fd.valid() && errno == ENXIO)
    throw NetError(NetError::Kind::system, action + ": a pipe that nobody reads: start its reader first");
  if (!fd.valid()) throw NetError::from_errno(action, errno);
  // A file that was there before keeps the mode it had.
  if (is_regular(fd) && fchmod(fd.get(), 0600) != 0) throw NetError::from_errno(action, errno);
  return fd;
}

int append_line(int fd, std::string_view line) noexcept {
  ssize_t written = 0;
  do written = write(fd, line.data(), line.size());
  while (written < 0 && errno == EINTR);
  if (written < 0) return errno;
  return written < static_cast<ssize_t>(line.size()) ? ENOSPC : 0;  // what a disk does that fills up in it
}

PrivateFile::PrivateFile(const std::string& file)
    : name_(file), fd_(open_private("write", file, O_TRUNC)), is_regular_(is_regular(fd_)) {}

bool PrivateFile::append(ByteView octets) noexcept {
  const std::lock_guard lock(mutex_);
  const off_t whole = size_;
  while (error_ == 0 && !octets.empty()) {
    const ssize_t written = write(fd_.get(), octets.data(), octets.size());
    if (written >= 0) {
      octets = octets.subspan(static_cast<std::size_t>(written));
      size_ += written;
    } else if (errno != EINTR && (errno != EAGAIN || !wait_for_room(fd_.get()))) {
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
