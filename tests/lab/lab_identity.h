// labresolver's certificate, made at start together with the CA that vouches for it, right or wrong as the
// faults say.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/tls/tls_context.h"
#include "tests/lab/faults.h"

namespace lab {

// The server side's context. Where `ca_out` is not empty the CA's certificate appears there whole or not at
// all (a temporary file, renamed).
std::unique_ptr<tls::ServerContext> make_identity(const std::vector<std::string>& names,
                                                  const std::string& ca_out, const Faults& faults);

}  // namespace lab
