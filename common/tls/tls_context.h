// What many TLS connections have in common: identity, trust, versions, tickets. Built once, at start, before
// any thread; then shared by const reference among all threads (OpenSSL allows that of an SSL_CTX).
//
// Both ends: TLS 1.2 and 1.3, AEAD suites with forward secrecy (RFC 9325 §4), ALPN "dot", no compression, no
// renegotiation, no early data. Secure values are what you get by saying nothing.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/tls/handles.h"

namespace tls {

class TicketKeys;

class ServerContext {
 public:
  // PEM files: a chain with the leaf first, and its key; and, for two-way TLS, the anchors that clients'
  // certificates must be vouched for by (empty: clients are not asked for any). Throws TlsError (Kind::file)
  // naming the file.
  ServerContext(const std::string& cert_file, const std::string& key_file,
                const std::string& client_ca_file = {});
  ~ServerContext();

  ssl_ctx_st* get() const { return context_.get(); }
  std::string pin() const;  // of the leaf, as CertificateFacts::pin

 private:
  SslContext context_;
  std::unique_ptr<TicketKeys> ticket_keys_;  // behind context_, which initialises OpenSSL
};

struct ClientOptions {
  std::string ca_file;    // PEM file of trust anchors; empty: the system's store
  std::string auth_name;  // DNS name or IP address that a SAN must carry; never empty (RFC 8310 §8.1)
  std::string sni;  // server name to send; empty: auth_name if that is a DNS name, else none (RFC 6066 §3)

  // Base64 SHA-256 of public keys (see pin.h): one of them must be in the chain, besides. With pin_only, the
  // server's own key must be one of them, and neither anchors nor name are looked at.
  std::vector<std::string> pins{};
  bool pin_only = false;

  std::string cert_file{};  // shown to a server that asks for a certificate; empty: none
  std::string key_file{};
  bool verify = true;  // false takes an explicit word of the user's, and says so at run time
};

// One per upstream and name: the newest session ticket it holds is offered on the next connection.
class ClientContext {
 public:
  // Throws TlsError: Kind::file for the CA file, Kind::internal for a name that is empty or cannot be one.
  explicit ClientContext(const ClientOptions& options);
  ~ClientContext();

  ssl_ctx_st* get() const { return context_.get(); }
  const ClientOptions& options() const { return options_; }  // names as they are used: no final dot, no zone

  // Any thread. Called by OpenSSL's new-session callback, since TLS 1.3 tickets follow the handshake and come
  // with a read. The newest eight are kept. A TLS 1.3 ticket is used once (RFC 8446 §C.4), newest first; a
  // TLS 1.2 session may be used again. A session resumed here was verified here.
  void keep_ticket(SslSession session) const;
  SslSession take_ticket() const;

 private:
  struct Tickets;
  ClientOptions options_;
  SslContext context_;
  std::unique_ptr<Tickets> tickets_;
};

}  // namespace tls
