// One run: look up, connect, shake hands, ask every question over one connection, match the answers. Times
// are taken apart: what the network costs, what TLS costs, what the answer costs.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "client/failure.h"
#include "client/options.h"
#include "client/recording.h"
#include "common/tls/peer.h"

namespace client {

using Duration = std::chrono::steady_clock::duration;

inline double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

// The way the answers came.
struct Connection {
  net::Transport transport = net::Transport::tls;
  net::SocketAddress address;
  std::optional<net::SocketAddress> local = {};  // our end, once it has an address
  Duration connect{};                            // TCP: until the connection stood; 0 over UDP
  Duration handshake{};                          // TLS, the verification of the certificate included
  std::optional<tls::ConnectionFacts> tls = {};
  std::string authority = {};  // who vouched for the server: a file's name, or "the system's store"
  bool insecure = false;       // the server was not checked, by --insecure
  std::optional<tls::TlsError> overlooked = {};  // then: what a strict client would have failed with
};

struct Answer {
  dns::Message message;
  Bytes query_wire = {};  // both as on the wire, without their length
  Bytes reply_wire = {};
  std::size_t connection = 0;  // which of Outcome::connections brought it
  std::size_t sent = 0;        // octets of the query
  std::size_t received = 0;    // octets of the answer
  Duration time{};             // from the query's leaving to the answer's coming
};

struct Outcome {
  std::vector<std::optional<Answer>> answers;  // one per question, in the order asked
  std::vector<Connection> connections;         // a second one, TCP, if answers over UDP were truncated
  std::optional<Failure> failure;              // then some answers are missing, perhaps all
  Recording recording = {};                    // empty unless Options::records()
};

// Never throws for what the world does: that is Outcome::failure.
Outcome ask(const Options& options);

}  // namespace client
