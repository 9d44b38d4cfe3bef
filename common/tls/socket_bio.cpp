#include "common/tls/socket_bio.h"

#include <cerrno>
#include <new>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

namespace tls {
namespace {

SocketBio& socket_of(BIO* bio) {
  return *static_cast<SocketBio*>(BIO_get_data(bio));
}

int receive(BIO* bio, char* into, std::size_t size, std::size_t* got) noexcept {
  SocketBio& socket = socket_of(bio);
  BIO_clear_retry_flags(bio);
  *got = 0;
  socket.starved = true;
  if (!socket.may_receive) {
    BIO_set_retry_read(bio);
    return 0;
  }
  socket.may_receive = false;
  ssize_t count = 0;
  do count = recv(socket.fd, into, size, 0);
  while (count < 0 && errno == EINTR);
  if (count > 0) {
    socket.starved = socket.drained = false;
    *got = static_cast<std::size_t>(count);
    if (socket.watcher != nullptr) socket.watcher->received({reinterpret_cast<std::uint8_t*>(into), *got});
    return 1;
  }
  if (count == 0)
    socket.ended = true;
  else if (errno == EAGAIN)
    BIO_set_retry_read(bio);
  else
    socket.error = errno;
  return 0;
}

// Octets that left, none if the socket is full; -1: see `error`.
ssize_t send_now(SocketBio& socket, ByteView from) noexcept {
  if (socket.watcher != nullptr) socket.watcher->sending();
  ssize_t count = 0;
  do count = send(socket.fd, from.data(), from.size(), MSG_NOSIGNAL);
  while (count < 0 && errno == EINTR);
  if (count < 0 && errno == EAGAIN) return 0;
  if (count < 0)
    socket.error = errno;
  else if (socket.watcher != nullptr)
    socket.watcher->sent(from.first(static_cast<std::size_t>(count)));
  return count;
}

int transmit(BIO* bio, const char* octets, std::size_t size, std::size_t* sent) noexcept {
  SocketBio& socket = socket_of(bio);
  const ByteView from(reinterpret_cast<const std::uint8_t*>(octets), size);
  BIO_clear_retry_flags(bio);
  *sent = 0;
  if (socket.corked) {
    try {
      socket.held.insert(socket.held.end(), from.begin(), from.end());
    } catch (const std::bad_alloc&) {
      socket.error = ENOMEM;
      return 0;
    }
    *sent = size;
    return 1;
  }
  // What is held goes first, whatever it is that OpenSSL has to say meanwhile.
  const ssize_t count = send_held(socket) ? send_now(socket, from) : 0;
  if (count > 0) {
    *sent = static_cast<std::size_t>(count);
    return 1;
  }
  if (socket.error == 0) BIO_set_retry_write(bio);
  return 0;
}

long control(BIO* bio, int command, long, void*) noexcept {
  switch (command) {
    case BIO_CTRL_FLUSH:  // nothing is held back here
      return 1;
    case BIO_CTRL_EOF:
      return socket_of(bio).ended ? 1 : 0;
    default:
      return 0;
  }
}

// Made once and never freed: it lives as long as the process.
const BIO_METHOD* method() {
  static const BIO_METHOD* const made = [] {
    BIO_METHOD* fresh = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    if (fresh != nullptr) {
      BIO_meth_set_read_ex(fresh, receive);
      BIO_meth_set_write_ex(fresh, transmit);
      BIO_meth_set_ctrl(fresh, control);
    }
    return fresh;
  }();
  return made;
}

}  // namespace

bool send_held(SocketBio& socket) noexcept {
  while (socket.left < socket.held.size()) {
    const ssize_t count = send_now(socket, ByteView(socket.held).subspan(socket.left));
    if (count <= 0) return false;
    socket.left += static_cast<std::size_t>(count);
  }
  socket.held.clear();
  socket.left = 0;
  return true;
}

bio_st* new_bio(SocketBio& socket) {
  BIO* bio = BIO_new(method());
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, &socket);
  BIO_set_init(bio, 1);
  return bio;
}

SocketBio* socket_bio_of(const ssl_st* ssl) {
  BIO* const bio = SSL_get_rbio(ssl);
  return bio != nullptr ? static_cast<SocketBio*>(BIO_get_data(bio)) : nullptr;
}

}  // namespace tls
