// A TLS session in a file: PEM, as `openssl s_client -sess_out` writes it. Who reads it can impersonate
// nobody, but can read what is sent under it: it is written for its owner alone. For the files of common/tls
// alone.
#pragma once

#include <string>

#include "common/tls/handles.h"

namespace tls {

SslSession read_session(const std::string& file);                      // null if there is no such file yet
void write_session(const std::string& file, ssl_session_st* session);  // both throw TlsError (Kind::file)

}  // namespace tls
