// The command line of proxyserver, as values, checked as far as it can be without touching the world.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "common/log.h"
#include "common/net/endpoint.h"
#include "proxyserver/clients/access.h"
#include "proxyserver/limits.h"
#include "proxyserver/process/handed_sockets.h"
#include "proxyserver/watching/instruments.h"

struct UpstreamOptions {
  net::Uri uri;
  std::vector<std::string> pins;  // as tls::ClientOptions::pins
};

struct Options {
  enum class Action { serve, help, version };

  Action action = Action::serve;
  std::vector<net::Uri> listen;
  std::vector<HandedSocket> handed;  // listeners besides
  std::vector<UpstreamOptions> upstreams;
  std::optional<net::SocketAddress>
      bootstrap;          // where names of upstreams are looked up; else as the system does
  std::string cert_file;  // empty: cert.pem here, else the installed one
  std::string key_file;   // empty: key.pem beside it
  AccessList allow;
  std::string upstream_ca;  // empty: the system's trust store
  bool pin_only = false;    // pins stand in place of trust store and name
  bool fastest = false;     // --policy
  std::string client_ca;    // empty: clients need no certificate
  std::string user;         // as find_account() takes it; empty: stays who it is
  Limits limits;
  InstrumentFiles instruments;
  logging::Level log_level = logging::Level::info;

  bool has_names() const;  // among the upstreams
  bool listens(net::Transport transport) const;
};

// The error is one clause for cli::complain().
std::expected<Options, std::string> parse_options(int argc, char** argv);

extern const char* const kUsage;  // usage.cpp
