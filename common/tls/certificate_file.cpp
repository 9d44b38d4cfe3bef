#include "common/tls/certificate_file.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "common/tls/handles.h"
#include "common/tls/openssl_error.h"
#include "common/tls/pem_file.h"
#include "common/tls/tls_context.h"

namespace tls {
namespace {

// The default is to ask on the terminal.
int no_password(char*, int, int, void*) noexcept {
  return -1;
}

}  // namespace

std::vector<CertificateFacts> certificates_in(const std::string& file) {
  constexpr const char* kAction = "read certificates";
  check_readable(file, kAction);
  ERR_clear_error();
  const std::unique_ptr<BIO, decltype(&BIO_free)> input(BIO_new_file(file.c_str(), "r"), &BIO_free);
  if (input == nullptr) fail_content(file, "certificate", kAction);
  std::vector<CertificateFacts> all;
  while (const Certificate one{PEM_read_bio_X509_AUX(input.get(), nullptr, no_password, nullptr)})
    all.push_back(certificate_facts(one.get()));
  const bool at_end = ERR_GET_LIB(ERR_peek_last_error()) == ERR_LIB_PEM &&
                      ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (all.empty() || !at_end) fail_content(file, "certificate", kAction);
  ERR_clear_error();
  return all;
}

bool has_system_trust() {
  std::error_code ignored;  // of what is not there, or out of reach
  const auto folders = system_trust_folders();
  const auto has_anchor = [&](const std::string& folder) {
    const std::filesystem::directory_iterator entries(folder, ignored);
    return std::any_of(begin(entries), end(entries),
                       [](const auto& entry) { return entry.path().extension() == ".0"; });
  };
  if (std::ranges::any_of(folders, has_anchor)) return true;
  const char* const named = std::getenv(X509_get_default_cert_file_env());
  return std::filesystem::file_size(named != nullptr ? named : X509_get_default_cert_file(), ignored) > 0 &&
         !ignored;
}

}  // namespace tls
