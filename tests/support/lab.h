// The two programs that the integration tests put between their sockets, each started on ports of the
// kernel's choosing and stopped, by SIGTERM, with its owner; and the third, run to its end.
//
// A program that does not end with exit code 0 when told to stop fails the test it served: so do the reports
// of a sanitizer.
#pragma once

#include <string>
#include <vector>

#include "common/net/endpoint.h"
#include "tests/support/dot_connection.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

using Arguments = std::vector<std::string>;

// What labresolver and proxyserver have in common: listeners, announced on standard output.
class Listening {
 public:
  Listening(const Arguments& command, std::size_t listeners, Process::Limits limits = {});
  ~Listening();

  const net::Endpoint& endpoint(net::Transport transport,
                                bool proxied = false) const;  // the first of that kind
  Process& process() { return process_; }
  int stop();  // SIGTERM; its exit code

 private:
  Process process_;
  std::vector<net::Endpoint> endpoints_;
};

// labresolver on tls://, tcp:// and udp://127.0.0.1.
class LabResolver {
 public:
  explicit LabResolver(const Arguments& extra = {});

  std::string uri(net::Transport transport) const;  // as --upstream takes it
  const net::Endpoint& endpoint(net::Transport transport) const { return program_.endpoint(transport); }
  std::string ca_file() const { return directory_.file("ca.pem"); }
  DotConnection connect(net::Transport transport) const;
  int stop() { return program_.stop(); }

 private:
  TempDir directory_;
  Listening program_;
};

// proxyserver on tls:// and tcp://127.0.0.1, with an identity of its own, made on the spot. `extra` names the
// upstreams, and whatever else the test wants otherwise.
class Proxy {
 public:
  explicit Proxy(const Arguments& extra, Process::Limits limits = {});
  // In front of a resolver, over that transport.
  Proxy(const LabResolver& resolver, net::Transport upstream, const Arguments& extra = {});

  const net::Endpoint& endpoint(net::Transport transport, bool proxied = false) const {
    return program_.endpoint(transport, proxied);
  }
  const std::string& ca_file() const { return identity_.ca_file; }
  DotConnection connect(net::Transport transport) const;
  std::shared_ptr<const tls::ClientContext> context() const { return context_; }
  Process& process() { return program_.process(); }
  int stop() { return program_.stop(); }

 private:
  struct Identity {
    Identity();
    TempDir directory;
    std::string ca_file;
    std::string key_file;
  };

  Identity identity_;
  std::shared_ptr<const tls::ClientContext> context_;
  Listening program_;
};

struct Outcome {
  int exit_code;
  std::string output;
  std::string errors;
};
Outcome run_client(const Arguments& arguments);

Arguments operator+(Arguments a, const Arguments& b);
