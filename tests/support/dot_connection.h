// A test's end of one DNS connection: TLS or TCP, with nothing hidden. It sends whole messages, or any octets
// at all, and every reading has a deadline. And Datagrams, the same for UDP. One thread at a time.
//
// What the network throws (NetError, TlsError) passes through: a test that does not expect it fails by it.
#pragma once

#include <memory>
#include <optional>

#include "common/dns/codes.h"
#include "common/dns/message.h"
#include "common/net/endpoint.h"
#include "common/net/framing.h"
#include "common/net/unique_fd.h"
#include "common/tls/tls_context.h"

inline constexpr std::chrono::seconds kPatience{10};  // for what should come at once, on a busy machine too

// Trusts `ca_file` alone and wants `auth_name` in a SAN. For several connections at once; any thread.
std::shared_ptr<const tls::ClientContext> trust(const std::string& ca_file,
                                                const std::string& auth_name = "localhost");

class DotConnection {
 public:
  // Connects, sends `ahead`, and shakes hands where a context is given.
  explicit DotConnection(const net::Endpoint& endpoint,
                         std::shared_ptr<const tls::ClientContext> context = nullptr, ByteView ahead = {});

  void send_octets(ByteView octets);  // as they are, no length before them
  void send(ByteView message);        // a frame
  void send(const dns::Message& message) { send(dns::encode(message)); }

  // The next whole message. nullopt: the peer closed the connection in an orderly way.
  std::optional<Bytes> read(net::Deadline deadline = net::Deadline::in(kPatience));
  dns::Message read_message(net::Deadline deadline = net::Deadline::in(kPatience));  // or the test fails
  dns::Message ask(const dns::Message& query, net::Deadline deadline = net::Deadline::in(kPatience));

  // True once the peer has closed or reset the connection, no further message having come.
  bool closed_by_peer(net::Deadline deadline = net::Deadline::in(kPatience));

  void finish_sending();  // half-close: close_notify on TLS, and FIN
  int fd() const { return stream_->fd(); }
  net::Stream& stream() { return *stream_; }

 private:
  std::shared_ptr<const tls::ClientContext> context_;  // before the stream, which it must outlive
  std::unique_ptr<net::Stream> stream_;
  net::FrameReader reader_;
};

class Datagrams {
 public:
  explicit Datagrams(const net::Endpoint& endpoint);

  void send(ByteView message);
  std::optional<Bytes> read(net::Deadline deadline = net::Deadline::in(kPatience));  // nullopt: none came
  dns::Message ask(const dns::Message& query);
  int fd() const { return socket_.get(); }

 private:
  net::UniqueFd socket_;
};

// Queries as tests need them.
dns::Message make_query(std::string_view name, std::uint16_t type, std::uint16_t id = 4711);
dns::Message with_edns(dns::Message query, std::uint16_t udp_size = 1232);
