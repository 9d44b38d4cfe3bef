#include "common/tls/tls_context.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fmt/format.h>
#include <mutex>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <string_view>
#include <utility>

#include "common/bytes.h"
#include "common/tls/openssl_error.h"
#include "common/tls/pem_file.h"
#include "common/tls/session_file.h"
#include "common/tls/ticket_key_file.h"
#include "common/tls/ticket_keys.h"
#include "common/tls/verify.h"

namespace tls {
namespace {

using Kind = TlsError::Kind;

// RFC 9325 §4.2: ECDHE and AEAD alone. AES-128 comes first, being the fastest wherever there is AES-NI, and
// no attack is known that 256 bits would stop.
constexpr const char* kSuites13 =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* kSuites12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr unsigned char kAlpnDot[] = {3, 'd', 'o', 't'};  // RFC 7301 §3.1: names behind their lengths
constexpr int kSecurityLevel = 2;  // 112 bits: no RSA below 2048, no SHA-1 (RFC 9325 §4.5)

// Must precede every other use of OpenSSL. Its configuration file is not read: what concerns TLS is set below
// in so many words, and a client that lives for 30 ms should not spend one of them on parsing. Nor is
// anything freed at exit, where a thread might still be using it.
void initialise_openssl() {
  check(OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, nullptr) == 1,
        "initialise OpenSSL");
  ERR_clear_error();  // not before: it would initialise OpenSSL in its own way
}

// What both ends agree on.
SslContext make_context(const SSL_METHOD* method) {
  initialise_openssl();
  SslContext context(SSL_CTX_new(method));
  check(context != nullptr, "make a TLS context");
  SSL_CTX* const c = context.get();
  SSL_CTX_set_security_level(c, kSecurityLevel);
  check(SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) == 1, "set the lowest TLS version");
  check(SSL_CTX_set_cipher_list(c, kSuites12) == 1, "set the TLS 1.2 suites");
  check(SSL_CTX_set_ciphersuites(c, kSuites13) == 1, "set the TLS 1.3 suites");
  // The groups of the key exchange are OpenSSL's own, in its order: so a newer one brings newer groups,
  // as 3.5 did with X25519MLKEM768. IGNORE_UNEXPECTED_EOF: many peers leave without close_notify; whether a
  // message was cut short is plain from its DNS length (RFC 7766 §8).
  SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // PARTIAL_WRITE, MOVING_WRITE_BUFFER: SSL_write then behaves as send(2) does. Not RELEASE_BUFFERS, which
  // would allocate and free 16 kB with every record: TlsStream::release() gives them back once it is quiet.
  SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // AUTO_RETRY: SSL_read would wait for octets of ours however many records come that have none. See also
  // socket_bio.h.
  SSL_CTX_clear_mode(c, SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_read_ahead(c, 1);  // one recv() per batch of records rather than two per record
  return context;
}

using SecurityCheck = int (*)(const SSL*, const SSL_CTX*, int, int, int, void*, void*);

int no_finite_fields(const SSL* ssl, const SSL_CTX* context, int operation, int bits, int nid, void* other,
                     void* standard) noexcept {
  // Of a group OpenSSL hands us the two octets of its number; those of RFC 7919 §2 are 0x0100 to 0x01ff.
  const bool group =
      (static_cast<unsigned>(operation) & SSL_SECOP_OTHER_TYPE) == SSL_SECOP_OTHER_CURVE && other != nullptr;
  if (group && *static_cast<const unsigned char*>(other) == 0x01) return 0;
  return (*static_cast<SecurityCheck*>(standard))(ssl, context, operation, bits, nid, other, nullptr);
}

// A client that asks for ffdhe8192, with any octets for a key, costs itself nothing, and a server with
// OpenSSL 3.0 as much as 100 handshakes with x25519 (CVE-2002-20001). No client of DNS over TLS has these
// groups alone.
void refuse_finite_fields(SSL_CTX* context) {
  static SecurityCheck standard = SSL_CTX_get_security_callback(context);
  SSL_CTX_set0_security_ex_data(context, static_cast<void*>(&standard));
  SSL_CTX_set_security_callback(context, no_finite_fields);
}

// An encrypted key is refused: the default is to ask on the terminal, which a daemon does not have.
int no_password(char*, int, int, void* asked) noexcept {
  *static_cast<bool*>(asked) = true;
  return -1;
}

int select_alpn(SSL*, const unsigned char** chosen, unsigned char* chosen_size, const unsigned char* offered,
                unsigned offered_size, void*) noexcept {
  unsigned char* name = nullptr;
  const int found =
      SSL_select_next_proto(&name, chosen_size, kAlpnDot, sizeof kAlpnDot, offered, offered_size);
  *chosen = name;
  // RFC 7301 §3.2: nothing in common is fatal (no_application_protocol).
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

void load_identity(SSL_CTX* context, const std::string& cert_file, const std::string& key_file) {
  constexpr const char* kCertificate = "load the certificate";
  constexpr const char* kKey = "load the private key";
  check_readable(cert_file, kCertificate);
  if (SSL_CTX_use_certificate_chain_file(context, cert_file.c_str()) != 1)
    fail_content(cert_file, "certificate", kCertificate);
  check_readable(key_file, kKey);
  bool encrypted = false;
  SSL_CTX_set_default_passwd_cb(context, no_password);
  SSL_CTX_set_default_passwd_cb_userdata(context, &encrypted);
  const bool loaded = SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) == 1;
  SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
  if (encrypted) fail(Kind::file, kKey, fmt::format("{}: it is encrypted", key_file));
  if (!loaded && ERR_GET_LIB(ERR_peek_last_error()) != ERR_LIB_X509)
    fail_content(key_file, "private key", kKey);
  if (!loaded || SSL_CTX_check_private_key(context) != 1)
    fail(Kind::file, kKey, fmt::format("{}: does not match the certificate {}", key_file, cert_file));
}

// Returning 0 leaves the reference with OpenSSL.
int new_session(SSL* ssl, SSL_SESSION* session) noexcept {
  const auto* context = static_cast<const ClientContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  // A copy: this connection goes on using (and, at the next ticket, copying from) the one it hands us, while
  // another thread may already offer ours.
  context->keep_ticket(SslSession(SSL_SESSION_dup(session)));
  return 0;
}

int secrets_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

void log_secret(const SSL* ssl, const char* line) noexcept {
  const auto* sink =
      static_cast<const SecretSink*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), secrets_index()));
  (*sink)(line);
}

