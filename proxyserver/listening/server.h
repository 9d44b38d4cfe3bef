// The proxy as a whole: listeners, upstreams, and the accepting thread, which is the one that calls run().
#pragma once

#include <atomic>
#include <optional>
#include <stdexcept>
#include <vector>

#include "common/net/unique_fd.h"
#include "common/tls/tls_stream.h"
#include "proxyserver/clients/udp_service.h"
#include "proxyserver/listening/certificate_age.h"
#include "proxyserver/listening/live_sessions.h"
#include "proxyserver/listening/reload.h"
#include "proxyserver/options.h"
#include "proxyserver/process/notify.h"
#include "proxyserver/upstreams/names.h"
#include "proxyserver/upstreams/upstreams.h"
#include "proxyserver/watching/instruments.h"

// An upstream is one of our own listeners.
class AsksItself : public std::runtime_error {
 public:
  explicit AsksItself(const std::string& which) : std::runtime_error(which) {}
};

class Server {
 public:
  // Loads certificates and binds; throws NetError, TlsError, AsksItself or UnusableFile when it cannot.
  // SIGINT, SIGTERM and SIGHUP must be blocked before: the first two end run(). At the third `read_again`
  // reads the options once more.
  Server(const Options& options, Reload::ReadOptions read_again);

  // Whether anybody beyond this machine can reach it.
  bool is_open() const;

  Reload& reload() { return reload_; }

  // Accepts until told to stop, then lets the sessions finish. Returns the exit code.
  int run();

 private:
  static constexpr int kBacklog = 4096;
  static constexpr int kAcceptBatch = 64;  // then the other listeners, and the signals, have their turn

  struct Listener {
    net::UniqueFd socket;
    net::Transport transport;
    std::string uri;
  };

  void add_upstream(const UpstreamOptions& upstream);
  void listen(const net::Uri& uri);
  void listen(const net::Endpoint& endpoint);
  void listen(const HandedSocket& handed);
  bool is_ours(const net::Endpoint& upstream) const;
  void check_lookup() const;
  void warn_of_demo_key() const;
  void look_at_identity();
  void log_certificate_age();
  const char* refusal(const net::SocketAddress& client, const ClientKey& key) const;
  bool accept_from(const Listener& listener);  // false: nobody waits there any more, or nobody can be taken
  void accept_failed(int error);
  void pause_accepting(const char* reason);
  using Identity = std::shared_ptr<const tls::ServerContext>;  // null: the client does not come by TLS
  void serve(net::UniqueFd socket, const Identity& identity, const std::string& peer,
             const LiveSessions::SignOff& sign_off);
  void shake_hands(tls::TlsStream& client, net::Deadline deadline) const;
  bool is_told_to_stop();
  void use_what_is_new();
  int stop();

  Options options_;
  const ServiceManager manager_;
  const Instruments instruments_;
  Replaceable replaceable_;
  Reload reload_;
  CertificateAge certificate_age_;
  std::vector<net::Endpoint> bound_;  // all listeners as they are, in the order given
  Upstreams upstreams_;
  Names names_;
  std::vector<Listener> listeners_;  // tls:// and tcp://
  std::vector<std::unique_ptr<UdpService>> udp_;
  net::UniqueFd signals_;
  std::atomic<bool> draining_ = false;             // told to stop; the one truth about that, for every thread
  std::optional<net::Deadline> resume_accepting_;  // after the kernel had no descriptor left for us
  logging::Throttle accept_log_;
  logging::Throttle client_log_;
  LiveSessions sessions_;  // last: its threads use all of the above
};
