#include "common/tls/tls_stream.h"

#include <cassert>
#include <fmt/format.h>
#include <new>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include "common/net/net_error.h"
#include "common/tls/openssl_error.h"

namespace tls {
namespace {

using Status = net::IoResult::Status;

constexpr const char* kRead = "read from";
constexpr const char* kWrite = "write to";
constexpr const char* kHandshake = "TLS handshake with";

// The macro SSL_set_tlsext_host_name(), without its C cast. OpenSSL copies the name.
bool set_server_name(SSL* ssl, std::string name) {
  return SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) == 1;
}

// A socket closed with octets unread (a session ticket, the peer's own close_notify) sends a reset, which
// destroys what the peer has not fetched yet, our alert above all. So they are fetched, as far as they are
// here already.
void discard_unread(int fd, net::Watcher* watcher = nullptr) {
  constexpr int kEnough = 16;
  std::uint8_t unread[4096];
  for (int i = 0; i < kEnough; ++i) {
    const ssize_t count = recv(fd, unread, sizeof unread, 0);
    if (count > 0 && watcher != nullptr) watcher->received({unread, static_cast<std::size_t>(count)});
    if (count != sizeof unread) return;
  }
}

// OpenSSL's SSL_set_msg_callback, which also tells of things that are no part of the protocol.
void message_callback(int sent, int, int content_type, const void* octets, std::size_t size, SSL* ssl,
                      void*) noexcept {
  Content content;
  switch (content_type) {
    case SSL3_RT_HEADER:
      content = Content::record_header;
      break;
    case SSL3_RT_INNER_CONTENT_TYPE:
      content = Content::inner_type;
      break;
    case SSL3_RT_HANDSHAKE:
      content = Content::handshake;
      break;
    case SSL3_RT_CHANGE_CIPHER_SPEC:
      content = Content::change_cipher_spec;
      break;
    case SSL3_RT_ALERT:
      content = Content::alert;
      break;
    default:
      return;
  }
  socket_bio_of(ssl)->message_watcher->passed(sent != 0, content,
                                              {static_cast<const std::uint8_t*>(octets), size});
}

}  // namespace

TlsStream::TlsStream(net::UniqueFd socket, ssl_ctx_st* context, std::string peer)
    : Stream(std::move(peer)), socket_(std::move(socket)), ssl_(SSL_new(context)) {
  bio_.fd = socket_.get();
  BIO* const bio = ssl_ != nullptr ? new_bio(bio_) : nullptr;
  if (bio == nullptr) throw std::bad_alloc();
  SSL_set_bio(ssl_.get(), bio, bio);  // takes over the one reference for both directions
}

TlsStream::TlsStream(net::UniqueFd socket, const ServerContext& context, std::string peer)
    : TlsStream(std::move(socket), context.get(), std::move(peer)) {
  SSL_set_accept_state(ssl_.get());
}

TlsStream::TlsStream(net::UniqueFd socket, const ClientContext& context, std::string peer)
    : TlsStream(std::move(socket), context.get(), std::move(peer)) {
  client_ = &context;
  SSL_set_connect_state(ssl_.get());
  const std::string& name = *context.options().sni;
  if (!name.empty() && !set_server_name(ssl_.get(), name)) fail(kHandshake);
  if (const SslSession ticket = context.take_ticket(); ticket != nullptr)
    SSL_set_session(ssl_.get(), ticket.get());  // if it is of no use any more, the handshake is a full one
}

