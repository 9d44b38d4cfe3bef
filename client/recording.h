// All that passed on the wire during a run, in the order in which it passed: what the printers of client/show
// tell the exchange from (explain, eavesdropper, timeline, chart, capture). Nothing is recorded unless one of
// them is asked for.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "common/bytes.h"
#include "common/net/stream.h"
#include "common/tls/message_watcher.h"

namespace client {

struct WireEvent {
  enum class Kind : std::uint8_t {
    connecting,          // TCP: connect(2) was called; UDP: the socket was opened
    connected,           // TCP: the connection stands
    wire,                // octets as they passed send(2) or recv(2): part of the stream, or one UDP datagram
    record_header,       // TLS, five octets: content type, version, length
    inner_type,          // TLS 1.3: the true content type of the encrypted record, one octet
    handshake,           // TLS: one whole handshake message, decrypted
    change_cipher_spec,  // TLS, one octet
    alert,               // TLS, two octets: level, description
    handshaken,          // TLS: the handshake is complete and the server accepted
    message,             // a DNS message, without its two octets of length
    closed,  // the connection ended, or did not come to stand; sent: by us, who may have waited in vain
  };
  using Clock = std::chrono::steady_clock;

  Clock::time_point when;      // of what is sent: before it leaves; of what is received: when it has come
  std::size_t connection = 0;  // index in Outcome::connections
  Kind kind = Kind::wire;
  bool sent = false;  // by us; else received
  Bytes octets = {};
};

// A `wire` event of received octets comes before the events of what they hold; one of sent octets comes
// behind.
struct Recording {
  std::chrono::system_clock::time_point wall_begin;  // the same instant, on the wall
  WireEvent::Clock::time_point begin;                // and on the clock of the events
  std::vector<WireEvent> events;
  std::vector<std::string> secrets;  // lines of the key log, without newline
  int key_log_error = 0;             // errno with which the first line of --keylog was lost; 0: none was
};

// Writes down what happens on one connection at a time. One thread. It allocates, and is noexcept since it is
// called in the middle of OpenSSL: a client that has no memory left for its record ends.
class Recorder final : public net::Watcher, public tls::MessageWatcher {
 public:
  explicit Recorder(Recording& recording) : recording_(recording) {}

  void on_connection(std::size_t index) { connection_ = index; }
  using Time = WireEvent::Clock::time_point;
  void note(WireEvent::Kind kind, bool sent, ByteView octets = {},
            Time when = WireEvent::Clock::now()) noexcept;
  void sending() noexcept override { sending_ = WireEvent::Clock::now(); }
  void sent(ByteView octets) noexcept override { note(WireEvent::Kind::wire, true, octets, sending_); }
  void received(ByteView octets) noexcept override { note(WireEvent::Kind::wire, false, octets); }
  void passed(bool sent, tls::Content content, ByteView octets) noexcept override;

 private:
  Recording& recording_;
  // A run's own traffic stays far below; a flood of datagrams must not fill the memory. What comes later is
  // not written down.
  static constexpr std::size_t kMostOctets = 64 << 20;
  std::size_t kept_ = 0;
  std::size_t connection_ = 0;
  Time sending_;  // when the write that goes on was begun
};

}  // namespace client
