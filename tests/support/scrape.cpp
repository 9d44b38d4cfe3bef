#include "tests/support/scrape.h"

#include <fmt/format.h>
#include <poll.h>
#include <sstream>
#include <stdexcept>
#include <sys/socket.h>

#include "common/net/tcp.h"
#include "tests/support/catch.h"
#include "tests/support/dot_connection.h"

namespace {

net::SocketAddress address_in(const std::string& line) {
  constexpr std::string_view kPrefix = "metrics http://";
  if (!line.starts_with(kPrefix)) throw std::runtime_error("no line of the metrics': " + line);
  const auto endpoint = net::parse_endpoint(line.substr(kPrefix.size()), net::Transport::tcp);
  if (!endpoint) throw std::runtime_error(endpoint.error());
  return endpoint->address;
}

}  // namespace

Scraper::Scraper(Proxy& proxy)
    : address_(address_in(proxy.process().read_line(net::Deadline::in(std::chrono::seconds(20))))) {}

std::string Scraper::say(std::string_view octets, std::chrono::milliseconds patience) const {
  const auto deadline = net::Deadline::in(patience);
  const net::UniqueFd socket = net::connect_tcp(address_, deadline);
  std::string heard;
  for (;;) {
    pollfd entry{socket.get(), static_cast<short>(POLLIN | (octets.empty() ? 0 : POLLOUT)), 0};
    if (poll(&entry, 1, deadline.poll_ms()) <= 0) return heard;
    if ((entry.revents & POLLIN) != 0) {
      char piece[4096];
      const ssize_t count = recv(socket.get(), piece, sizeof piece, 0);
      if (count <= 0) return heard;
      heard.append(piece, static_cast<std::size_t>(count));
    } else if ((entry.revents & (POLLERR | POLLHUP)) != 0) {
      return heard;
    }
    if ((entry.revents & POLLOUT) != 0) {
      const ssize_t count = send(socket.get(), octets.data(), octets.size(), MSG_NOSIGNAL);
      if (count > 0) octets.remove_prefix(static_cast<std::size_t>(count));
      if (count < 0) octets = {};  // it has hung up: what it said may be there still
    }
  }
}

std::string Scraper::get(const std::string& path) const {
  return say(fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", path, address_.to_string()));
}

std::string Scraper::content(const std::string& path) const {
  const std::string response = get(path);
  INFO(response.substr(0, 500));
  REQUIRE(response.starts_with("HTTP/1.1 200 OK\r\n"));
  return response.substr(response.find("\r\n\r\n") + 4);
}

Scraper::Samples Scraper::samples() const {
  Samples samples;
  std::istringstream lines(content("/metrics"));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) continue;
    const std::size_t blank = line.rfind(' ');
    REQUIRE(blank != std::string::npos);
    const bool is_new = samples.emplace(line.substr(0, blank), std::stod(line.substr(blank + 1))).second;
    INFO(line);
    REQUIRE(is_new);
  }
  return samples;
}

Scraper::Samples Scraper::samples_once(const std::string& name, double least) const {
  const auto deadline = net::Deadline::in(kPatience);
  for (;;) {
    Samples now = samples();
    const auto found = now.find(name);
    if ((found != now.end() && found->second >= least) || deadline.expired()) return now;
  }
}
