#include "client/show/failure.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

#include "client/show/escape.h"
#include "client/show/failure_tls.h"
#include "common/cli.h"
#include "common/net/endpoint.h"

namespace client {
namespace {

using NetKind = net::NetError::Kind;

std::string describe(const ReplyFault& fault) {
  switch (fault.kind) {
    case ReplyFault::Kind::malformed:
      return fault.wire ? dns::to_string(*fault.wire) : "";
    case ReplyFault::Kind::not_a_response:
      return "its QR flag says that it is a query";
    case ReplyFault::Kind::wrong_id:
      return fmt::format("no query in flight has the ID {}", fault.id);
    case ReplyFault::Kind::wrong_opcode:
      return "its opcode is not QUERY";
    case ReplyFault::Kind::wrong_question:
      break;
  }
  if (fault.found.empty()) return fmt::format("it repeats no question, status {}", fault.status);
  return fmt::format("asked {}, found {}, status {}", fault.asked, fault.found, fault.status);
}

// One overload per cause; facts in, prose out.
class Explainer {
 public:
  Explainer(const Failure& failure, const Options& options, std::time_t now)
      : failure_(failure), options_(options), now_(now), server_(printable(failure.server)) {}

  FailureWords operator()(const NoAddress& error) const;
  FailureWords operator()(const NoTrustAnchor& error) const;
  FailureWords operator()(const net::NetError& error) const;
  FailureWords operator()(const tls::TlsError& error) const {
    return tls_error_to_words(error, failure_, options_, now_);
  }
  FailureWords operator()(const ReplyFault& fault) const;
  FailureWords operator()(const ClosedEarly& closed) const;

 private:
  FailureWords of_net_error(const net::NetError& error) const;
  FailureWords refused() const;
  FailureWords timeout() const;
  std::string unanswered() const;
  std::string in_clear() const { return fmt::format("@tcp://{} (in clear)", server_); }

