// A client below DNS: a TCP connection that says any octets at any moment, with TLS to hand (RawPeer) where
// it is to get as far as that, and ends the way it is told to. And a crowd of such. One thread at a time.
#pragma once

#include "common/tls/issue/raw_peer.h"
#include "tests/support/dot_connection.h"

enum class End : std::uint8_t {
  fin,           // TCP's orderly end
  reset,         // TCP's other one
  close_notify,  // TLS's, as far as there is TLS, and then FIN
  alert,         // a fatal alert, and then FIN
};

class RawClient {
 public:
  // Connected, and silent. `version` is TLS's, as RawOptions has it.
  explicit RawClient(const net::Endpoint& endpoint, int version = 0) : RawClient(endpoint, of(version)) {}
  RawClient(const net::Endpoint& endpoint, tls::RawOptions options)
      : options_(std::move(options)), tcp_(endpoint) {}

  tls::RawPeer& tls();
  Bytes client_hello();                                     // its octets, not sent
  void handshake();                                         // whole; throws if it fails
  void send(ByteView octets) { tcp_.send_octets(octets); }  // as they are
  void send_sealed(ByteView octets);                        // by TLS
  Bytes read_sealed(std::size_t least);                     // so many, or the test fails
  // What tls() wants sent, as far as the socket takes it at once. False: it is full, or the proxy has hung
  // up.
  bool push();
  // Reads and throws away until the proxy ends the connection. False: it has not by then.
  bool ended(net::Deadline deadline = net::Deadline::in(kPatience));
  void end(End how);  // nothing but destruction may follow
  int fd() const { return tcp_.fd(); }

 private:
  static tls::RawOptions of(int version) {
    tls::RawOptions options;
    options.version = version;
    return options;
  }

  tls::RawOptions options_;
  DotConnection tcp_;
  std::optional<tls::RawPeer> tls_;  // once it is asked for: there may be a thousand of us
  Bytes unsent_;                     // what the socket did not take
};

// Many, of which each has said `octets`. Raises this process's limit of descriptors to what it may be.
std::vector<RawClient> crowd(std::size_t count, const net::Endpoint& endpoint, ByteView octets);
