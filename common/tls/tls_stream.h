// A TLS connection as a net::Stream. try_read() and try_write() also carry the handshake forward, so a
// session may simply begin to use it; a caller who wants to know when the handshake is done calls handshake()
// or try_handshake() first. Verification is part of the handshake: no octet of ours leaves before it has
// succeeded.
//
//  - One call does a bounded amount of work: at most one recv(2), whatever the peer sends (socket_bio.h).
//  - Read until has_buffered() is false before you poll: several records may have come in one segment.
//  - After try_write() said want_write, its octets are half under way: the next try_write() must begin with
//  the
//    same ones (from other memory, and with more behind them, if you like).
//  - The peer's end of data is `closed`, with or without its close_notify: the DNS framing on top tells
//  whether
//    a message was cut short (RFC 7766 §8).
//  - close() ends our side; what the peer still says may be read. A peer that has not yet fetched all we
//  wrote
//    can lose it if we leave while it still sends: read until `closed`, within a deadline, where that
//    matters.
//
// Failures throw TlsError, and net::NetError where the socket failed. One thread at a time.
#pragma once

#include "common/net/stream.h"
#include "common/net/unique_fd.h"
#include "common/tls/handles.h"
#include "common/tls/peer.h"
#include "common/tls/socket_bio.h"
#include "common/tls/tls_context.h"
#include "common/tls/tls_error.h"

namespace tls {

class TlsStream final : public net::Stream {
 public:
  // Server side, over an accepted socket. The context must outlive the stream.
  TlsStream(net::UniqueFd socket, const ServerContext& context, std::string peer);
  // Client side, over a socket that is connected or still connecting. Offers the context's newest ticket.
  TlsStream(net::UniqueFd socket, const ClientContext& context, std::string peer);
  ~TlsStream() override;

  void watch(net::Watcher& watcher) override { bio_.watcher = &watcher; }
  void watch_messages(MessageWatcher& watcher);  // before the handshake, to see all of it

  int fd() const override { return socket_.get(); }
  net::IoResult try_read(std::span<std::uint8_t> into) override;
  net::IoResult try_write(ByteView from) override;
  bool has_buffered() const override;
  void cork() override { bio_.corked = true; }
  net::IoResult::Status uncork() override;
  void release() override;
  void close() noexcept override;

  net::IoResult::Status try_handshake();  // done, want_read or want_write
  void handshake(net::Deadline deadline);
  bool handshaken() const;

  ConnectionFacts facts() const;  // once handshaken

  // Once handshaken, and only where ClientOptions::verify is false: what a strict client would have thrown.
  std::optional<TlsError> overlooked() const;

 private:
  TlsStream(net::UniqueFd socket, ssl_ctx_st* context, std::string peer);

  void begin_call();
  net::IoResult translate(int result, std::size_t count, const char* action);  // OpenSSL's results into ours
  [[noreturn]] void fail(const char* action);

  net::UniqueFd socket_;
  SocketBio bio_;  // before ssl_, which points to it
  Ssl ssl_;
  const ClientContext* client_ = nullptr;  // null on the server side
  bool handshaken_ = false;
  bool failed_ = false;  // after a fatal error SSL_shutdown must not be called
};

}  // namespace tls
