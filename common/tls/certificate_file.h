// The certificates in a PEM file, as facts: for who looks at files before they are needed.
#pragma once

#include <string>
#include <vector>

#include "common/tls/peer.h"

namespace tls {

// All of them, in the file's order. Throws TlsError (Kind::file) that names the file: it cannot be read, has
// none, or has one that cannot be understood.
std::vector<CertificateFacts> certificates_in(const std::string& file);

// Whether the system's trust store, as SSL_CERT_DIR and SSL_CERT_FILE name it, has anything in it.
bool has_system_trust();

}  // namespace tls
