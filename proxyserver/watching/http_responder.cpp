#include "proxyserver/watching/http_responder.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <vector>

#include "common/log.h"

namespace {

constexpr std::chrono::milliseconds kAskAgain{50};
constexpr std::chrono::milliseconds kLinger{500};
constexpr std::chrono::milliseconds kPause{100};

http::Response error_page(unsigned status) {
  http::Response response;
  response.status = status;
  response.content = std::string(http::reason(status)) + '\n';
  return response;
}

}  // namespace

HttpResponder::HttpResponder(net::UniqueFd listener, Page page, Bounds bounds)
    : listener_(std::move(listener)),
      page_(std::move(page)),
      bounds_(bounds),
      stopping_(eventfd(0, EFD_CLOEXEC)) {}

HttpResponder::~HttpResponder() {
  if (!thread_.joinable()) return;
  eventfd_write(stopping_.get(), 1);
  thread_.join();
}

void HttpResponder::start() {
  thread_ = std::thread([this] {
    try {
      run();
    } catch (const std::exception& error) {  // no memory; the proxy itself goes on
      logging::write(logging::Level::error, "metrics-ended", logging::field("reason", error.what()));
    }
  });
}

void HttpResponder::run() {
  std::vector<pollfd> entries;
  auto resume = net::Deadline::in({});  // accepting, after the kernel had no descriptor left
  for (;;) {
    const auto now = net::Deadline::Clock::now();
    entries.assign({{stopping_.get(), POLLIN, 0}, {resume.expired(now) ? listener_.get() : -1, POLLIN, 0}});
    auto wake = resume.expired(now) ? net::Deadline::never() : resume;
    for (const Connection& one : connections_) {
      using enum Connection::State;
      const auto events = static_cast<short>(one.state == writing   ? POLLOUT
                                             : one.state == waiting ? 0
                                                                    : POLLIN);
      entries.push_back({one.state == waiting ? -1 : one.socket.get(), events, 0});
      wake = earlier(wake, one.state == waiting ? net::Deadline::in(kAskAgain) : one.deadline);
    }
    if (poll(entries.data(), entries.size(), wake.poll_ms()) < 0 && errno != EINTR) return;
    if (entries[0].revents != 0) return;
    std::size_t i = 2;
    for (auto one = connections_.begin(); one != connections_.end(); ++i) {
      bool done = false;
      turn(*one, entries[i].revents != 0, done);
      one = done ? connections_.erase(one) : std::next(one);
    }
    if (entries[1].revents != 0 && !accept_all()) resume = net::Deadline::in(kPause);
  }
}

// False: the kernel has no descriptor for us, and the listener stays readable.
bool HttpResponder::accept_all() {
  for (std::size_t i = 0; i < bounds_.connections; ++i) {
    net::UniqueFd socket(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.valid()) return errno == EAGAIN || errno == EINTR || errno == ECONNABORTED || errno == EPROTO;
    // Who is in a hurry must not wait for who says nothing.
    if (connections_.size() >= bounds_.connections) connections_.pop_front();
    connections_.push_back({std::move(socket), net::Deadline::in(bounds_.time)});
  }
  return true;
}

void HttpResponder::turn(Connection& connection, bool ready, bool& done) {
  using enum Connection::State;
  if (connection.deadline.expired()) {
    const bool began = connection.state == reading && !connection.octets.empty();
    if (began || connection.state == waiting) {  // as far as the socket takes it at once
      answer(connection, error_page(connection.state == reading ? 408 : 503));
      write(connection);
    }
    done = true;
    return;
  }
  if (connection.state == reading && ready) done = !read(connection);
  if (connection.state == waiting) look_up(connection);
  if (!done && connection.state == writing) done = !write(connection);
  if (!done && connection.state == lingering && ready) done = !linger(connection);
}

bool HttpResponder::read(Connection& connection) {
  std::array<char, 2048> octets;
  const ssize_t count = recv(connection.socket.get(), octets.data(), octets.size(), 0);
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  if (count == 0) return false;
  connection.octets.append(octets.data(), static_cast<std::size_t>(count));
  const auto request = http::parse(connection.octets);
  if (!request) return true;
  connection.request = *request;
  if (request->error != 0)
    answer(connection, error_page(request->error));
  else
    connection.state = Connection::State::waiting;
  return true;
}

void HttpResponder::look_up(Connection& connection) {
  const auto found = page_(connection.request.path);
  if (!found) return;
  if (found->status == 404 || connection.request.reads) return answer(connection, *found);
  http::Response refusal = error_page(405);
  refusal.allow = "GET, HEAD";
  answer(connection, refusal);
}

void HttpResponder::answer(Connection& connection, const http::Response& response) {
  connection.octets = http::to_wire(response, connection.request.head_only, std::time(nullptr));
  connection.state = Connection::State::writing;
}

bool HttpResponder::write(Connection& connection) {
  const ssize_t count =
      send(connection.socket.get(), connection.octets.data(), connection.octets.size(), MSG_NOSIGNAL);
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  connection.octets.erase(0, static_cast<std::size_t>(count));
  if (!connection.octets.empty()) return true;
  shutdown(connection.socket.get(), SHUT_WR);
  connection.state = Connection::State::lingering;
  connection.deadline = net::Deadline::in(kLinger);
  return linger(connection);
}

// A socket that is closed with octets unread (a second request behind the first, content) is reset, and the
// response may be lost with it: so what comes is read until the far end closes (RFC 9112 §9.6).
bool HttpResponder::linger(Connection& connection) {
  std::array<char, 2048> scrap;
  const ssize_t count = recv(connection.socket.get(), scrap.data(), scrap.size(), 0);
  return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR));
}
