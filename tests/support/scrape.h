// What a scraper sees of `proxyserver --metrics`: its pages over HTTP, and the samples on /metrics.
#pragma once

#include <map>
#include <string>

#include "common/net/endpoint.h"
#include "tests/support/lab.h"

// Appended to a Proxy's arguments; its process then prints where they are.
inline const Arguments kWithMetrics = {"--metrics", "127.0.0.1:0"};

class Scraper {
 public:
  explicit Scraper(Proxy& proxy);  // takes its line

  const net::SocketAddress& address() const { return address_; }
  // All that it says to these octets until it closes, or `patience` is over.
  std::string say(std::string_view octets,
                  std::chrono::milliseconds patience = std::chrono::seconds(20)) const;
  std::string get(const std::string& path) const;      // the whole response
  std::string content(const std::string& path) const;  // of a response with status 200, or the test fails

  // "name{labels}" as they stand, and the value.
  using Samples = std::map<std::string, double>;
  Samples samples() const;
  // The same, once this one has come to be `least`: many an event is counted a moment after the client has
  // seen it. After kPatience as they are then.
  Samples samples_once(const std::string& name, double least) const;

 private:
  net::SocketAddress address_;
};
