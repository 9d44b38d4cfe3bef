#include "common/tls/verify.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <set>
#include <sstream>
#include <system_error>

#include "common/tls/openssl_error.h"
#include "common/tls/peer.h"
#include "common/tls/pem_file.h"
#include "common/tls/socket_bio.h"

namespace tls {

using Kind = TlsError::Kind;

bool is_address(const std::string& name) {
  unsigned char address[sizeof(in6_addr)];
  return inet_pton(AF_INET, name.c_str(), address) == 1 || inet_pton(AF_INET6, name.c_str(), address) == 1;
}

std::string certificate_name(std::string name) {
  if (const auto zone = name.find('%'); zone != std::string::npos && is_address(name.substr(0, zone)))
    name.resize(zone);
  if (name.ends_with('.')) name.pop_back();
  return name;
}

namespace {

// RFC 8310 §8.1: the subjectAltName alone, never the subject's CN.
constexpr unsigned kHostFlags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;

void expect_name(SSL_CTX* context, const std::string& name) {
  constexpr const char* kAction = "set the name to check the certificate against";
  // OpenSSL takes an empty name to mean "any certificate will do".
  if (name.empty()) fail(Kind::internal, kAction, "no name and no address was given");
  X509_VERIFY_PARAM* const param = SSL_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_hostflags(param, kHostFlags);
  const bool accepted = is_address(name) ? X509_VERIFY_PARAM_set1_ip_asc(param, name.c_str()) == 1
                                         : X509_VERIFY_PARAM_set1_host(param, name.data(), name.size()) == 1;
  if (!accepted) fail(Kind::internal, kAction, fmt::format("\"{}\" cannot be a name", name));
}

// The system's store as a directory of files named by hash, of which OpenSSL reads the one it needs: all 140
// in one file take longer than the rest of a client's life. The file serves where there is no such directory.
void trust_system(SSL_CTX* context) {
  const char* const named = std::getenv(X509_get_default_cert_dir_env());
  std::error_code ignored;
  const auto hashed = [](const auto& entry) { return entry.path().extension() == ".0"; };
  const std::filesystem::directory_iterator entries(named != nullptr ? named : X509_get_default_cert_dir(),
                                                    ignored);
  const bool directory = std::any_of(begin(entries), end(entries), hashed);
  check(SSL_CTX_set_default_verify_dir(context) == 1, "use the system's trust store");
  if (!directory || std::getenv(X509_get_default_cert_file_env()) != nullptr)
    check(SSL_CTX_set_default_verify_file(context) == 1, "use the system's trust store");
  ERR_clear_error();
}

void trust_file(SSL_CTX* context, const std::string& file) {
  constexpr const char* kAction = "load the trust anchors";
  check_readable(file, kAction);
  if (SSL_CTX_load_verify_file(context, file.c_str()) != 1) fail_content(file, "certificate", kAction);
  // What the user names as an anchor is one, be it a root, an intermediate or the server's own certificate.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
}

// Keeps what OpenSSL forgets on failure: the certificate at fault.
int note_failure(int ok, X509_STORE_CTX* store) noexcept {
  if (ok == 1) return ok;
  const auto* ssl =
      static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  SocketBio* const socket = ssl != nullptr ? socket_bio_of(ssl) : nullptr;
  if (socket == nullptr || socket->verify_result != 0) return ok;
  socket->verify_result = X509_STORE_CTX_get_error(store);
  X509* certificate = X509_STORE_CTX_get_current_cert(store);
  if (certificate == nullptr) certificate = X509_STORE_CTX_get0_cert(store);
  if (certificate != nullptr && X509_up_ref(certificate) == 1) socket->rejected.reset(certificate);
  return ok;
}

// For a client that does not insist: the failure is noted, and the handshake goes on.
int overlook_failure(int ok, X509_STORE_CTX* store) noexcept {
  note_failure(ok, store);
  return 1;
}

bool is_pinned(X509* certificate, const ClientOptions& options) {
  return std::ranges::find(options.pins, spki_pin(certificate)) != options.pins.end();
}

// RFC 7858 §4.2: a pin matches any key of the chain that was validated; where pins stand instead of
// validation, only the server's own key proves anything.
int verify_pins(X509_STORE_CTX* store, void* argument) noexcept {
  const auto& options = *static_cast<const ClientOptions*>(argument);
  X509* const leaf = X509_STORE_CTX_get0_cert(store);
  bool pinned = is_pinned(leaf, options);
  if (!options.pin_only) {
    if (X509_verify_cert(store) != 1) return 0;
    const STACK_OF(X509)* const chain = X509_STORE_CTX_get0_chain(store);
    for (int i = 0; i < sk_X509_num(chain); ++i)
      pinned = pinned || is_pinned(sk_X509_value(chain, i), options);
  }
  if (pinned) return 1;
  X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
  X509_STORE_CTX_set_current_cert(store, leaf);
  note_failure(0, store);
  return options.verify ? 0 : 1;
}

}  // namespace

bool carries(x509_st* certificate, const std::string& name) {
  const std::string wanted = certificate_name(name);
  if (is_address(wanted)) return X509_check_ip_asc(certificate, wanted.c_str(), 0) == 1;
  return X509_check_host(certificate, wanted.data(), wanted.size(), kHostFlags, nullptr) == 1;
}

void verify_server(ssl_ctx_st* context, const ClientOptions& options) {
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, options.verify ? note_failure : overlook_failure);
  if (!options.pins.empty()) {
    // OpenSSL only hands it back to verify_pins(), which takes it as const again.
    SSL_CTX_set_cert_verify_callback(context, verify_pins, const_cast<ClientOptions*>(&options));
    if (options.pin_only) return;
  }
  expect_name(context, options.auth_name);
  if (options.ca_file.empty())
    trust_system(context);
  else
    trust_file(context, options.ca_file);
}

