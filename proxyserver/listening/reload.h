// Reading again, while the proxy serves: certificates and keys, who is trusted, who may ask, and limits.
//
//   SIGHUP ─► command line and --config ─┐
//   files have changed, and rest ────────┴─► load all ─► check all ─► publish what is new
//                                                            └─► or say why not: everything stays as it was
//
// Connections that there are keep what they began with. The accepting thread's; what it publishes, all read.
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "proxyserver/caching/cache.h"
#include "proxyserver/listening/file_watch.h"
#include "proxyserver/listening/loading.h"
#include "proxyserver/options.h"
#include "proxyserver/published.h"
#include "proxyserver/upstreams/trust.h"
#include "proxyserver/watching/instruments.h"

// What can be replaced while the proxy serves.
struct Replaceable {
  Published<AccessList> allow;
  Published<Limits> limits;
  std::shared_ptr<const tls::ServerContext> identity;  // the accepting thread's; null: nobody comes in by TLS
  std::vector<std::shared_ptr<Trust>> trusts;          // one per --upstream, in their order; null for tcp://
  Published<AccessList> proxy_from = Published(AccessList());
  Cache* cache = nullptr;                 // its answers, when we trust others; null: there is none
  std::vector<net::Endpoint> bound = {};  // all listeners as they are: what is announced
};

class Reload {
 public:
  using Clock = std::chrono::steady_clock;
  using ReadOptions = std::function<std::expected<Options, std::string>()>;

  // `options` are those in force, default files named; their files are watched from now on. `read` reads the
  // command line, and what it names, once more. The other two must outlive this.
  Reload(Options options, ReadOptions read, Replaceable& target, const Instruments& instruments);

  // Both say in the log what has come of it. True: something is new.
  bool by_signal();
  bool by_files(Clock::time_point now);  // call once a second

  const Options& options() const { return options_; }  // in force
  // The files' folders, and where their links lead: the process must stay able to read there.
  std::vector<std::string> folders() const { return folders_of(watch_.files()); }
  // The process has become another user: says in the log which files it could not read again.
  void user_changed();

 private:
  struct Refusal {
    std::string file;  // at fault; empty: not a file
    std::string reason;
  };
  struct Loaded {
    Options options;
    FileWatch watch;
    std::shared_ptr<tls::ServerContext> identity;  // null, like the next: as it is
    std::vector<Trust::Context> trusts;
    std::set<std::string> changed, needs_restart;  // names of options
  };

  std::expected<Loaded, Refusal> load(const Options& wanted) const;
  void load_identity(Loaded& loaded) const;
  void load_trusts(Loaded& loaded) const;
  void publish(Loaded loaded, const char* by);
  static void log_refusal(const Refusal& refusal, const char* by);

  Options options_;  // in force
  const ReadOptions read_;
  Replaceable& target_;
  const Instruments& instruments_;
  FileWatch watch_;
  std::optional<Clock::time_point> failing_since_;
};
