// The proxy as a whole: listeners, upstreams, and the accepting thread, which is the one that calls run().
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <stdexcept>
#include <vector>

#include "common/net/proxy_header.h"
#include "common/net/unique_fd.h"
#include "common/tls/tls_stream.h"
#include "proxyserver/caching/refresher.h"
#include "proxyserver/clients/udp_service.h"
#include "proxyserver/listening/certificate_age.h"
#include "proxyserver/listening/live_sessions.h"
#include "proxyserver/listening/reload.h"
#include "proxyserver/listening/status.h"
#include "proxyserver/options.h"
#include "proxyserver/process/notify.h"
#include "proxyserver/upstreams/names.h"
#include "proxyserver/upstreams/routes.h"
#include "proxyserver/upstreams/upstreams.h"
#include "proxyserver/watching/http_responder.h"
#include "proxyserver/watching/instruments.h"

// An upstream is one of our own listeners.
class AsksItself : public std::runtime_error {
 public:
  explicit AsksItself(const std::string& which) : std::runtime_error(which) {}
};

class Server {
 public:
  // Loads certificates and binds; throws NetError, TlsError, AsksItself or UnusableFile when it cannot.
  // SIGINT, SIGTERM, SIGHUP and SIGUSR1 must be blocked before: the first two end run(). At the third
  // `read_again` reads the options once more.
  Server(const Options& options, Reload::ReadOptions read_again);

  // Whether anybody beyond this machine can reach it.
  bool is_open() const;

  Reload& reload() { return reload_; }
  std::vector<std::string> folders_of_logs() const { return instruments_.folders_of_logs(); }

  // Accepts until told to stop, then lets the sessions finish. Returns the exit code.
  int run();

 private:
  static constexpr int kBacklog = 4096;
  static constexpr int kAcceptBatch = 64;  // then the other listeners, and the signals, have their turn
  static constexpr std::chrono::milliseconds kAcceptPause{100};

  struct Listener {
    net::UniqueFd socket;
    net::Transport transport;
    bool proxied;  // a PROXY header says who the client is
    std::string uri;
  };

  using Identity = std::shared_ptr<const tls::ServerContext>;  // null: the client does not come by TLS
  // A connection that is to be served, or whose client is still to be made out.
  struct Arrival {
    Identity identity;
    net::SocketAddress from;
    std::optional<net::ProxyHeader::Ends>
        ends;                 // by the PROXY header; else it is the client that has connected
    net::Deadline handshake;  // until when it must have said who it is, TLS included

    const net::SocketAddress& client() const { return ends ? ends->client : from; }
    net::Transport transport() const { return identity ? net::Transport::tls : net::Transport::tcp; }
  };

  void add_upstreams();
  void add_upstream(const net::Uri& uri, const std::shared_ptr<Trust>& trust, Upstreams& group);
  void listen(const net::Uri& uri);
  void listen(const net::Endpoint& endpoint);
  void listen(const HandedSocket& handed);
  bool is_ours(const net::Endpoint& upstream) const;
  void check_lookup() const;
  void warn_of_clear() const;
  void warn_of_demo_key() const;
  void look_at_identity();
  void log_certificate_age();
  void open_metrics(const net::SocketAddress& address);
  // Whether this client is not served; `has_room`: it may have one connection more. These: any thread.
  bool refuses(const net::SocketAddress& client, const ClientKey& key, bool has_room,
               net::Transport transport);
  bool refuses_balancer(const Arrival& arrival);
  bool refuse(const net::SocketAddress& client, net::Transport transport, Metrics::Rule rule,
              std::string_view reason);        // counts it and logs it; true
  bool accept_from(const Listener& listener);  // false: nobody waits there any more, or nobody can be taken
  void accept_failed(int error);
  void pause_accepting(const char* reason);
  // Both sign off.
  void serve(net::UniqueFd socket, const Arrival& arrival, const LiveSessions::Place& place);
  bool let_in(int fd, Arrival& arrival, const LiveSessions::Place& place);
  void serve_proxied(net::UniqueFd socket, Arrival arrival, const std::string& listener,
                     const LiveSessions::Place& place);
  // Until `attempt` is done, or throws. `what` is for the text of NetError, which comes at the deadline, or
  // soon after the proxy was told to stop.
  void persist(int fd, net::Deadline deadline, const std::string& what,
               const std::function<net::IoResult::Status()>& attempt) const;
  bool is_told_to_stop();
  void use_what_is_new();
  void tell_certificate_end();
  int stop();

  Options options_;
  const ServiceManager manager_;
  const Instruments instruments_;
  Replaceable replaceable_;
  Reload reload_;
  CertificateAge certificate_age_;
  std::vector<net::Endpoint> bound_;  // all listeners as they are, in the order given
  Routes routes_;                     // --for
  Upstreams upstreams_;
  Names names_;
  std::vector<Listener> listeners_;  // tls:// and tcp://
  // --cache: null where it was not asked for. Before all whose threads use them.
  std::unique_ptr<Cache> cache_;
  std::unique_ptr<Refresher> refresher_;
  ClientRates rates_;
  std::vector<std::unique_ptr<UdpService>> udp_;
  net::UniqueFd signals_;
  std::atomic<bool> draining_ = false;  // told to stop; the one truth about that, for every thread
  // --metrics: the last two are null where it was not asked for.
  std::string metrics_uri_;
  std::unique_ptr<Status> status_;
  std::unique_ptr<HttpResponder> responder_;       // after all that its thread looks at
  std::optional<net::Deadline> resume_accepting_;  // after the kernel had no descriptor left for us
  LiveSessions sessions_;                          // last: its threads use all of the above
};
