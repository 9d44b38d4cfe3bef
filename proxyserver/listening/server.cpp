#include "proxyserver/listening/server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fmt/format.h>
#include <new>
#include <poll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cli.h"
#include "common/net/lookup.h"
#include "common/net/net_error.h"
#include "common/net/tcp.h"
#include "proxyserver/configuration/groups.h"
#include "proxyserver/configuration/key_reader.h"
#include "proxyserver/listening/demo_key.h"
#include "proxyserver/listening/loading.h"
#include "proxyserver/upstreams/bootstrap.h"

namespace {

using net::NetError;

constexpr const char* kBetterThanItself =
    "this proxy would have to ask itself for the address of its upstream: give that with the name, as in "
    "tls://9.9.9.9#dns.quad9.net, or use --bootstrap";
constexpr int kMetricsBacklog = 64;
constexpr std::size_t kOwnDescriptors = 32;      // listeners, signals, log, and some to spare
constexpr std::size_t kMetricsDescriptors = 24;  // of the responder, besides
constexpr std::chrono::seconds kSweepInterval{1};

// Virtual size; only what a session touches becomes memory. The deepest path is OpenSSL's handshake.
#ifdef __SANITIZE_THREAD__
constexpr std::size_t kStackSize = std::size_t{2} << 20;  // ThreadSanitizer keeps a megabyte of its own there
#else
constexpr std::size_t kStackSize = std::size_t{256} << 10;
#endif

// A session needs a descriptor, so the soft limit that shells set (1024) is soon reached; the hard one is
// ours to use. Where that is too low as well, fewer connections are taken: a quarter is left for the
// resolvers'. Returns how many.
std::size_t connections_for_descriptors(std::size_t wanted, std::size_t own) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  const std::size_t spare = std::max<std::size_t>(limit.rlim_cur, own + 4) - own;
  const std::size_t for_clients = spare - spare / 4;
  if (for_clients >= wanted) return wanted;
  logging::write(logging::Level::warning, "few-descriptors",
                 fmt::format("limit={} max-connections={} wanted={}", limit.rlim_cur, for_clients, wanted));
  return for_clients;
}

void use_small_stacks() {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackSize);
  pthread_setattr_default_np(&attributes);
  pthread_attr_destroy(&attributes);
}

net::UniqueFd signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGHUP);
  sigaddset(&set, SIGUSR1);
  net::UniqueFd fd(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd.valid()) throw NetError::from_errno("open a signalfd", errno);
  return fd;
}

Options with_default_files(Options options) {
  name_default_files(options);
  return options;
}

// Whether what is sent to `upstream` comes back to that listener of ours.
bool reaches(const net::Endpoint& upstream, const net::Endpoint& listener) {
  if (upstream.transport != listener.transport || upstream.address.port() != listener.address.port())
    return false;
  const auto is_any = [](const net::Endpoint& e) {
    return e.address.host() == (e.address.family() == AF_INET ? "0.0.0.0" : "::");
  };
  if (upstream.address.family() == listener.address.family() && is_any(listener))
    return upstream.address.is_of_this_machine() || is_any(upstream);
  return upstream.address.to_string() == listener.address.to_string();
}

// The terminal that it was started from: then SIGHUP means what it always has.
bool terminal_is_gone() {
  std::array<pollfd, 3> entries{};
  for (int fd = 0; fd < 3; ++fd) entries[static_cast<std::size_t>(fd)] = {fd, 0, 0};
  static_cast<void>(poll(entries.data(), entries.size(), 0));
  return std::ranges::any_of(entries, [](const pollfd& one) {
    struct stat found {};
    return (one.revents & POLLHUP) != 0 && fstat(one.fd, &found) == 0 && S_ISCHR(found.st_mode);
  });
}

// What the thread that looks names up uses: nothing of ours.
Names::LookUp lookup_for(const Options& options) {
  if (!options.bootstrap) return [](const auto& name, auto port) { return net::look_up(name, port); };
  return [resolver = *options.bootstrap](const auto& name, auto port) {
    return look_up_at(resolver, name, port);
  };
}

}  // namespace

