// --capture: both legs of all connections as a file for Wireshark, TLS secrets included, appended to as
// things happen: it is whole even if the proxy is killed. Packets are made up around the octets at the
// sockets (common/net/ip_packet.h).
//
// Wireshark decrypts as it reads, so secrets must stand ahead of the packets that need them. OpenSSL tells
// some only after the octets have passed (a client's, when a server's Hello has come; either's, when its
// Finished has left): during the handshake each packet is kept back until the next of its connection.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "common/net/ip_packet.h"
#include "common/net/private_file.h"
#include "common/net/tcp.h"
#include "common/tls/message_watcher.h"

namespace tls {
class TlsStream;
}

// Any thread. Callers hold a pointer, null where no capture was asked for.
class Capture {
 public:
  explicit Capture(const std::string& file);  // emptied; throws NetError with the system's reason

  // What there is no memory for is left out.
  void add_secret(std::string_view line) noexcept;  // of the key log
  void add_datagram(const net::SocketAddress& from, const net::SocketAddress& to, ByteView octets) noexcept;

 private:
  friend class CapturedConnection;
  using Clock = std::chrono::system_clock;

  void add(Clock::time_point when, const std::vector<Bytes>& packets);
  void append(ByteView blocks) noexcept;

  net::PrivateFile file_;
  std::atomic<bool> ended_ = false;  // the disk is full, and it has been said
};

// One TCP connection, from its beginning to its end: what its stream is watched by, and outlived by. One
// thread at a time.
class CapturedConnection final : public net::Watcher, public tls::MessageWatcher {
 public:
  // `fd` has its own address already. Connecting: we have begun to; the rest of TCP's handshake is taken to
  // have come when the first octets pass. Accepted: it is over.
  enum class Side : std::uint8_t { connecting, accepted };
  CapturedConnection(Capture& capture, int fd, const net::SocketAddress& peer, Side side);
  // Accepted, and known to run from `client` to `other` by what a load balancer says: of one family.
  CapturedConnection(Capture& capture, const net::SocketAddress& client, const net::SocketAddress& other);
  ~CapturedConnection() override;  // closed(true), unless it was closed before

  void watch(tls::TlsStream& stream);  // before its handshake
  void watch(net::TcpStream& stream);

  void sent(ByteView octets) noexcept override { carried(true, octets); }
  void received(ByteView octets) noexcept override { carried(false, octets); }
  void passed(bool sent, tls::Content content, ByteView octets) noexcept override;
  void closed(bool by_us) noexcept;

 private:
  CapturedConnection(Capture& capture, const net::TcpConversation& between, Side side);

  void carried(bool sent, ByteView octets) noexcept;
  void keep(bool sent, ByteView octets);
  void add(Capture::Clock::time_point when, bool sent, ByteView octets);
  void release();  // what was kept back

  Capture& capture_;
  const Side side_;
  net::TcpConversation conversation_;
  bool connected_;
  bool closed_ = false;
  bool we_finished_ = true, peer_finished_ = true;  // with TLS's handshake
  bool finishing_ = false;                          // the next packet carries our Finished
  struct KeptBack {
    Capture::Clock::time_point when;
    bool sent;
    Bytes octets;
  };
  std::optional<KeptBack> kept_back_;
};