bool passes_checks(ssl_ctx_st* context, const ClientOptions& options, const ssl_session_st* session) {
  X509* const leaf = SSL_SESSION_get0_peer(const_cast<SSL_SESSION*>(session));
  if (leaf == nullptr) return false;
  if (!options.pins.empty() && !is_pinned(leaf, options)) return false;
  if (options.pin_only) return true;
  const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> check(X509_STORE_CTX_new(),
                                                                              &X509_STORE_CTX_free);
  if (check == nullptr ||
      X509_STORE_CTX_init(check.get(), SSL_CTX_get_cert_store(context), leaf, nullptr) != 1)
    return false;
  X509_STORE_CTX_set_default(check.get(), "ssl_server");
  X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(check.get()), SSL_CTX_get0_param(context));
  const bool passed = X509_verify_cert(check.get()) == 1;
  ERR_clear_error();
  return passed;
}

std::string digest(x509_st* certificate) {
  unsigned char octets[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  check(X509_digest(certificate, EVP_sha256(), octets, &size) == 1, "digest a certificate");
  return {reinterpret_cast<const char*>(octets), size};
}

std::string anchors_of(ssl_ctx_st* context) {
  std::set<std::string> digests;
  const STACK_OF(X509_OBJECT)* const all = X509_STORE_get0_objects(SSL_CTX_get_cert_store(context));
  for (int i = 0; i < sk_X509_OBJECT_num(all); ++i)
    if (X509* const anchor = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i)); anchor != nullptr)
      digests.insert(digest(anchor));
  std::string text;
  for (const std::string& one : digests) text += one;
  return text;
}

std::vector<std::string> system_trust_folders() {
  const char* const named = std::getenv(X509_get_default_cert_dir_env());
  std::istringstream list(named != nullptr ? named : X509_get_default_cert_dir());
  std::set<std::string> folders;
  std::error_code ignored;  // of a folder that is not there, or a link that leads nowhere
  for (std::string folder; std::getline(list, folder, ':');) {
    folders.insert(folder);
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored))
      if (const auto file = std::filesystem::canonical(entry.path(), ignored); !file.empty())
        folders.insert(file.parent_path().string());
  }
  const char* const file = std::getenv(X509_get_default_cert_file_env());
  const auto found =
      std::filesystem::canonical(file != nullptr ? file : X509_get_default_cert_file(), ignored);
  if (!found.empty()) folders.insert(found.parent_path().string());
  return {folders.begin(), folders.end()};
}

void verify_clients(ssl_ctx_st* context, const std::string& ca_file) {
  trust_file(context, ca_file);
  // The anchors' names go to the client, which may have several certificates to choose from (RFC 8446
  // §4.2.4).
  SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(ca_file.c_str()));
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, note_failure);
}

}  // namespace tls