Server::Server(const Options& options, Reload::ReadOptions read_again)
    : options_(with_default_files(options)),
      instruments_(options.instruments),
      replaceable_{Published(options.allow),
                   Published(options.limits),
                   nullptr,
                   {},
                   Published(options.proxy_from),
                   nullptr},
      reload_(options_, std::move(read_again), replaceable_, instruments_),
      upstreams_(options.fastest),
      names_(
          lookup_for(options), [this](const auto& endpoint) { return is_ours(endpoint); },
          options.limits.query),
      sessions_(connections_for_descriptors(options.limits.max_connections,
                                            kOwnDescriptors + (options.metrics ? kMetricsDescriptors : 0))) {
  use_small_stacks();
  signals_ = signals();
  add_upstreams();
  if (options.cache != 0) {
    cache_ = std::make_unique<Cache>(options.cache, replaceable_.limits);
    refresher_ =
        std::make_unique<Refresher>(*cache_, upstreams_, replaceable_.limits, instruments_.metrics.get());
    replaceable_.cache = cache_.get();
  }
  if (serves_tls(options_)) replaceable_.identity = load_identity(options_, instruments_);
  for (const HandedSocket& handed : options.handed) listen(handed);
  for (const net::Uri& uri : options.listen) listen(uri);
  replaceable_.bound = bound_;
  Limits limits = options.limits;
  limits.announced = announce(options.announce, bound_);
  replaceable_.limits.publish(std::move(limits));
  look_at_identity();
  if (options.metrics) open_metrics(*options.metrics);
  check_lookup();
  // A query would go round and round, a session and a thread for each turn, until it is too old.
  for (const UpstreamOptions& upstream : options.upstreams)
    if (const net::Uri& uri = upstream.uri; uri.address)
      for (const net::Endpoint& listener : bound_)
        if (reaches({uri.transport, *uri.address, uri.auth_name}, listener))
          throw AsksItself(fmt::format("--upstream {}: that is this proxy itself, by --listen {}",
                                       uri.to_string(), listener.to_string()));
}

void Server::add_upstreams() {
  for (const UpstreamOptions& upstream : options_.upstreams)
    replaceable_.trusts.push_back(upstream.uri.transport == net::Transport::tls
                                      ? std::make_shared<Trust>(load_trust(upstream, options_, instruments_))
                                      : nullptr);
  for (const UpstreamGroup& group : upstream_groups(options_.upstreams)) {
    Upstreams& to = group.suffixes.empty() ? upstreams_ : routes_.add(group.suffixes, options_.fastest);
    for (const std::size_t i : group.upstreams)
      add_upstream(options_.upstreams[i].uri, replaceable_.trusts[i], to);
  }
  if (!routes_.empty()) upstreams_.leave_names_to(routes_);
  warn_of_clear();
}

void Server::warn_of_clear() const {
  for (const InClear& one : suffixes_in_clear(options_))
    logging::write(
        logging::Level::warning, "names-in-clear",
        fmt::format("{} {} {}", logging::field("for", one.suffix), logging::field("upstreams", one.upstreams),
                    logging::field("advice", "what is asked at and below it is not encrypted: --clear")));
}

void Server::add_upstream(const net::Uri& uri, const std::shared_ptr<Trust>& trust, Upstreams& group) {
  auto make = [this, trust](const net::Endpoint& endpoint) {
    auto resolver = std::make_unique<Upstream>(endpoint, trust, options_.limits.pool_size);
    resolver->observe(instruments_);
    return resolver;
  };
  if (uri.address)
    group.add(make({uri.transport, *uri.address, uri.auth_name}));
  else
    names_.add(uri, std::make_unique<Upstream>(uri, trust), make, group);
}

bool Server::is_ours(const net::Endpoint& upstream) const {
  return std::ranges::any_of(bound_, [&](const auto& listener) { return reaches(upstream, listener); });
}

bool Server::is_open() const {
  return !std::ranges::all_of(bound_, [](const auto& listener) { return listener.address.is_loopback(); });
}

