#include "proxyserver/process/notify.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/log.h"

namespace {

std::optional<long> number_in(const char* variable) {
  const char* const text = std::getenv(variable);
  long value = 0;
  if (text == nullptr) return std::nullopt;
  const char* const end = text + std::strlen(text);
  if (const auto [rest, error] = std::from_chars(text, end, value); error != std::errc() || rest != end)
    return std::nullopt;
  return value;
}

// A path, or a name behind '@', which has no place in the file system. 0: connected, else what is wrong.
int connect_to(int socket, std::string_view place) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (place.size() >= sizeof address.sun_path || (place[0] != '/' && place[0] != '@')) return EINVAL;
  std::memcpy(address.sun_path, place.data(), place.size());
  if (place[0] == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + place.size());
  return connect(socket, reinterpret_cast<const sockaddr*>(&address), size) == 0 ? 0 : errno;
}

}  // namespace

ServiceManager::ServiceManager() {
  const char* const place = std::getenv("NOTIFY_SOCKET");
  if (place == nullptr || *place == '\0') return;
  socket_.reset(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (const int error = socket_.valid() ? connect_to(socket_.get(), place) : errno; error != 0) {
    logging::write(logging::Level::warning, "no-service-manager",
                   fmt::format("{} {}", logging::field("socket", place),
                               logging::field("reason", strerrordesc_np(error))));
    socket_.reset();
    return;
  }
  // WATCHDOG_PID says which process the other is meant for: not a child that has inherited both.
  const auto time = number_in("WATCHDOG_USEC");
  constexpr long kLongest = 3'600'000'000;  // of an hour or more, half an hour will do
  if (time && *time > 1 && number_in("WATCHDOG_PID").value_or(getpid()) == getpid())
    interval_ = std::chrono::microseconds(std::min(*time, kLongest) / 2);
}

// Not waited for: a manager that does not read must not hold up the proxy.
void ServiceManager::tell(std::string_view what) const {
  if (socket_.valid()) send(socket_.get(), what.data(), what.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void ServiceManager::reloading() const {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  tell(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.tv_sec * 1'000'000L + now.tv_nsec / 1000));
}

void ServiceManager::alive() const {
  if (interval_) tell("WATCHDOG=1");
}
