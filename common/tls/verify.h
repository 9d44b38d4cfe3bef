// Who may be at the other end: trust anchors, names, pins. For the files of common/tls alone.
#pragma once

#include <string>

#include "common/tls/tls_context.h"

namespace tls {

bool is_address(const std::string& name);

// As a certificate spells it: without the root's dot, without a zone id (which means something on one host
// only).
std::string certificate_name(std::string name);

// Whether a SAN says that name or IP address, by the rules of verify_server().
bool carries(x509_st* certificate, const std::string& name);

// A client's demands on servers. `options` must outlive the context.
void verify_server(ssl_ctx_st* context, const ClientOptions& options);

// Whether the certificate that a session was made with would be accepted today.
bool passes_checks(ssl_ctx_st* context, const ClientOptions& options, const ssl_session_st* session);

std::string digest(x509_st* certificate);     // SHA-256, as octets
std::string anchors_of(ssl_ctx_st* context);  // those in memory: their digests, in order

// A server's demand on clients: a certificate that these anchors vouch for.
void verify_clients(ssl_ctx_st* context, const std::string& ca_file);

}  // namespace tls
