#include "proxyserver/watching/metrics.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "common/dns/codes.h"
#include "proxyserver/watching/tls_tally.h"

namespace {

template <std::size_t Count>
using Names = std::array<std::string_view, Count>;

// Sets of labels that are fixed: who asks for type 54321 makes no new series.
constexpr Names<3> kTransports = {"tls", "tcp", "udp"};
constexpr Names<16> kTypes = {"A",  "AAAA", "HTTPS", "SVCB", "PTR", "CNAME",  "MX",  "TXT",
                              "NS", "SOA",  "SRV",   "CAA",  "DS",  "DNSKEY", "ANY", "other"};
constexpr Names<8> kRcodes = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",
                              "NOTIMP",  "REFUSED", "BADVERS",  "other"};
constexpr Names<3> kOrigins = {"proxy", "upstream", "cache"};
constexpr Names<7> kRules = {"allow",
                             "max_connections_per_client",
                             "no_thread",
                             "max_qps_per_client",
                             "max_handshakes_per_client",
                             "proxy_from",
                             "proxy_header"};
constexpr Names<6> kAgain = {"connection_failed", "connection_lost", "stuck", "silent", "refused", "trial"};
constexpr Names<5> kServfails = {"timeout", "unreachable", "connection", "unusable_answer", "no_connection"};
constexpr Names<2> kRivals = {"same_upstream", "another_upstream"};

// How a client's connection ended: by the client, by the proxy with a reason of Session's, or broken.
struct Ending {
  std::string_view why;  // Session::why_closed()
  std::string_view name;
};
constexpr std::array kEndings = {
    Ending{"", "client"},
    Ending{"--idle-timeout", "idle_timeout"},
    Ending{"--message-timeout", "message_timeout"},
    Ending{"not a query", "not_a_query"},
    Ending{"too many messages in a row that are no queries", "not_a_query"},
    Ending{"the proxy stops", "stopping"},
};
constexpr Names<7> kEndingNames = {"client", "idle_timeout", "message_timeout", "not_a_query", "stopping",
                                   "broken", "other"};

// Where each counter stands.
namespace at {
constexpr std::size_t kQueries = 0;
constexpr std::size_t kWaits = kQueries + kTransports.size();
constexpr std::size_t kAnswers = kWaits + kTransports.size() * histogram::kSize;
constexpr std::size_t kRefused =
    kAnswers + kTransports.size() * kTypes.size() * kRcodes.size() * kOrigins.size();
constexpr std::size_t kAccepted = kRefused + kTransports.size() * kRules.size();
constexpr std::size_t kEnded = kAccepted + kTransports.size();
constexpr std::size_t kTls = kEnded + kTransports.size() * kEndingNames.size();
constexpr std::size_t kHandshakeFailures = kTls + TlsTally::kSize;
constexpr std::size_t kPauses = kHandshakeFailures + kFailures.size();
constexpr std::size_t kSentAgain = kPauses + 1;
constexpr std::size_t kFailedOver = kSentAgain + kAgain.size();
constexpr std::size_t kRaced = kFailedOver + 1;
constexpr std::size_t kQuarantined = kRaced + kRivals.size();
constexpr std::size_t kServfailed = kQuarantined + 1;
constexpr std::size_t kCount = kServfailed + kServfails.size();
}  // namespace at

template <typename Enum>
constexpr std::size_t index(Enum value) {
  return static_cast<std::size_t>(value);
}

std::size_t transport_index(net::Transport transport) {
  return transport == net::Transport::tls ? 0 : transport == net::Transport::tcp ? 1 : 2;
}

std::size_t type_index(std::uint16_t type) {
  switch (type) {
    case dns::type::A:
      return 0;
    case dns::type::AAAA:
      return 1;
    case dns::type::HTTPS:
      return 2;
    case dns::type::SVCB:
      return 3;
    case dns::type::PTR:
      return 4;
    case dns::type::CNAME:
      return 5;
    case dns::type::MX:
      return 6;
    case dns::type::TXT:
      return 7;
    case dns::type::NS:
      return 8;
    case dns::type::SOA:
      return 9;
    case dns::type::SRV:
      return 10;
    case dns::type::CAA:
      return 11;
    case dns::type::DS:
      return 12;
    case dns::type::DNSKEY:
      return 13;
    case dns::type::ANY:
      return 14;
    default:
      return 15;
  }
}

