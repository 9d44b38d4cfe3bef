// Certificates, keys and trust, out of the files that the options name: at the start, and when they have
// changed. All throw TlsError (Kind::file) or UnusableFile for what cannot be used.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/tls/tls_context.h"
#include "proxyserver/options.h"
#include "proxyserver/watching/instruments.h"

// Where no certificate or key is named but one is needed: names the default ones.
void name_default_files(Options& options);

bool serves_tls(const Options& options);
std::shared_ptr<tls::ServerContext> load_identity(const Options& options, const Instruments& instruments);
// For a tls:// upstream.
std::shared_ptr<const tls::ClientContext> load_trust(const UpstreamOptions& upstream, const Options& options,
                                                     const Instruments& instruments);

// What those two read, the system's trust store apart.
std::vector<std::string> certificate_files(const Options& options);

// Where these files are, and where their links lead now; for a file right below "/" the file itself, since
// that folder would be everything.
std::vector<std::string> folders_of(const std::vector<std::string>& files);