// Who looks the resolver's name up has to be somebody else.
void Server::check_lookup() const {
  if (!options_.has_names()) return;
  const auto asks_us = [this](const net::SocketAddress& address) {
    return is_ours({net::Transport::udp, address, {}}) || is_ours({net::Transport::tcp, address, {}});
  };
  if (options_.bootstrap) {
    if (asks_us(*options_.bootstrap))
      throw AsksItself(
          fmt::format("--bootstrap {}: that is this proxy itself", options_.bootstrap->to_string()));
    return;
  }
  for (const net::SocketAddress& address : net::nameservers())
    if (asks_us(address))
      logging::write(logging::Level::warning, "looks-up-at-itself",
                     fmt::format("{} {}", logging::field("nameserver", address.to_string()),
                                 logging::field("advice", kBetterThanItself)));
}

void Server::warn_of_demo_key() const {
  if (replaceable_.identity == nullptr) return;
  const bool beyond_loopback = std::ranges::any_of(bound_, [](const net::Endpoint& endpoint) {
    return endpoint.transport == net::Transport::tls && !endpoint.address.is_loopback();
  });
  if (beyond_loopback && replaceable_.identity->pin() == kDemoKeyPin)
    logging::write(logging::Level::warning, "demo-key",
                   "advice=\"this key is public: anybody can pose as this server; use --cert and --key\"");
}

// At the start, and when it may have changed.
void Server::look_at_identity() {
  if (replaceable_.identity == nullptr) return;
  warn_of_demo_key();
  const Options& options = reload_.options();
  if (const std::string reader = key_reader(options.key_file);
      reader == kEverybody && replaceable_.identity->pin() != kDemoKeyPin)
    logging::write(logging::Level::warning, "key-readable",
                   fmt::format("{} by={} {}", logging::field("file", options.key_file), reader,
                               logging::field("advice", "chmod o= " + options.key_file)));
  if (certificate_age_.take(options.cert_file, replaceable_.identity->certificate())) log_certificate_age();
}

void Server::log_certificate_age() {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  if (const auto notice = certificate_age_.look(now))
    logging::write(notice->level, notice->event, notice->facts);
}

void Server::tell_certificate_end() {
  if (!status_ || !replaceable_.identity) return;
  const auto end = replaceable_.identity->certificate().not_after;
  status_->certificate_ends(end.time_since_epoch().count());
}

void Server::open_metrics(const net::SocketAddress& address) {
  net::UniqueFd socket = net::listen_tcp(address, kMetricsBacklog);
  const net::SocketAddress real = net::SocketAddress::of_socket(socket.get());
  metrics_uri_ = fmt::format("http://{}", real.to_string());
  if (!real.is_loopback())
    logging::write(logging::Level::warning, "metrics-open",
                   fmt::format("{} {}", logging::field("address", real.to_string()),
                               logging::field("advice",
                                              "anybody who reaches it can read it: it asks for no "
                                              "password, and is not encrypted")));
  status_ = std::make_unique<Status>(
      Status::About{*instruments_.metrics, upstreams_, routes_, draining_, sessions_.limit(), cache_.get()});
  tell_certificate_end();
  responder_ = std::make_unique<HttpResponder>(
      std::move(socket), [this](const std::string& path) { return status_->page(path); },
      HttpResponder::Bounds{});
}

// A name's addresses all, but for those that this machine has not: "localhost" is ::1 too, by its hosts file,
// where IPv6 is switched off.
void Server::listen(const net::Uri& uri) {
  if (uri.address) return listen({uri.transport, *uri.address, {}, uri.proxied});
  const net::Addresses addresses = net::look_up(uri.host, uri.port);
  const std::string action = "look up the name in --listen " + uri.to_string();
  if (!addresses) throw NetError(NetError::Kind::system, fmt::format("{}: {}", action, addresses.error()));
  const std::size_t before = bound_.size();
  for (const net::SocketAddress& address : *addresses) try {
      listen(net::Endpoint{uri.transport, address, {}, uri.proxied});
    } catch (const NetError& error) {
      const bool is_last = &address == &addresses->back() && bound_.size() == before;
      if ((error.error() != EADDRNOTAVAIL && error.error() != EAFNOSUPPORT) || is_last) throw;
    }
}