TlsStream::~TlsStream() {
  const bool tls_failed = failed_ && bio_.error == 0;  // and not merely the socket below it
  if (!handshaken_ || tls_failed) return;
  if (!failed_ && (SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) != 0) discard_unread(socket_.get());
  // A connection that merely went away (a reset, a deadline) says nothing against its ticket; yet SSL_free
  // declares the session of any connection that was not shut down unfit for resumption.
  SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

void TlsStream::watch_messages(MessageWatcher& watcher) {
  bio_.message_watcher = &watcher;
  SSL_set_msg_callback(ssl_.get(), message_callback);
}

// SSL_get_error() looks at this thread's error queue, where another connection's mishap may still lie.
void TlsStream::begin_call() {
  assert(!failed_);
  if (ERR_peek_error() != 0) ERR_clear_error();
  bio_.may_receive = true;
}

net::IoResult TlsStream::try_read(std::span<std::uint8_t> into) {
  assert(!into.empty());
  begin_call();
  std::size_t count = 0;
  int result = 0;
  // After a record with nothing for us (KeyUpdate, NewSessionTicket) OpenSSL 3.2 and later return, even if an
  // answer is buffered behind it, of which poll(2) knows nothing. Older ones go on by themselves.
  do {
    bio_.starved = false;
    result = SSL_read_ex(ssl_.get(), into.data(), into.size(), &count);
  } while (SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ && !bio_.starved);
  const net::IoResult outcome = translate(result, count, kRead);
  bio_.drained = outcome.status != Status::done;
  return outcome;
}

net::IoResult TlsStream::try_write(ByteView from) {
  assert(!from.empty());
  begin_call();
  std::size_t count = 0;
  const int result = SSL_write_ex(ssl_.get(), from.data(), from.size(), &count);
  return translate(result, count, kWrite);
}

bool TlsStream::has_buffered() const {
  // SSL_has_pending() is also true of the first half of a record, which only the socket can complete; after a
  // read that found no more, there is nothing else.
  return !bio_.drained && SSL_has_pending(ssl_.get()) == 1;
}

Status TlsStream::uncork() {
  bio_.corked = false;
  if (send_held(bio_)) return Status::done;
  if (bio_.error != 0) fail(kWrite);
  return Status::want_write;
}

void TlsStream::release() {
  if (bio_.held.empty()) bio_.held = Bytes();
  SSL_free_buffers(ssl_.get());  // leaves them where they are in use
}

Status TlsStream::try_handshake() {
  if (handshaken_) return Status::done;
  begin_call();
  const Status status = translate(SSL_do_handshake(ssl_.get()), 0, kHandshake).status;
  // This thread's random generators, 6 kB, are hardly needed any more, and made again if they are. Freed now,
  // the room serves the next handshake, on whichever thread.
  if (status == Status::done) OPENSSL_thread_stop();
  return status;
}

void TlsStream::handshake(net::Deadline deadline) {
  for (;;) {
    const Status status = try_handshake();
    if (status == Status::done) return;
    const std::string action = fmt::format("{} {}", kHandshake, peer());
    // Before the wait, too: a peer that always has another octet must not keep us beyond the deadline.
    if (deadline.expired()) throw net::NetError(net::NetError::Kind::timeout, action);
    net::wait_for(fd(), status == Status::want_write ? POLLOUT : POLLIN, deadline, action);
  }
}

bool TlsStream::handshaken() const {
  return handshaken_;
}

ConnectionFacts TlsStream::facts() const {
  return connection_facts(ssl_.get());
}

std::optional<TlsError> TlsStream::overlooked() const {
  if (bio_.verify_result == 0 || client_ == nullptr) return std::nullopt;
  return TlsError(verify_failure(bio_.verify_result, bio_.rejected.get(), client_->options().auth_name),
                  fmt::format("{} {}", kHandshake, peer()));
}

void TlsStream::close() noexcept {
  if (failed_) return;
  if (handshaken_ && (SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) == 0) {
    SSL_shutdown(ssl_.get());
    ERR_clear_error();  // whatever became of it, there is nobody left to tell
  }
  shutdown(socket_.get(), SHUT_WR);
}

net::IoResult TlsStream::translate(int result, std::size_t count, const char* action) {
  if (result == 1) {
    if (!handshaken_) handshaken_ = SSL_is_init_finished(ssl_.get()) == 1;
    return {Status::done, count};
  }
  if (!handshaken_) {
    handshaken_ = SSL_is_init_finished(ssl_.get()) == 1;
    if (!handshaken_) action = kHandshake;
  }
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return {Status::want_read};
    case SSL_ERROR_WANT_WRITE:
      return {Status::want_write};
    case SSL_ERROR_ZERO_RETURN:
      if (handshaken_) return {Status::closed};
      break;
    default:
      break;
  }
  fail(action);
}

void TlsStream::fail(const char* action) {
  failed_ = true;
  const std::string whole_action = fmt::format("{} {}", action, peer());
  TlsError::Facts facts = drain_error_queue();
  if (facts.kind == TlsError::Kind::internal) {  // not TLS failed, but what is below it
    if (bio_.error != 0) throw net::NetError::from_errno(whole_action, bio_.error);
    if (bio_.ended) facts.kind = TlsError::Kind::closed;
  }
  // OpenSSL 3.2 and later have not read what the peer sent behind the cause.
  if (bio_.error == 0) discard_unread(socket_.get(), bio_.watcher);
  if (bio_.verify_result != 0)
    facts = verify_failure(bio_.verify_result, bio_.rejected.get(),
                           client_ != nullptr ? client_->options().auth_name : std::string());
  throw TlsError(std::move(facts), whole_action);
}

}  // namespace tls
