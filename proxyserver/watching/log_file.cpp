#include "proxyserver/watching/log_file.h"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "common/net/net_error.h"
#include "common/net/private_file.h"

namespace {

net::UniqueFd open_file(const std::string& purpose, const std::string& file, int dash) {
  if (file != "-") return net::open_private(purpose, file, O_APPEND);
  net::UniqueFd copy(fcntl(dash, F_DUPFD_CLOEXEC, 0));
  if (!copy.valid()) throw net::NetError::from_errno(purpose + " -", errno);
  return copy;
}

bool is_regular_file(int fd) {
  struct stat facts {};
  return fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode);
}

}  // namespace

LogFile::LogFile(const std::string& purpose, const std::string& file, int dash)
    : purpose_(purpose),
      name_(file),
      fd_(open_file(purpose, file, dash)),
      regular_(is_regular_file(fd_.get())) {}

std::string LogFile::folder() const {
  if (!regular_ || name_ == "-") return {};
  const auto parent = std::filesystem::path(name_).parent_path();
  return parent.empty() ? "." : parent.string();
}

void LogFile::reopen() const {
  if (!regular_ || name_ == "-") return;
  try {
    const net::UniqueFd fresh = net::open_private(purpose_, name_, O_APPEND);
    if (dup3(fresh.get(), fd_.get(), O_CLOEXEC) < 0) throw net::NetError::from_errno(purpose_, errno);
    logging::write(logging::Level::info, "log-reopened", logging::field("file", name_));
  } catch (const net::NetError& error) {
    logging::write(
        logging::Level::warning, "log-not-reopened",
        fmt::format("{} {} {}", logging::field("file", name_), logging::field("reason", error.what()),
                    logging::field("advice",
                                   "the user that the proxy runs as must be able to make files in "
                                   "that folder; lines go where they went before")));
  }
}