std::size_t rcode_index(std::uint16_t rcode) {
  if (rcode <= dns::rcode::REFUSED) return rcode;
  return rcode == dns::rcode::BADVERS ? 6 : 7;
}

std::size_t answer_index(std::size_t transport, std::size_t type, std::size_t rcode, std::size_t origin) {
  return at::kAnswers + ((transport * kTypes.size() + type) * kRcodes.size() + rcode) * kOrigins.size() +
         origin;
}

std::size_t ending_named(std::string_view name) {
  return static_cast<std::size_t>(std::ranges::find(kEndingNames, name) - kEndingNames.begin());
}

std::size_t ending_index(std::string_view why) {
  const auto found = std::ranges::find(kEndings, why, &Ending::why);
  return ending_named(found != kEndings.end() ? found->name : "other");
}

// Samples of one label, or of a transport and one more; all of them, also those at 0: a rate needs a
// beginning.
template <std::size_t Count>
void write_row(Exposition& to, const Counters& counters, std::size_t begin, std::string_view label,
               const Names<Count>& names) {
  for (std::size_t i = 0; i < Count; ++i) to.sample({{label, names[i]}}, counters.total(begin + i));
}

template <std::size_t Count>
void write_table(Exposition& to, const Counters& counters, std::size_t begin, std::string_view label,
                 const Names<Count>& names) {
  for (std::size_t t = 0; t < kTransports.size(); ++t)
    for (std::size_t i = 0; i < Count; ++i)
      to.sample({{"transport", kTransports[t]}, {label, names[i]}}, counters.total(begin + t * Count + i));
}

}  // namespace

Metrics::Metrics() : counters_(at::kCount) {}

void Metrics::query(Transport transport) noexcept {
  counters_.add(at::kQueries + transport_index(transport));
}

void Metrics::answered(Transport transport, std::uint16_t type, std::uint16_t rcode, Origin origin,
                       Duration wait) noexcept {
  const auto here = counters_.here();
  const std::size_t t = transport_index(transport);
  here[answer_index(t, type_index(type), rcode_index(rcode), index(origin))].fetch_add(
      1, std::memory_order_relaxed);
  histogram::observe(here.subspan(at::kWaits + t * histogram::kSize), wait);
}

void Metrics::client_refused(Transport transport, Rule rule) noexcept {
  counters_.add(at::kRefused + transport_index(transport) * kRules.size() + index(rule));
}

void Metrics::client_accepted(Transport transport) noexcept {
  counters_.add(at::kAccepted + transport_index(transport));
}

void Metrics::client_handshake(const tls::ConnectionFacts& facts) noexcept {
  TlsTally::count(counters_.here().subspan(at::kTls), facts);
}

void Metrics::client_handshake_failed(const std::exception& cause) noexcept {
  counters_.add(at::kHandshakeFailures + failure_of(cause));
}

void Metrics::client_closed(Transport transport, std::string_view why) noexcept {
  counters_.add(at::kEnded + transport_index(transport) * kEndingNames.size() + ending_index(why));
}

void Metrics::client_lost(Transport transport) noexcept {
  counters_.add(at::kEnded + transport_index(transport) * kEndingNames.size() + ending_named("broken"));
}

void Metrics::accepting_paused() noexcept {
  counters_.add(at::kPauses);
}

void Metrics::sent_again(Again cause, std::size_t queries) noexcept {
  counters_.add(at::kSentAgain + index(cause), queries);
}

void Metrics::failed_over() noexcept {
  counters_.add(at::kFailedOver);
}

void Metrics::raced(bool another_resolver) noexcept {
  counters_.add(at::kRaced + (another_resolver ? 1 : 0));
}

void Metrics::quarantined() noexcept {
  counters_.add(at::kQuarantined);
}

void Metrics::failed(Failure cause) noexcept {
  counters_.add(at::kServfailed + index(cause));
}

