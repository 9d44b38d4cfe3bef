// The part of failure.h that knows certificates, alerts and versions.
#pragma once

#include "client/show/failure.h"

namespace client {

FailureWords tls_error_to_words(const tls::TlsError& error, const Failure& failure, const Options& options,
                                std::time_t now);

}  // namespace client
