// A TLS session in a file: PEM, as `openssl s_client -sess_out` writes it. Who reads it can impersonate
// nobody, but can read what is sent under it: it is written for its owner alone. For the files of common/tls
// alone.
#pragma once

#include <string>

#include "common/tls/handles.h"

namespace tls {

// Null if there is no such file yet; TlsError (Kind::file) if it is of no use.
SslSession read_session(const std::string& file);
void write_session(const std::string& file, ssl_session_st* session);  // throws NetError

}  // namespace tls
