// Answers HTTP requests on one listening socket, on a thread of its own: for scrapers and probes, one request
// per connection. Bounded in everything that a stranger could use up: connections (the oldest gives way),
// octets of a request, and time.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "common/net/deadline.h"
#include "common/net/unique_fd.h"
#include "proxyserver/watching/http_request.h"

class HttpResponder {
 public:
  // The page at that path, for the responder's thread; must not wait. nullopt: it is not known yet, ask again
  // soon. A path that there is no page for: status 404.
  using Page = std::function<std::optional<http::Response>(const std::string& path)>;

  struct Bounds {
    std::size_t connections = 16;
    std::chrono::milliseconds time{5000};  // from accept to the last octet
  };

  HttpResponder(net::UniqueFd listener, Page page, Bounds bounds);
  ~HttpResponder();  // ends the thread; connections are cut off

  void start();

 private:
  struct Connection {
    enum class State : std::uint8_t { reading, waiting, writing, lingering };
    net::UniqueFd socket;
    net::Deadline deadline;
    State state = State::reading;
    std::string octets{};  // of the request, or what is left of the response
    http::Request request{};
  };

  void run();
  bool accept_all();
  void turn(Connection& connection, bool ready, bool& done);
  bool read(Connection& connection);  // false: it has ended
  void look_up(Connection& connection);
  void answer(Connection& connection, const http::Response& response);
  bool write(Connection& connection);
  bool linger(Connection& connection);

  const net::UniqueFd listener_;
  const Page page_;
  const Bounds bounds_;
  const net::UniqueFd stopping_;       // an eventfd
  std::list<Connection> connections_;  // the oldest first
  std::thread thread_;
};
