// What the two relays that compare measures have in common: they listen, and start a thread per client. Tests
// may include OpenSSL; the programs have it in common/tls alone.
#pragma once

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <string>

#include "common/net/unique_fd.h"
#include "common/tls/handles.h"

namespace relay {

struct Contexts {
  tls::SslContext server_side;
  tls::SslContext client_side;
  sockaddr_in upstream;
};

// Both block until their handshake is done, and are non-blocking from then on. Null if it fails.
tls::Ssl accept_client(int socket, const Contexts& contexts);
tls::Ssl connect_upstream(int socket, const Contexts& contexts);

// Appends all that can be read now; false once there will be no more.
bool read_all(SSL* from, std::string& octets);
// Waits while the socket is full, which the loads of compare never make it; false if the peer has gone.
bool write_all(SSL* to, const std::string& octets);

// PORT UPSTREAM-PORT CERTIFICATE KEY CA; both ports are on 127.0.0.1, the upstream is to be "localhost".
Contexts make_contexts(int argc, char** argv);
// `serve` gets each client in a thread of its own. Never returns.
[[noreturn]] void run(const char* port, void (*serve)(net::UniqueFd client));

}  // namespace relay
