// A world that fails: typed, thrown, caught once at the top of a thread. Facts only; printers write the
// prose.
#pragma once

#include <stdexcept>
#include <string>

namespace net {

class NetError : public std::runtime_error {
 public:
  enum class Kind { timeout, refused, unreachable, reset, closed, malformed, system };

  // `action` is what was tried, with which peer: "connect to 192.0.2.1:853".
  NetError(Kind kind, const std::string& action, int error = 0);

  // From errno: ECONNREFUSED is refused, EHOSTUNREACH and its kin unreachable, ECONNRESET and EPIPE reset.
  static NetError from_errno(const std::string& action, int error);

  Kind kind() const { return kind_; }
  int error() const { return error_; }  // errno, or 0

 private:
  Kind kind_;
  int error_;
};

}  // namespace net
