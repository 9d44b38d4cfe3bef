// What many TLS connections have in common: identity, trust, versions, tickets. Built once, then shared by
// const reference among all threads (OpenSSL allows that of an SSL_CTX). When files have changed another is
// built, for the connections that come; those that there are keep theirs.
//
// Both ends: TLS 1.2 and 1.3, AEAD suites with forward secrecy (RFC 9325 §4), OpenSSL's own groups in its
// order (but for those over finite fields, which would cost a server too much), ALPN "dot", no compression,
// no renegotiation, no early data. Secure values are what you get by saying nothing.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/tls/handles.h"
#include "common/tls/peer.h"

namespace tls {

class TicketKeys;

enum class Version : std::uint16_t {
  tls10 = 0x0301,
  tls11,
  tls12,
  tls13
};  // as on the wire (RFC 8446 §4.2.1)

// Of the OpenSSL that is linked with: "3.0.17".
std::string library_version();

// Told each secret of each connection as a line of the key log format (no newline), on that connection's
// thread, before the octets that it protects are sent, and before those received with it are read. Must not
// throw.
using SecretSink = std::function<void(std::string_view line)>;

// A list of groups for the key exchange, by OpenSSL's names and in its syntax: "X25519MLKEM768:x25519" (see
// SSL_CTX_set1_groups_list(3)). Which ones there are depends on the OpenSSL that is linked with: the error is
// a clause that quotes the one that it does not take.
std::expected<std::string, std::string> parse_groups(std::string_view text);

// How many keys are in a file of ticket keys. Throws TlsError (Kind::file), as ServerContext does.
std::size_t count_ticket_keys(const std::string& file);

class ServerContext {
 public:
  // PEM files: a chain with the leaf first, and its key; and, for two-way TLS, the anchors that clients'
  // certificates must be vouched for by (empty: clients are not asked for any). And a file of ticket keys
  // that other servers have, too (see ticket_key_file.h; empty: keys of its own): a session that was opened
  // at one resumes at another, if both have the same anchors for clients. Throws TlsError (Kind::file) naming
  // the file.
  ServerContext(const std::string& cert_file, const std::string& key_file,
                const std::string& client_ca_file = {}, const std::string& ticket_key_file = {});
  ~ServerContext();

  ssl_ctx_st* get() const { return context_.get(); }
  CertificateFacts certificate() const;         // the leaf
  std::string pin() const;                      // of the leaf, as CertificateFacts::pin
  bool carries(const std::string& name) const;  // the leaf, among its SANs: a DNS name or an IP address
  // The certificates themselves, in a form that only serves to be compared: what is shown, and who vouches
  // for clients.
  std::string chain() const;
  const std::string& client_anchors() const { return client_anchors_; }

  void tell_secrets(SecretSink sink);  // before the first connection
  void speak_only(Version version);    // likewise; below TLS 1.2 as ClientOptions::least: for a lab alone
  void agree_only_on(const std::string& groups);  // likewise; a list as parse_groups() has it
  // Likewise: tickets that `before` has given are taken here, too. Only between contexts that demand the same
  // of clients: who resumes is not asked for a certificate again.
  void take_tickets_of(const ServerContext& before);
  // Both read the same ticket keys, or neither reads any.
  bool has_ticket_keys_of(const ServerContext& other) const;

 private:
  std::unique_ptr<SecretSink> secrets_;  // before context_, which points to it
  SslContext context_;
  std::shared_ptr<TicketKeys> ticket_keys_;  // behind context_, which initialises OpenSSL
  std::string client_anchors_;
};

struct ClientOptions {
  std::string ca_file;    // PEM file of trust anchors; empty: the system's store
  std::string auth_name;  // DNS name or IP address that a SAN must carry; never empty (RFC 8310 §8.1)
  // The server name to send: auth_name if that is a DNS name, unless one is given here; empty: none. Never an
  // address (RFC 6066 §3).
  std::optional<std::string> sni{};

  // Base64 SHA-256 of public keys (see pin.h): one of them must be in the chain, besides. With pin_only, the
  // server's own key must be one of them, and neither anchors nor name are looked at.
  std::vector<std::string> pins{};
  bool pin_only = false;

  std::string cert_file{};  // shown to a server that asks for a certificate; empty: none
  std::string key_file{};

  // Below TLS 1.2 (RFC 8996 forbids it) all that OpenSSL still has is offered, however weak: to look at old
  // servers.
  Version least = Version::tls12;
  Version most = Version::tls13;
  std::string groups{};      // to offer, a list as parse_groups() has it; empty: OpenSSL's own
  std::string alpn = "dot";  // the one protocol to offer; empty: none

  // False takes an explicit word of the user's, and says so at run time. All checks are made nevertheless,
  // and TlsStream::overlooked() tells the outcome.
  bool verify = true;
};

// One per upstream and name: the newest session ticket it holds is offered on the next connection.
class ClientContext {
 public:
  // Throws TlsError: Kind::file for the CA file, Kind::internal for a name that is empty or cannot be one.
  explicit ClientContext(const ClientOptions& options);
  ~ClientContext();

  ssl_ctx_st* get() const { return context_.get(); }
  const ClientOptions& options() const { return options_; }  // names as they are used: no final dot, no zone
  // Of ca_file, as ServerContext::client_anchors(); of a system's store, what of it had to be read at once.
  const std::string& anchors() const { return anchors_; }

  void tell_secrets(SecretSink sink);  // before the first connection

  // Tickets from one run to the next. A session of the file is offered only if its certificate passes, today,
  // the checks that a full handshake would make; false if there is none such. save_session() writes the
  // newest ticket for the owner alone to read; false if the server gave none. They throw TlsError
  // (Kind::file) for a file that cannot be used, NetError for one that cannot be written.
  bool load_session(const std::string& file) const;
  bool save_session(const std::string& file) const;

  // Any thread. Called by OpenSSL's new-session callback, since TLS 1.3 tickets follow the handshake and come
  // with a read. The newest eight are kept. A TLS 1.3 ticket is used once (RFC 8446 §C.4), newest first; a
  // TLS 1.2 session may be used again. A session resumed here was verified here.
  void keep_ticket(SslSession session) const;
  SslSession take_ticket() const;
  void forget_tickets() const;  // the next handshake will be a full one

 private:
  struct Tickets;
  ClientOptions options_;
  std::unique_ptr<SecretSink> secrets_;  // before context_, which points to it
  SslContext context_;
  std::unique_ptr<Tickets> tickets_;
  std::string anchors_;
};

// The system's trust store is a folder that OpenSSL looks into while it verifies, not before. Here is that
// one (or several: SSL_CERT_DIR may name a list), and whatever folders its links point into now; and the
// folder of the file that serves where there is none.
std::vector<std::string> system_trust_folders();

}  // namespace tls
