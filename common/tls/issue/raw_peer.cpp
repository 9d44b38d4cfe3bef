#include "common/tls/issue/raw_peer.h"

#include <array>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdexcept>

namespace tls {
namespace {

// RFC 7301 §3.1: each name behind its length.
std::string wire_format(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) {
    out += static_cast<char>(name.size());
    out += name;
  }
  return out;
}

const unsigned char* octets_of(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

int select_first(SSL*, const unsigned char** chosen, unsigned char* chosen_size, const unsigned char*,
                 unsigned, void* names) noexcept {
  const auto& list = *static_cast<const std::vector<std::string>*>(names);
  if (list.empty()) return SSL_TLSEXT_ERR_NOACK;
  *chosen = octets_of(list.front());
  *chosen_size = static_cast<unsigned char>(list.front().size());
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

// What all connections of one peer have in common.
struct RawPeer::Shared {
  RawOptions options;
  SslContext context;

  bool server() const { return !options.cert_file.empty(); }
};

RawPeer::RawPeer(const RawOptions& options) : shared_(std::make_shared<Shared>()) {
  shared_->options = options;
  const bool server = shared_->server();
  shared_->context.reset(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()));
  SSL_CTX* const c = shared_->context.get();
  SSL_CTX_set_security_level(c, 0);
  SSL_CTX_set_min_proto_version(c, options.version);
  SSL_CTX_set_max_proto_version(c, options.version);
  if (!options.suites.empty()) checked(SSL_CTX_set_cipher_list(c, options.suites.c_str()), "set the suites");
  if (!options.groups.empty())
    checked(static_cast<int>(SSL_CTX_set1_groups_list(c, options.groups.c_str())), "set the groups");
  if (server) {
    checked(SSL_CTX_use_certificate_chain_file(c, options.cert_file.c_str()), "load the certificate");
    checked(SSL_CTX_use_PrivateKey_file(c, options.key_file.c_str(), SSL_FILETYPE_PEM), "load the key");
    SSL_CTX_set_alpn_select_cb(c, select_first, &shared_->options.alpn);
  }
  *this = RawPeer(std::move(shared_));
}

RawPeer::RawPeer(std::shared_ptr<Shared> shared)
    : shared_(std::move(shared)), ssl_(SSL_new(shared_->context.get())) {
  SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  if (shared_->server()) {
    SSL_set_accept_state(ssl_.get());
    return;
  }
  SSL_set_connect_state(ssl_.get());
  const std::string names = wire_format(shared_->options.alpn);
  if (!names.empty()) SSL_set_alpn_protos(ssl_.get(), octets_of(names), static_cast<unsigned>(names.size()));
}

RawPeer RawPeer::again() const {
  RawPeer next(shared_);
  if (!shared_->server()) SSL_set_session(next.ssl_.get(), SslSession(SSL_get1_session(ssl_.get())).get());
  return next;
}

void RawPeer::receive(ByteView octets) {
  if (!octets.empty()) BIO_write(SSL_get_rbio(ssl_.get()), octets.data(), static_cast<int>(octets.size()));
}

Bytes RawPeer::transmit() {
  BIO* const bio = SSL_get_wbio(ssl_.get());
  Bytes out(BIO_ctrl_pending(bio));
  if (!out.empty()) BIO_read(bio, out.data(), static_cast<int>(out.size()));
  return out;
}

bool RawPeer::handshake() {
  return checked(SSL_do_handshake(ssl_.get()), "handshake") == 1;
}

void RawPeer::write(ByteView octets) {
  checked(SSL_write(ssl_.get(), octets.data(), static_cast<int>(octets.size())), "write");
}

Bytes RawPeer::read() {
  Bytes out;
  std::array<unsigned char, 16384> chunk;
  for (;;) {
    const int count = checked(SSL_read(ssl_.get(), chunk.data(), static_cast<int>(chunk.size())), "read");
    if (count <= 0) return out;
    out.insert(out.end(), chunk.begin(), chunk.begin() + count);
  }
}

void RawPeer::key_update(bool ask_back) {
  checked(SSL_key_update(ssl_.get(), ask_back ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED),
          "ask for a key update");
  checked(SSL_do_handshake(ssl_.get()), "update the key");
}

void RawPeer::send_ticket() {
  checked(SSL_new_session_ticket(ssl_.get()), "ask for a ticket");
  checked(SSL_do_handshake(ssl_.get()), "send a ticket");
}

void RawPeer::renegotiate() {
  checked(SSL_renegotiate(ssl_.get()), "ask for a renegotiation");
  checked(SSL_do_handshake(ssl_.get()), "renegotiate");
}

void RawPeer::close() {
  SSL_shutdown(ssl_.get());
}

std::string RawPeer::server_name() const {
  const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
  return name != nullptr ? name : "";
}

std::string RawPeer::cipher() const {
  return SSL_get_cipher_name(ssl_.get());
}

bool RawPeer::resumed() const {
  return SSL_session_reused(ssl_.get()) == 1;
}

// "Not yet" is no failure: results of 0 and less pass through if only octets are wanting.
int RawPeer::checked(int result, const char* action) {
  if (result > 0) return result;
  const int error = ssl_ != nullptr ? SSL_get_error(ssl_.get(), result) : SSL_ERROR_SSL;
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_ZERO_RETURN)
    return result;
  const unsigned long cause = ERR_peek_error();
  const int reason = ERR_GET_REASON(cause);
  if (reason >= SSL_AD_REASON_OFFSET) alert_ = std::to_string(reason - SSL_AD_REASON_OFFSET);
  const char* text = ERR_reason_error_string(cause);
  ERR_clear_error();
  throw std::runtime_error(std::string(action) + ": " + (text != nullptr ? text : "failed"));
}

}  // namespace tls