void Server::listen(const net::Endpoint& endpoint) {
  net::Endpoint real = endpoint;
  if (endpoint.transport == net::Transport::udp) {
    udp_.push_back(std::make_unique<UdpService>(endpoint.address, options_.limits.udp_workers, upstreams_,
                                                replaceable_.limits, replaceable_.allow, instruments_,
                                                rates_.datagrams, cache_.get()));
    real.address = udp_.back()->address();
  } else {
    net::UniqueFd socket = net::listen_tcp(endpoint.address, kBacklog);
    real.address = net::SocketAddress::of_socket(socket.get());
    listeners_.push_back({std::move(socket), endpoint.transport, endpoint.proxied, real.to_string()});
  }
  bound_.push_back(real);
}

void Server::listen(const HandedSocket& handed) {
  net::UniqueFd socket = handed.take();
  if (handed.endpoint.transport == net::Transport::udp) {
    udp_.push_back(std::make_unique<UdpService>(std::move(socket), upstreams_, replaceable_.limits,
                                                replaceable_.allow, instruments_, rates_.datagrams,
                                                cache_.get()));
  } else {
    net::prepare_listener(socket.get());
    const net::Endpoint& endpoint = handed.endpoint;
    listeners_.push_back({std::move(socket), endpoint.transport, endpoint.proxied, endpoint.to_string()});
  }
  bound_.push_back(handed.endpoint);
}

int Server::run() {
  instruments_.start();
  names_.start();
  if (refresher_) refresher_->start();
  for (const auto& service : udp_) service->start();
  for (const net::Endpoint& endpoint : bound_) fmt::print("listening {}\n", endpoint.to_string());
  if (responder_) {
    responder_->start();
    fmt::print("metrics {}\n", metrics_uri_);
  }
  std::fflush(stdout);
  manager_.ready();

  std::vector<pollfd> entries = {{signals_.get(), POLLIN, 0}, {sessions_.wake_fd(), POLLIN, 0}};
  for (const Listener& listener : listeners_) entries.push_back({listener.socket.get(), 0, 0});
  const auto interval = std::min<net::Deadline::Clock::duration>(
      kSweepInterval, manager_.wants_to_hear().value_or(kSweepInterval));
  net::Deadline sweep = net::Deadline::in(interval);
  for (;;) {
    if (resume_accepting_ && resume_accepting_->expired()) resume_accepting_.reset();
    const bool accepting = !sessions_.full() && !resume_accepting_;
    for (std::size_t i = 0; i < listeners_.size(); ++i)
      entries[i + 2].events = static_cast<short>(accepting ? POLLIN : 0);

    const net::Deadline wake = resume_accepting_ ? earlier(sweep, *resume_accepting_) : sweep;
    if (poll(entries.data(), entries.size(), wake.poll_ms()) < 0 && errno != EINTR)
      throw NetError::from_errno("poll", errno);
    if (entries[0].revents != 0 && is_told_to_stop()) return stop();
    sessions_.reap();
    try {
      for (std::size_t i = 0; i < listeners_.size(); ++i)
        if (entries[i + 2].revents != 0) accept_from(listeners_[i]);
      if (sweep.expired()) {
        sweep = net::Deadline::in(interval);
        manager_.alive();
        logging::write_sums(logging::Sums::due);
        if (reload_.by_files(Reload::Clock::now())) use_what_is_new();
        log_certificate_age();
        upstreams_.sweep(Upstream::Clock::now());
      }
    } catch (const std::bad_alloc&) {  // it cost one client its connection; the others' end will bring memory
      resume_accepting_ = net::Deadline::in(kAcceptPause);
    }
  }
}

// By whatever signals have come.
bool Server::is_told_to_stop() {
  signalfd_siginfo signal{};
  while (read(signals_.get(), &signal, sizeof signal) == sizeof signal) {
    if (signal.ssi_signo == SIGUSR1) {
      instruments_.reopen_logs();
      continue;
    }
    if (signal.ssi_signo != SIGHUP || terminal_is_gone()) return true;
    manager_.reloading();
    if (reload_.by_signal()) use_what_is_new();
    manager_.ready();  // with the old, if the new was refused: the log says so
  }
  return false;
}

void Server::use_what_is_new() {
  look_at_identity();
  tell_certificate_end();
  names_.lengthen(replaceable_.limits.current().query);
  upstreams_.sweep(Upstream::Clock::now());  // those connections that are not to be used any more
}
