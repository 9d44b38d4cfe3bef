// Makes certificates on the spot, right ones and wrong ones: for labresolver and the tests, linked by neither
// program. Everything is ECDSA P-256, written as PEM.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace tls {

struct IssueOptions {
  std::string common_name;
  std::vector<std::string> names;  // SANs: "DNS:localhost", "IP:127.0.0.1", "IP:::1"; empty: no SAN at all
  std::chrono::seconds valid_from{-3600};  // relative to now; both may lie in the past
  std::chrono::seconds valid_to{24 * 3600};
  bool ca = false;
  bool client = false;  // extended key usage clientAuth instead of serverAuth
};

struct Identity {
  std::string certificate;  // PEM
  std::string key;          // PEM, PKCS#8
};

Identity issue_self_signed(const IssueOptions& options);  // a CA, or a certificate that vouches for itself
Identity issue(const IssueOptions& options, const Identity& issuer);

// By which OpenSSL finds it in a folder of trust anchors: its subject, hashed, and for those alike a number.
std::string anchor_file_name(const std::string& certificate, int number = 0);

void write_file(const std::string& path, const std::string& content, bool secret);  // secret: mode 0600

}  // namespace tls
