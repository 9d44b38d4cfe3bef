// Other people's servers, as configurations of theirs: authoritative for one zone over TLS on 127.0.0.1, by
// themselves or with somebody in front who terminates TLS. Each closes a connection that is idle for a
// second.
#pragma once

#include <list>

#include "tests/interop/peer.h"

struct ServerSetting {
  std::uint16_t tls_port;
  std::uint16_t plain_port;  // UDP and TCP, where the one in front asks the one behind
  std::string cert_file;
  std::string key_file;
  std::string zone_file;
  const TempDir& directory;  // for their files
};

struct ServerProgram {
  const char* name;
  // Writes the configuration; the command line to run, `path` being the program's.
  Arguments (*configure)(const std::string& path, const ServerSetting& setting);
};

using ServerKind = std::vector<ServerProgram>;  // the one that speaks TLS last
extern const ServerKind kBind, kUnboundServer, kDnsdistBeforeLab, kNginxBeforeLab, kNginxBeforeKnot,
    kKresdBeforeKnot;

inline constexpr std::string_view kServerName = "upstream.test";  // in the certificate
inline constexpr int kNumbered = 100;  // q0.interop.test to q99: TXT "answer 0" …

class Server {
 public:
  // Starts it. nullopt where a program of it is missing, and the test is to be skipped.
  static std::unique_ptr<Server> of(const ServerKind& kind);
  ~Server() { stop(); }

  Arguments as_upstream(std::string_view auth_name = kServerName) const;  // a Proxy's options
  DotConnection connect() const;                                          // to itself, over TLS

  // On the same ports; returns once it answers.
  void start();
  void stop();  // SIGTERM to each, the one in front first

 private:
  Server(const ServerKind& kind, const Arguments& paths);
  bool answers() const;

  TempDir directory_;
  ServerSetting setting_;
  std::vector<Arguments> commands_;
  std::list<Process> processes_;
};