void set_sink(SSL_CTX* context, SecretSink& sink) {
  check(SSL_CTX_set_ex_data(context, secrets_index(), &sink) == 1, "set the secrets' place");
  SSL_CTX_set_keylog_callback(context, log_secret);
}

void set_versions(SSL_CTX* context, Version least, Version most) {
  check(SSL_CTX_set_min_proto_version(context, static_cast<int>(least)) == 1, "set the lowest TLS version");
  check(SSL_CTX_set_max_proto_version(context, static_cast<int>(most)) == 1, "set the highest TLS version");
  if (least >= Version::tls12) return;
  // Their suites need SHA-1 and CBC, which security level 1 refuses already.
  SSL_CTX_set_security_level(context, 0);
  check(SSL_CTX_set_cipher_list(context, fmt::format("{}:ALL:!aNULL:!eNULL", kSuites12).c_str()) == 1,
        "set the old suites");
}

void set_groups(SSL_CTX* context, const std::string& list) {
  check(list.empty() || SSL_CTX_set1_groups_list(context, list.c_str()) == 1, "set the groups");
}

void offer_alpn(SSL_CTX* context, const std::string& name) {
  if (name.empty()) return;
  Bytes wire(1, static_cast<std::uint8_t>(name.size()));  // RFC 7301 §3.1: names behind their lengths
  wire.insert(wire.end(), name.begin(), name.end());
  const bool fits = name.size() < 256;
  check(fits && SSL_CTX_set_alpn_protos(context, wire.data(), static_cast<unsigned>(wire.size())) == 0,
        "offer ALPN");  // here 0 is success
}

}  // namespace

std::string library_version() {
  return OpenSSL_version(OPENSSL_VERSION_STRING);
}

std::expected<std::string, std::string> parse_groups(std::string_view text) {
  std::string list(text);
  const SslContext context = make_context(TLS_client_method());
  const auto takes = [&](const std::string& groups) {
    const bool taken = !groups.empty() && SSL_CTX_set1_groups_list(context.get(), groups.c_str()) == 1;
    ERR_clear_error();
    return taken;
  };
  if (takes(list)) return list;
  std::string culprit = list;  // unless one of them alone is
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(':', begin), list.size());
    if (const std::string one = list.substr(begin, end - begin); !takes(one)) {
      culprit = one;
      break;
    }
    begin = end + 1;
  }
  const std::string version = library_version();
  if (culprit == list && list.find(':') != std::string::npos)
    return std::unexpected(fmt::format("OpenSSL {} does not take the list '{}'", version, list));
  return std::unexpected(fmt::format("OpenSSL {} has no group '{}'", version, culprit));
}

void ServerContext::tell_secrets(SecretSink sink) {
  secrets_ = std::make_unique<SecretSink>(std::move(sink));
  set_sink(context_.get(), *secrets_);
}

void ServerContext::speak_only(Version version) {
  set_versions(context_.get(), version, version);
}

void ServerContext::agree_only_on(const std::string& groups) {
  set_groups(context_.get(), groups);
}

void ServerContext::take_tickets_of(const ServerContext& before) {
  before.ticket_keys_->use_in(context_.get());
  ticket_keys_ = before.ticket_keys_;
}

bool ServerContext::has_ticket_keys_of(const ServerContext& other) const {
  return ticket_keys_->are_as(*other.ticket_keys_);
}

