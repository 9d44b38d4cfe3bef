// Other people's forwarders and stub resolvers, as configurations of theirs: each is to listen on 127.0.0.1
// over UDP and TCP, in the foreground, and to ask our proxy over TLS with strict authentication (RFC 8310
// §5).
#pragma once

#include "tests/interop/peer.h"

struct ForwarderSetting {
  std::uint16_t port;        // to listen on
  std::uint16_t proxy_port;  // to forward to
  std::string auth_name;
  std::string ca_file;
  const TempDir& directory;  // for its files
};

struct Forwarder {
  const char* program;
  // Writes the configuration; the command line to run, `path` being the program's.
  Arguments (*configure)(const std::string& path, const ForwarderSetting& setting);
};

extern const Forwarder kStubby, kUnbound, kDnsdist, kKnotResolver, kSystemdResolved;