  const Failure& failure_;
  const Options& options_;
  std::time_t now_;
  std::string server_;
};

FailureWords Explainer::operator()(const NoAddress& error) const {
  const std::string host = printable(options_.server.host);
  const bool is_tls = options_.server.transport == net::Transport::tls;
  return {fmt::format("no address for '{}'", host), error.what(),
          is_tls ? fmt::format("@ADDRESS with --tls-name {}", host) : "@ADDRESS"};
}

FailureWords Explainer::operator()(const NoTrustAnchor& error) const {
  return {"nothing to check the server's certificate against", error.what(),
          "--ca FILE, or --ca system for a public server"};
}

// "[::1]:8443" of "::1:8443", which was taken for an address as a whole; empty if it is no such thing.
std::string with_brackets(const std::string& host) {
  const auto colon = host.rfind(':');
  if (colon == std::string::npos || host.size() - colon < 3 || !is_address(host.substr(0, colon))) return {};
  if (!cli::parse_number(std::string_view(host).substr(colon + 1), 1, 65535)) return {};
  return fmt::format("[{}]:{}", host.substr(0, colon), host.substr(colon + 1));
}

FailureWords Explainer::operator()(const net::NetError& error) const {
  FailureWords words = of_net_error(error);
  const std::string meant = with_brackets(options_.server.host);
  if (failure_.phase == Phase::connect && error.kind() != NetKind::system && !meant.empty())
    words.advice = fmt::format("@{} if that is the port, or {}", meant, words.advice);
  return words;
}

FailureWords Explainer::of_net_error(const net::NetError& error) const {
  const std::string reason = error.error() != 0 ? strerrordesc_np(error.error()) : error.what();
  switch (error.kind()) {
    case NetKind::timeout:
      return timeout();
    case NetKind::refused:
      return refused();
    case NetKind::unreachable:
      return {fmt::format("{} cannot be reached", server_), reason, "another address or another network"};
    case NetKind::reset:
    case NetKind::closed:
    case NetKind::malformed:
      if (failure_.phase == Phase::tls)
        return {fmt::format("{} broke off the handshake", server_), reason,
                fmt::format("{} if it is a plain DNS server", in_clear())};
      return {fmt::format("{} broke the connection off", server_),
              fmt::format("{}, {}", reason, unanswered()), "again, or look into the server's log"};
    case NetKind::system:
      break;
  }
  constexpr int kNoSuchPlace[] = {ENOENT, EACCES, EPERM, EISDIR, ENOTDIR, EROFS, ENOSPC, ENXIO};
  if (std::ranges::find(kNoSuchPlace, error.error()) != std::end(kNoSuchPlace))
    return {"a file cannot be written", printable(error.what()), "another file"};
  return {"the system would not do it", error.what(), "again, or the limits of this process"};
}

FailureWords Explainer::refused() const {
  std::string evidence = "nothing listens on that port";
  if (options_.server.transport == net::Transport::udp && failure_.phase == Phase::connect)
    evidence = "the answer was too long for UDP, and nothing listens on the TCP port";
  if (options_.action == Options::Action::compare && failure_.phase != Phase::tls &&
      options_.server.transport != net::Transport::tls)
    return {fmt::format("{} refused the connection", server_), evidence, "another port with --clear-port"};
  return {fmt::format("{} refused the connection", server_), evidence,
          "to start it (./start.sh, or proxyserver), or another port with -p"};
}

FailureWords Explainer::timeout() const {
  const std::string waited =
      fmt::format("waited {} s", std::chrono::duration<double>(options_.timeout).count());
  const std::string longer = "a longer --timeout";
  if (failure_.server.empty() || failure_.phase == Phase::connect)
    return {fmt::format("no connection to {} in time", server_), waited,
            longer + ", or whether a firewall is in between"};
  if (failure_.phase == Phase::tls)
    return {fmt::format("{} accepted the connection but did not finish the TLS handshake", server_), waited,
            fmt::format("{}, or {} if it is a plain DNS server", longer, in_clear())};
  std::string evidence = fmt::format("{}, {}", waited, unanswered());
  if (failure_.discarded > 0)
    evidence += fmt::format(", {} discarded, the last because {}", failure_.discarded,
                            describe(*failure_.last_discarded));
  return {fmt::format("no answer from {} in time", server_), evidence, longer + ", or another server"};
}

std::string Explainer::unanswered() const {
  std::string text = failure_.asked == 1 ? "the question is unanswered"
                                         : fmt::format("{} of {} questions are unanswered",
                                                       failure_.unanswered, failure_.asked);
  if (failure_.no_alpn) text += ", and it agreed to no ALPN: perhaps it speaks no DNS";
  return text;
}

FailureWords Explainer::operator()(const ReplyFault& fault) const {
  const bool malformed = fault.kind == ReplyFault::Kind::malformed;
  return {fmt::format("the reply of {} {}", server_, malformed ? "is malformed" : "does not match the query"),
          describe(fault), "another server, or tell its operator"};
}

FailureWords Explainer::operator()(const ClosedEarly& closed) const {
  return {fmt::format("{} closed the connection {}", server_,
                      closed.inside_message ? "in the middle of a message" : "without an answer"),
          unanswered(), "again, or look into the server's log"};
}

}  // namespace

std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::connect:
      return "connect";
    case Phase::tls:
      return "tls";
    case Phase::query:
      return "query";
    case Phase::reply:
      return "reply";
  }
  return "?";
}

FailureWords failure_to_words(const Failure& failure, const Options& options, std::time_t now) {
  return std::visit(Explainer(failure, options, now), failure.cause);
}

std::string failure_to_text(const Failure& failure, const Options& options, std::time_t now) {
  const FailureWords words = failure_to_words(failure, options, now);
  const std::string risk = words.risk.empty() ? "" : words.risk + "; ";
  return fmt::format("client: [{}] {}; {}; {}try {}", to_string(failure.phase), words.what, words.evidence,
                     risk, words.advice);
}

std::vector<std::string> warnings(const Outcome& outcome, const Options& options, std::time_t now) {
  std::vector<std::string> lines;
  for (const Connection& connection : outcome.connections) {
    if (!connection.tls) continue;
    if (const std::string& version = connection.tls->version; version == "TLSv1" || version == "TLSv1.1")
      lines.push_back(fmt::format(
          "client: WARNING: {} was agreed on, which RFC 8996 forbids: somebody in between may have "
          "read the query and made up the answer",
          version));
    if (!connection.insecure) continue;
    std::string line = "client: WARNING: --insecure: ";
    if (connection.overlooked) {
      const Failure failure{.phase = Phase::tls,
                            .cause = *connection.overlooked,
                            .server = connection.address.to_string(),
                            .authority = connection.authority};
      const FailureWords words = failure_to_words(failure, options, now);
      line += fmt::format(
          "anybody may have read the query and made up the answer; a strict client would have "
          "stopped: {}; {}",
          words.what, words.evidence);
    } else {
      line += "this certificate passed all checks, and a strict client would have accepted it";
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace client
