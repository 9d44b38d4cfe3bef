#include "common/net/lookup.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <netdb.h>
#include <sstream>
#include <system_error>
#include <thread>

namespace net {

Addresses look_up(const std::string& name, std::uint16_t port, int family) {
  addrinfo hints{};
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;  // one result per address
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int status = getaddrinfo(name.c_str(), std::to_string(port).c_str(), &hints, &found); status != 0)
    return std::unexpected(status == EAI_SYSTEM ? strerrordesc_np(errno) : gai_strerror(status));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> results(found, freeaddrinfo);

  std::vector<SocketAddress> addresses;
  for (const addrinfo* result = found; result != nullptr; result = result->ai_next) {
    sockaddr_storage storage{};
    std::memcpy(&storage, result->ai_addr, result->ai_addrlen);
    const auto address = SocketAddress::from(storage, result->ai_addrlen);
    // /etc/hosts may name an address twice.
    const auto same = [&](const SocketAddress& other) { return other.to_string() == address.to_string(); };
    if (std::ranges::none_of(addresses, same)) addresses.push_back(address);
  }
  return addresses;
}

std::future<Addresses> look_up_aside(std::function<Addresses()> look_up) {
  std::promise<Addresses> promise;
  auto outcome = promise.get_future();
  std::thread([look_up = std::move(look_up), promise = std::move(promise)]() mutable {
    try {
      promise.set_value(look_up());
    } catch (...) {
      promise.set_exception(std::current_exception());
    }
  }).detach();
  return outcome;
}

std::vector<SocketAddress> nameservers(const std::string& file) {
  constexpr std::uint16_t kPort = 53;
  std::vector<SocketAddress> found;
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string key, value;
    if (!(words >> key >> value) || key != "nameserver") continue;
    if (const auto address = SocketAddress::parse(value, kPort)) found.push_back(*address);
  }
  if (found.empty()) found.push_back(SocketAddress::parse("127.0.0.1", kPort).value());
  return found;
}

std::vector<std::string> lookup_folders() {
  // Not the files: whoever changes resolv.conf puts another in its place. The modules of nsswitch.conf are
  // libraries, loaded when they are first needed.
  std::vector<std::string> folders = {"/etc", "/lib", "/lib64", "/usr/lib", "/usr/lib64"};
  std::error_code failed;
  const auto target = std::filesystem::canonical("/etc/resolv.conf", failed);
  if (!failed) folders.push_back(target.parent_path());
  return folders;
}

}  // namespace net
