#include "common/net/net_error.h"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>

namespace net {
namespace {

std::string describe(NetError::Kind kind, const std::string& action, int error) {
  if (error != 0) return fmt::format("{}: {}", action, strerrordesc_np(error));
  switch (kind) {
    case NetError::Kind::timeout:
      return fmt::format("{}: timed out", action);
    case NetError::Kind::closed:
      return fmt::format("{}: closed by the peer", action);
    default:
      return action;
  }
}

}  // namespace

NetError::NetError(Kind kind, const std::string& action, int error)
    : std::runtime_error(describe(kind, action, error)), kind_(kind), error_(error) {}

NetError NetError::from_errno(const std::string& action, int error) {
  switch (error) {
    case ECONNREFUSED:
      return {Kind::refused, action, error};
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case EADDRNOTAVAIL:
      return {Kind::unreachable, action, error};
    case ECONNRESET:
    case EPIPE:
    case ECONNABORTED:
      return {Kind::reset, action, error};
    case ETIMEDOUT:
      return {Kind::timeout, action, error};
    default:
      return {Kind::system, action, error};
  }
}

}  // namespace net