void Metrics::write(Exposition& to) const {
  const Counters& c = counters_;
  to.counter("dot_proxy_queries_total", "Messages from clients that were taken for queries, by transport.");
  write_row(to, c, at::kQueries, "transport", kTransports);

  to.counter(
      "dot_proxy_answers_total",
      "Answers to clients, by transport, type of the question, rcode, and whose they are: an upstream's "
      "the proxy's own, or the cache's.");
  for (std::size_t t = 0; t < kTransports.size(); ++t)
    for (std::size_t type = 0; type < kTypes.size(); ++type)
      for (std::size_t rcode = 0; rcode < kRcodes.size(); ++rcode)
        for (std::size_t origin = 0; origin < kOrigins.size(); ++origin) {
          const std::uint64_t count = c.total(answer_index(t, type, rcode, origin));
          const bool common = type == 0 && (rcode == dns::rcode::NOERROR || rcode == dns::rcode::SERVFAIL);
          if (count > 0 || common)
            to.sample({{"transport", kTransports[t]},
                       {"type", kTypes[type]},
                       {"rcode", kRcodes[rcode]},
                       {"origin", kOrigins[origin]}},
                      count);
        }

  to.histogram("dot_proxy_query_duration_seconds",
               "A client's wait: from its query's arrival to its answer's departure.");
  for (std::size_t t = 0; t < kTransports.size(); ++t)
    to.samples({{"transport", kTransports[t]}}, c, at::kWaits + t * histogram::kSize);

  to.counter("dot_proxy_queries_sent_again_total",
             "Copies of queries that left besides the first, or after it was lost, by cause.");
  write_row(to, c, at::kSentAgain, "cause", kAgain);
  to.counter("dot_proxy_queries_failed_over_total",
             "Queries that one upstream's connection failed, and that went to another upstream.");
  to.sample({}, c.total(at::kFailedOver));
  to.counter("dot_proxy_queries_failed_total",
             "Queries that the proxy ended with SERVFAIL, by cause; one for all who waited for it.");
  write_row(to, c, at::kServfailed, "cause", kServfails);
  to.counter("dot_proxy_upstream_connections_raced_total",
             "Connections begun because another took long, to the same upstream or to another.");
  write_row(to, c, at::kRaced, "rival", kRivals);
  to.counter("dot_proxy_clients_quarantined_total",
             "Clients that got connections of their own, because their queries ended shared ones.");
  to.sample({}, c.total(at::kQuarantined));

  write_connections(to);
  to.counter("dot_proxy_client_refused_total",
             "Clients, and queries of theirs, that a rule turned away, by transport and rule.");
  write_table(to, c, at::kRefused, "rule", kRules);
  to.counter("dot_proxy_accept_pauses_total",
             "Times that accepting paused for lack of descriptors, memory or threads.");
  to.sample({}, c.total(at::kPauses));

  to.counter("dot_proxy_client_tls_handshakes_total", "TLS handshakes with clients, full or resumed.");
  TlsTally::handshakes(to, c, at::kTls);
  to.counter("dot_proxy_client_tls_handshake_failures_total",
             "TLS handshakes with clients that failed, by reason.");
  write_row(to, c, at::kHandshakeFailures, "reason", kFailures);
  to.counter("dot_proxy_client_tls_connections_total", "TLS connections of clients, by version and group.");
  TlsTally::connections(to, c, at::kTls);
}

// Each counter is read once, so that the three families of one page fit together: those there are now are
// those accepted without those that have ended. Endings are read first: the difference is never negative.
void Metrics::write_connections(Exposition& to) const {
  constexpr std::size_t kStreams = 2;  // TLS and TCP: UDP has no connections
  std::array<std::array<std::uint64_t, kEndingNames.size()>, kStreams> ended{};
  std::array<std::uint64_t, kStreams> accepted{};
  for (std::size_t t = 0; t < kStreams; ++t) {
    for (std::size_t i = 0; i < kEndingNames.size(); ++i)
      ended[t][i] = counters_.total(at::kEnded + t * kEndingNames.size() + i);
    accepted[t] = counters_.total(at::kAccepted + t);
  }

  to.counter("dot_proxy_client_connections_accepted_total", "Client connections taken, by transport.");
  for (std::size_t t = 0; t < kStreams; ++t) to.sample({{"transport", kTransports[t]}}, accepted[t]);
  to.counter("dot_proxy_client_connections_ended_total",
             "Client connections that have ended, by transport and reason.");
  for (std::size_t t = 0; t < kStreams; ++t)
    for (std::size_t i = 0; i < kEndingNames.size(); ++i)
      to.sample({{"transport", kTransports[t]}, {"reason", kEndingNames[i]}}, ended[t][i]);
  to.gauge("dot_proxy_client_connections", "Client connections at the moment, by transport.");
  for (std::size_t t = 0; t < kStreams; ++t)
    to.sample({{"transport", kTransports[t]}},
              std::accumulate(ended[t].begin(), ended[t].end(), accepted[t], std::minus<>{}));
}
