// labresolver's certificate, made at start, right or wrong as the faults say, and the CA that vouches for it:
// made at start too, or kept in a folder so that who trusts it need not learn of a new one at each start.
#pragma once

#include <memory>

#include "common/tls/tls_context.h"
#include "tests/lab/lab_options.h"

namespace lab {

// The server side's context. At `ca_out`, if not empty, the CA's certificate appears whole or not at all (a
// temporary file, renamed); so does `ca_dir`/ca.pem, after its key. Throws what the files make it throw.
std::unique_ptr<tls::ServerContext> make_identity(const LabOptions& options);

}  // namespace lab
