// How a run can fail: where it was, and the cause as a value. Facts; show/failure.h makes the sentence.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <variant>

#include "client/queries.h"
#include "client/server.h"
#include "common/cli.h"
#include "common/net/net_error.h"
#include "common/tls/tls_error.h"

namespace client {

enum class Phase : std::uint8_t { connect, tls, query, reply };

// No file of trust anchors where the client looks when it is told nothing.
class NoTrustAnchor : public std::runtime_error {
 public:
  explicit NoTrustAnchor(const std::string& looked_at) : std::runtime_error(looked_at) {}
};

// The server ended the stream before it had answered.
struct ClosedEarly {
  bool inside_message = false;  // RFC 7766 §8: the length promised more octets than came
};

using Cause = std::variant<NoAddress, NoTrustAnchor, net::NetError, tls::TlsError, ReplyFault, ClosedEarly>;

// Within a catch clause: the exception as a value. One that is no cause goes on its way.
Cause cause_now();

struct Failure {
  Phase phase = Phase::connect;
  Cause cause;
  std::string server = {};                // "127.0.0.1:8443"
  std::string authority = {};             // TLS: whose trust anchors were used
  bool no_alpn = false;                   // TLS stood, but the server agreed to no protocol
  std::size_t unanswered = 0, asked = 0;  // questions
  std::size_t discarded = 0;              // UDP: datagrams that were no answer, and why the last was not
  std::optional<ReplyFault> last_discarded = {};
};

cli::ExitCode exit_code(const Failure& failure);

}  // namespace client
