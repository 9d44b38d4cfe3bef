#include "common/tls/issue/issue.h"

#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <fmt/format.h>
#include <memory>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/net/net_error.h"
#include "common/net/unique_fd.h"
#include "common/tls/handles.h"
#include "common/tls/tls_error.h"

namespace tls {
namespace {

using Memory = std::unique_ptr<BIO, decltype(&BIO_free_all)>;
using Extension = std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)>;

void check(bool done, const char* action) {
  if (done) return;
  TlsError::Facts facts;
  if (const char* reason = ERR_reason_error_string(ERR_peek_error())) facts.reason = reason;
  ERR_clear_error();
  throw TlsError(std::move(facts), action);
}

Memory memory_of(const std::string& text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free_all};
}

std::string text_of(BIO* memory) {
  char* text = nullptr;
  const long length = BIO_get_mem_data(memory, &text);
  return {text, static_cast<std::size_t>(length)};
}

std::string to_pem(X509* certificate) {
  const Memory memory(BIO_new(BIO_s_mem()), &BIO_free_all);
  check(PEM_write_bio_X509(memory.get(), certificate) == 1, "write a certificate");
  return text_of(memory.get());
}

std::string to_pem(EVP_PKEY* key) {
  const Memory memory(BIO_new(BIO_s_mem()), &BIO_free_all);
  check(PEM_write_bio_PKCS8PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1,
        "write a key");
  return text_of(memory.get());
}

Certificate from_pem(const std::string& pem) {
  Certificate certificate(PEM_read_bio_X509(memory_of(pem).get(), nullptr, nullptr, nullptr));
  check(certificate != nullptr, "read a certificate");
  return certificate;
}

void set_serial(X509* certificate) {
  unsigned char octets[16];  // random (CA/Browser Forum BR §7.1): no two certificates of one issuer are alike
  check(RAND_bytes(octets, sizeof octets) == 1, "draw a serial number");
  octets[0] &= 0x7f;
  const std::unique_ptr<BIGNUM, decltype(&BN_free)> number(BN_bin2bn(octets, sizeof octets, nullptr),
                                                           &BN_free);
  check(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr,
        "set the serial number");
}

void set_subject(X509* certificate, const std::string& common_name) {
  X509_NAME* const name = X509_get_subject_name(certificate);
  check(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(common_name.data()),
                                   static_cast<int>(common_name.size()), -1, 0) == 1,
        "set the subject");
}

void set_validity(X509* certificate, const IssueOptions& options) {
  const auto at = [](ASN1_TIME* time, std::chrono::seconds from_now) {
    constexpr long kDay = 24L * 3600;  // by days and seconds: a long of seconds is enough, but not everywhere
    const long seconds = from_now.count();
    return X509_time_adj_ex(time, static_cast<int>(seconds / kDay), seconds % kDay, nullptr) != nullptr;
  };
  check(at(X509_getm_notBefore(certificate), options.valid_from) &&
            at(X509_getm_notAfter(certificate), options.valid_to),
        "set the validity");
}

// `value` as in openssl's x509v3_config(5).
void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509V3_set_ctx_nodb(&context);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()),
                            &X509_EXTENSION_free);
  check(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1, value.c_str());
}

void add_extensions(X509* certificate, X509* issuer, const IssueOptions& options) {
  add_extension(certificate, issuer, NID_basic_constraints,
                options.ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
  add_extension(certificate, issuer, NID_key_usage,
                options.ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
  if (!options.ca)
    add_extension(certificate, issuer, NID_ext_key_usage, options.client ? "clientAuth" : "serverAuth");
  add_extension(certificate, issuer, NID_subject_key_identifier, "hash");
  add_extension(certificate, issuer, NID_authority_key_identifier, "keyid");
  std::string names;
  for (const std::string& name : options.names) names += (names.empty() ? "" : ",") + name;
  if (!names.empty()) add_extension(certificate, issuer, NID_subject_alt_name, names);
}

// Null issuer: it signs itself.
Identity make(const IssueOptions& options, X509* issuer, EVP_PKEY* issuer_key) {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate(X509_new());
  check(key != nullptr && certificate != nullptr, "make a key");
  X509* const c = certificate.get();
  check(X509_set_version(c, X509_VERSION_3) == 1 && X509_set_pubkey(c, key.get()) == 1, "make a certificate");
  set_serial(c);
  set_subject(c, options.common_name);
  set_validity(c, options);
  check(X509_set_issuer_name(c, X509_get_subject_name(issuer != nullptr ? issuer : c)) == 1,
        "set the issuer");
  add_extensions(c, issuer != nullptr ? issuer : c, options);
  check(X509_sign(c, issuer != nullptr ? issuer_key : key.get(), EVP_sha256()) > 0, "sign the certificate");
  return {to_pem(c), to_pem(key.get())};
}

}  // namespace

Identity issue_self_signed(const IssueOptions& options) {
  return make(options, nullptr, nullptr);
}

Identity issue(const IssueOptions& options, const Identity& issuer) {
  const Certificate certificate = from_pem(issuer.certificate);
  const Key key(PEM_read_bio_PrivateKey(memory_of(issuer.key).get(), nullptr, nullptr, nullptr));
  check(key != nullptr, "read the issuer's key");
  return make(options, certificate.get(), key.get());
}

std::string anchor_file_name(const std::string& certificate, int number) {
  return fmt::format("{:08x}.{}", X509_subject_name_hash(from_pem(certificate).get()), number);
}

void write_file(const std::string& path, const std::string& content, bool secret) {
  const std::string action = "write " + path;
  const mode_t mode = secret ? 0600 : 0644;
  const net::UniqueFd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  // fchmod: a file that was there before keeps its mode, which may let others read it.
  if (!fd.valid() || (secret && fchmod(fd.get(), mode) != 0)) throw net::NetError::from_errno(action, errno);
  for (std::size_t written = 0; written < content.size();) {
    const ssize_t count = write(fd.get(), content.data() + written, content.size() - written);
    if (count < 0 && errno != EINTR) throw net::NetError::from_errno(action, errno);
    if (count > 0) written += static_cast<std::size_t>(count);
  }
}

}  // namespace tls
