// The little HTTP server by itself, with short patience: who is slow, who is too many, and pages that are not
// known at once.
#include "proxyserver/watching/http_responder.h"

#include <atomic>
#include <poll.h>
#include <sys/socket.h>

#include "common/net/tcp.h"
#include "tests/support/catch.h"

using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

constexpr std::string_view kRequest = "GET /page HTTP/1.1\r\nHost: a\r\n\r\n";

class Served {
 public:
  explicit Served(HttpResponder::Page page, HttpResponder::Bounds bounds)
      : Served(net::listen_tcp(*net::SocketAddress::parse("127.0.0.1", 0), 64), std::move(page), bounds) {}

  net::UniqueFd connect(std::string_view octets = {}) const {
    net::UniqueFd socket = net::connect_tcp(address_, net::Deadline::in(10s));
    if (!octets.empty())
      REQUIRE(send(socket.get(), octets.data(), octets.size(), MSG_NOSIGNAL) ==
              static_cast<ssize_t>(octets.size()));
    return socket;
  }

 private:
  Served(net::UniqueFd listener, HttpResponder::Page page, HttpResponder::Bounds bounds)
      : address_(net::SocketAddress::of_socket(listener.get())),
        responder_(std::move(listener), std::move(page), bounds) {
    responder_.start();
  }

  net::SocketAddress address_;
  HttpResponder responder_;
};

// All that comes until the far end closes.
std::string heard(const net::UniqueFd& socket) {
  std::string text;
  const auto deadline = net::Deadline::in(10s);
  for (;;) {
    pollfd entry{socket.get(), POLLIN, 0};
    if (poll(&entry, 1, deadline.poll_ms()) <= 0) return text + "(not closed)";
    char piece[4096];
    const ssize_t count = recv(socket.get(), piece, sizeof piece, 0);
    if (count <= 0) return text;
    text.append(piece, static_cast<std::size_t>(count));
  }
}

std::optional<http::Response> hello(const std::string&) {
  http::Response response;
  response.content = "hello\n";
  return response;
}

}  // namespace

TEST_CASE("half a request is answered with 408 when its time is over, silence is not answered") {
  const Served served(hello, {.connections = 4, .time = 100ms});
  const net::UniqueFd half = served.connect("GET /page HT"), silent = served.connect();
  CHECK_THAT(heard(half), Contains("HTTP/1.1 408 Request Timeout"));
  CHECK(heard(silent).empty());
}

TEST_CASE("the connection that has been there longest gives way to one too many") {
  const Served served(hello, {.connections = 2, .time = 60s});
  const net::UniqueFd first = served.connect("GET /page"), second = served.connect("GET /page");
  const net::UniqueFd third = served.connect(kRequest);
  CHECK_THAT(heard(third), Contains("200 OK") && Contains("hello"));
  CHECK_THAT(heard(first), !Contains("not closed"));
}

TEST_CASE("a page that is not known yet holds up no other, and is there once it is known") {
  std::atomic<bool> known = false;
  const auto page = [&](const std::string& path) {
    return path == "/page" && !known ? std::nullopt : hello(path);
  };
  const Served served(page, {.connections = 4, .time = 60s});
  const net::UniqueFd early = served.connect(kRequest);
  CHECK_THAT(heard(served.connect("GET /other HTTP/1.1\r\nHost: a\r\n\r\n")), Contains("hello"));
  known = true;
  CHECK_THAT(heard(early), Contains("hello"));
}

TEST_CASE("a page that never comes to be known is 503 in the end") {
  const Served served([](const std::string&) { return std::optional<http::Response>(); },
                      {.connections = 4, .time = 100ms});
  CHECK_THAT(heard(served.connect(kRequest)), Contains("HTTP/1.1 503 Service Unavailable"));
}

TEST_CASE("a large page arrives whole, at a reader that takes its time") {
  const std::string large(8 << 20, 'x');
  const Served served(
      [&](const std::string&) {
        http::Response response;
        response.content = large;
        return std::optional(response);
      },
      {.connections = 4, .time = 60s});
  const std::string response = heard(served.connect(kRequest));
  CHECK(response.size() > large.size());
  CHECK(response.ends_with("xxx"));
}
