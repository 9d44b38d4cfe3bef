// The options of proxyserver, of its command line and of the file that --config names, as values, checked as
// far as it can be without touching the world.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "common/dns/name.h"
#include "common/log.h"
#include "common/net/endpoint.h"
#include "proxyserver/clients/access.h"
#include "proxyserver/configuration/settings.h"
#include "proxyserver/limits.h"
#include "proxyserver/process/handed_sockets.h"
#include "proxyserver/watching/instruments.h"

struct UpstreamOptions {
  net::Uri uri;
  std::vector<std::string> pins;  // as tls::ClientOptions::pins
  // --for: it is asked for names at and below these alone, the root for all others; none: for all others.
  std::vector<dns::Name> suffixes{};
  bool clear = false;  // --clear: these names may leave unencrypted
};

struct Options {
  enum class Action { serve, check, print_config, help, version };

  Action action = Action::serve;
  std::vector<net::Uri> listen;
  std::vector<HandedSocket> handed;  // listeners besides
  std::vector<UpstreamOptions> upstreams;
  std::optional<net::SocketAddress>
      bootstrap;          // where names of upstreams are looked up; else as the system does
  std::string cert_file;  // empty: cert.pem here, else the installed one
  std::string key_file;   // empty: key.pem beside it
  std::string announce;   // the name of it that resolver.arpa tells; empty: none
  AccessList allow;
  AccessList proxy_from;    // whose PROXY headers are believed
  std::string upstream_ca;  // empty: the system's trust store
  bool pin_only = false;    // pins stand in place of trust store and name
  bool fastest = false;     // --policy
  std::string client_ca;    // empty: clients need no certificate
  std::string user;         // as find_account() takes it; empty: stays who it is
  // Ticket keys shared with other copies; empty: keys of its own.
  std::string ticket_key_file;
  std::size_t cache = 0;  // octets; 0: there is none
  Limits limits;
  InstrumentFiles instruments;
  std::optional<net::SocketAddress> metrics;  // where they are served; port 0 picks one
  logging::Level log_level = logging::Level::info;
  logging::Format log_format = logging::Format::text;

  bool check_online = false;      // --check=online
  std::string config_file;        // empty: none
  std::vector<Setting> settings;  // all that were given, and hold; defaults are not among them

  bool has_names() const;  // among the upstreams
  bool encrypts() const;   // towards some upstream
  bool uses_tls() const;   // on any leg
  bool listens(net::Transport transport) const;
  bool can_announce() const;         // a tls listener that clients reach without a load balancer
  bool takes_proxy_headers() const;  // at any listener
};

// The error is one clause for cli::complain(); where a line of the file is at fault, it begins with both.
//
// For a reload, call it again with the same arguments: it reads the file and the environment again, and keeps
// nothing from the time before. What has changed is told by a comparison of `settings`, by name and value.
// The main thread alone may call it (getopt_long(3)), and --config FILE must still be readable then: by the
// user that the program has become, and by Landlock's rules, for which `config_file` is the name as it was
// given.
std::expected<Options, std::string> parse_options(int argc, char** argv);

KnownOptions known_options();  // the table

extern const char* const kUsage;  // usage.cpp
