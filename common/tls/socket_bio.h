// The socket as OpenSSL sees it: a BIO of our own in place of BIO_s_socket, for three reasons.
//  - It sends with MSG_NOSIGNAL: a peer that has gone costs an error, never a SIGPIPE.
//  - It receives at most once per call into OpenSSL. Records that carry no octet for us (KeyUpdate,
//    NewSessionTicket) are consumed inside SSL_read, and with read-ahead on a peer that never stops sending
//    them would keep SSL_read from ever returning, whatever the deadline. So each call does a bounded amount
//    of work, and "want read" always means that poll(2) can tell when to go on.
//  - It keeps errno, and the certificate that failed, next to the socket: no look-up, no allocation.
// For the files of common/tls alone.
#pragma once

#include "common/bytes.h"
#include "common/net/stream.h"
#include "common/tls/handles.h"
#include "common/tls/message_watcher.h"

struct bio_st;

namespace tls {

struct SocketBio {
  int fd = -1;
  bool may_receive = false;  // one recv() is left for this call
  bool starved = false;      // OpenSSL asked for octets that are not here
  bool drained = false;      // nothing has come since a read found that it needs more
  bool ended = false;        // recv() said 0: the peer's FIN
  int error = 0;             // errno of the send() or recv() that failed

  bool corked = false;   // what is to be sent waits in `held`, until send_held()
  Bytes held;            // no more than its owner wrote while it was corked
  std::size_t left = 0;  // of `held`: so much has been sent

  net::Watcher* watcher = nullptr;
  MessageWatcher* message_watcher = nullptr;

  // Written by the context's verify callback, on failure alone; of several failures, which only a client that
  // does not insist gets to see, the first.
  long verify_result = 0;
  Certificate rejected;
};

// Sends what is held. False: not all of it, since the socket is full, or because of `error`.
bool send_held(SocketBio& socket) noexcept;

// A BIO that uses `socket`, which must outlive it. Null: no memory.
bio_st* new_bio(SocketBio& socket);

// The SocketBio beneath a TLS connection; null if it has none.
SocketBio* socket_bio_of(const ssl_st* ssl);

}  // namespace tls
