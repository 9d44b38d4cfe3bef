// OpenSSL's error queue read into facts. For the files of common/tls alone.
#pragma once

#include <string>

#include "common/tls/tls_error.h"

namespace tls {

// Takes everything out of this thread's queue. kind is alert (with its name) where the peer sent one,
// protocol for anything else of TLS's making, internal if the queue was empty.
TlsError::Facts drain_error_queue();

// Throw TlsError: with these words; or, unless `done`, with OpenSSL's.
[[noreturn]] void fail(TlsError::Kind kind, const std::string& action, std::string reason);
void check(bool done, const char* action);

// `result` is an X509_V_ERR_*.
TlsError::Facts verify_failure(long result, x509_st* certificate, const std::string& expected_name);

}  // namespace tls