ServerContext::ServerContext(const std::string& cert_file, const std::string& key_file,
                             const std::string& client_ca_file, const std::string& ticket_key_file)
    : context_(make_context(TLS_server_method())),
      ticket_keys_(ticket_key_file.empty()
                       ? std::make_shared<TicketKeys>()
                       : std::make_shared<TicketKeys>(read_ticket_keys(ticket_key_file))) {
  SSL_CTX* const c = context_.get();
  load_identity(c, cert_file, key_file);
  refuse_finite_fields(c);
  if (!client_ca_file.empty()) verify_clients(c, client_ca_file);
  client_anchors_ = anchors_of(c);
  ticket_keys_->use_in(c);
  // Our order of suites, but a client that puts ChaCha20 first has no AES in its hardware: then that.
  SSL_CTX_set_options(c, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_alpn_select_cb(c, select_alpn, nullptr);
  // Resumption is stateless (RFC 8310 §9): the client keeps the session, in a ticket that only those can read
  // who have its key. One per handshake is enough, since each resumption brings the next.
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
  check(SSL_CTX_set_num_tickets(c, 1) == 1, "set the number of tickets");
  // Who resumes is not asked for a certificate again: so not where others vouch for clients than where the
  // session was opened, in another copy or before a reload.
  std::array<unsigned char, SHA256_DIGEST_LENGTH> demands{};
  SHA256(reinterpret_cast<const unsigned char*>(client_anchors_.data()), client_anchors_.size(),
         demands.data());
  check(SSL_CTX_set_session_id_context(c, demands.data(), demands.size()) == 1, "set the session context");
  check(SSL_CTX_set_max_early_data(c, 0) == 1, "turn early data off");  // RFC 9325 §3.10: it can be replayed
}

ServerContext::~ServerContext() = default;

CertificateFacts ServerContext::certificate() const {
  return certificate_facts(SSL_CTX_get0_certificate(context_.get()));
}

std::string ServerContext::pin() const {
  return certificate().pin;
}

bool ServerContext::carries(const std::string& name) const {
  return tls::carries(SSL_CTX_get0_certificate(context_.get()), name);
}

std::string ServerContext::chain() const {
  std::string text = digest(SSL_CTX_get0_certificate(context_.get()));
  STACK_OF(X509)* others = nullptr;
  if (SSL_CTX_get0_chain_certs(context_.get(), static_cast<void*>(&others)) == 1)
    for (int i = 0; i < sk_X509_num(others); ++i) text += digest(sk_X509_value(others, i));
  return text;
}

// The newest few: an upstream may send a thousand.
struct ClientContext::Tickets {
  static constexpr std::size_t kCapacity = 8;
  std::mutex mutex;
  std::array<SslSession, kCapacity> ring;  // guarded by mutex
  std::size_t newest = 0;                  // guarded by mutex
};

ClientContext::ClientContext(const ClientOptions& options)
    : options_(options), context_(make_context(TLS_client_method())), tickets_(std::make_unique<Tickets>()) {
  SSL_CTX* const c = context_.get();
  options_.auth_name = certificate_name(options_.auth_name);
  if (!options_.sni) options_.sni = options_.auth_name;
  if (is_address(certificate_name(*options_.sni))) options_.sni->clear();  // RFC 6066 §3
  set_versions(c, options_.least, options_.most);
  verify_server(c, options_);
  anchors_ = anchors_of(c);
  if (!options_.cert_file.empty()) load_identity(c, options_.cert_file, options_.key_file);
  set_groups(c, options_.groups);
  offer_alpn(c, options_.alpn);
  SSL_CTX_set_app_data(c, this);
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(c, new_session);
}

ClientContext::~ClientContext() = default;

void ClientContext::tell_secrets(SecretSink sink) {
  secrets_ = std::make_unique<SecretSink>(std::move(sink));
  set_sink(context_.get(), *secrets_);
}

bool ClientContext::load_session(const std::string& file) const {
  SslSession session = read_session(file);
  if (session == nullptr || !passes_checks(context_.get(), options_, session.get())) return false;
  keep_ticket(std::move(session));
  return true;
}

bool ClientContext::save_session(const std::string& file) const {
  const SslSession session = take_ticket();
  if (session == nullptr || SSL_SESSION_get0_peer(session.get()) == nullptr) return false;
  write_session(file, session.get());
  return true;
}

void ClientContext::keep_ticket(SslSession session) const {
  if (session == nullptr || SSL_SESSION_is_resumable(session.get()) != 1) return;
  const std::lock_guard lock(tickets_->mutex);
  tickets_->newest = (tickets_->newest + 1) % Tickets::kCapacity;
  tickets_->ring[tickets_->newest].swap(session);  // what was there is freed after the lock
}

SslSession ClientContext::take_ticket() const {
  const std::lock_guard lock(tickets_->mutex);
  SslSession& newest = tickets_->ring[tickets_->newest];
  if (newest == nullptr) return nullptr;
  // Whoever watches the wire can tell a ticket that comes twice; TLS 1.2 gives a new one too seldom to obey.
  if (SSL_SESSION_get_protocol_version(newest.get()) < TLS1_3_VERSION &&
      SSL_SESSION_up_ref(newest.get()) == 1)
    return SslSession(newest.get());
  tickets_->newest = (tickets_->newest + Tickets::kCapacity - 1) % Tickets::kCapacity;
  return std::move(newest);
}

void ClientContext::forget_tickets() const {
  const std::lock_guard lock(tickets_->mutex);
  tickets_->ring = {};
}

}  // namespace tls
