#include "client/show/failure.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

#include "client/show/escape.h"
#include "common/net/endpoint.h"

namespace client {
namespace {

using fmt::format;
using NetKind = net::NetError::Kind;
using TlsKind = tls::TlsError::Kind;

std::string_view name_of(tls::Version version) {
  constexpr std::string_view kNames[] = {"TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"};
  return kNames[static_cast<int>(version) - static_cast<int>(tls::Version::tls10)];
}

std::string date(std::chrono::sys_seconds when) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[40];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &utc)};
}

std::string days(long long seconds) {
  const long long count = seconds / 86400;
  return count == 0 ? "less than a day" : count == 1 ? "1 day" : format("{} days", count);
}

// "DNS:a.example, DNS:b.example and 12 more": a public server's certificate may carry hundreds.
std::string list(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 5;
  if (names.empty()) return "no name at all";
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMost); ++i) text += (i > 0 ? ", " : "") + names[i];
  return names.size() > kMost ? format("{} and {} more", text, names.size() - kMost) : text;
}

// The first SAN that can be typed into a shell as it stands; empty if there is none.
std::string plain_name(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const std::string text = name.substr(name.find(':') + 1);
    const bool plain = std::ranges::all_of(
        text, [](unsigned char c) { return std::isalnum(c) != 0 || c == '.' || c == '-' || c == ':'; });
    if (plain && !text.empty()) return text;
  }
  return {};
}

std::string describe(const ReplyFault& fault) {
  switch (fault.kind) {
    case ReplyFault::Kind::malformed:
      return fault.wire ? dns::to_string(*fault.wire) : "";
    case ReplyFault::Kind::not_a_response:
      return "its QR flag says that it is a query";
    case ReplyFault::Kind::wrong_id:
      return format("no query in flight has the ID {}", fault.id);
    case ReplyFault::Kind::wrong_opcode:
      return "its opcode is not QUERY";
    case ReplyFault::Kind::wrong_question:
      break;
  }
  if (fault.found.empty()) return format("it repeats no question, status {}", fault.status);
  return format("asked {}, found {}, status {}", fault.asked, fault.found, fault.status);
}

constexpr const char* kImpostor = "somebody in between could have read the query and made up the answer";

// One overload per cause; facts in, prose out.
class Explainer {
 public:
  Explainer(const Failure& failure, const Options& options, std::time_t now)
      : failure_(failure), options_(options), now_(now), server_(printable(failure.server)) {}

  FailureWords operator()(const NoAddress& error) const;
  FailureWords operator()(const NoTrustAnchor& error) const;
  FailureWords operator()(const net::NetError& error) const;
  FailureWords operator()(const tls::TlsError& error) const;
  FailureWords operator()(const ReplyFault& fault) const;
  FailureWords operator()(const ClosedEarly& closed) const;

 private:
  FailureWords refused() const;
  FailureWords timeout() const;
  FailureWords wrong_name(const tls::TlsError::Facts& facts) const;
  FailureWords out_of_date(const tls::TlsError::Facts& facts) const;
  FailureWords untrusted(const tls::TlsError::Facts& facts) const;
  FailureWords wrong_pin(const tls::TlsError::Facts& facts) const;
  FailureWords alert(const tls::TlsError::Facts& facts) const;
  FailureWords not_tls(const tls::TlsError::Facts& facts) const;
  std::string unanswered() const;
  std::string in_clear() const { return format("@tcp://{} (in clear)", server_); }

  const Failure& failure_;
  const Options& options_;
  std::time_t now_;
  std::string server_;
};

FailureWords Explainer::operator()(const NoAddress& error) const {
  const std::string host = printable(options_.server.host);
  const bool is_tls = options_.server.transport == net::Transport::tls;
  return {format("no address for '{}'", host), error.what(),
          is_tls ? format("@ADDRESS with --tls-name {}", host) : "@ADDRESS"};
}

FailureWords Explainer::operator()(const NoTrustAnchor& error) const {
  return {"nothing to check the server's certificate against", error.what(),
          "--ca FILE, or --ca system for a public server"};
}

FailureWords Explainer::operator()(const net::NetError& error) const {
  const std::string reason = error.error() != 0 ? strerrordesc_np(error.error()) : error.what();
  switch (error.kind()) {
    case NetKind::timeout:
      return timeout();
    case NetKind::refused:
      return refused();
    case NetKind::unreachable:
      return {format("{} cannot be reached", server_), reason, "another address or another network"};
    case NetKind::reset:
    case NetKind::closed:
    case NetKind::malformed:
      if (failure_.phase == Phase::tls)
        return {format("{} broke off the handshake", server_), reason,
                format("{} if it is a plain DNS server", in_clear())};
      return {format("{} broke the connection off", server_), format("{}, {}", reason, unanswered()),
              "again, or look into the server's log"};
    case NetKind::system:
      break;
  }
  return {"the system would not do it", error.what(), "again, or the limits of this process"};
}

FailureWords Explainer::refused() const {
  std::string evidence = "nothing listens on that port";
  if (options_.server.transport == net::Transport::udp && failure_.phase == Phase::connect)
    evidence = "the answer was too long for UDP, and nothing listens on the TCP port";
  return {format("{} refused the connection", server_), evidence,
          "to start it (./start.sh, or proxyserver), or another port with -p"};
}

FailureWords Explainer::timeout() const {
  const std::string waited = format("waited {} s", std::chrono::duration<double>(options_.timeout).count());
  const std::string longer = "a longer --timeout";
  if (failure_.server.empty() || failure_.phase == Phase::connect)
    return {format("no connection to {} in time", server_), waited,
            longer + ", or whether a firewall stands in between"};
  if (failure_.phase == Phase::tls)
    return {format("{} accepted the connection but did not finish the TLS handshake", server_), waited,
            format("{}, or {} if it is a plain DNS server", longer, in_clear())};
  std::string evidence = format("{}, {}", waited, unanswered());
  if (failure_.discarded > 0)
    evidence +=
        format(", {} discarded, the last because {}", failure_.discarded, describe(*failure_.last_discarded));
  return {format("no answer from {} in time", server_), evidence, longer + ", or another server"};
}

std::string Explainer::unanswered() const {
  if (failure_.asked == 1) return "the question is unanswered";
  return format("{} of {} questions are unanswered", failure_.unanswered, failure_.asked);
}

FailureWords Explainer::operator()(const tls::TlsError& error) const {
  const tls::TlsError::Facts& facts = error.facts();
  switch (facts.kind) {
    case TlsKind::untrusted_issuer:
      return untrusted(facts);
    case TlsKind::name_mismatch:
      return wrong_name(facts);
    case TlsKind::expired:
    case TlsKind::not_yet_valid:
      return out_of_date(facts);
    case TlsKind::alert:
      return alert(facts);
    case TlsKind::protocol:
      return not_tls(facts);
    case TlsKind::file:
      return {"a PEM file cannot be used", printable(error.what()), "a readable PEM file"};
    case TlsKind::closed:
      return {format("{} closed the connection in the handshake", server_), "no TLS alert said why",
              format("{} if it is a plain DNS server", in_clear())};
    case TlsKind::pin_mismatch:
      return wrong_pin(facts);
    case TlsKind::bad_certificate:
      return {format("the certificate of {} is not acceptable", server_), printable(facts.reason),
              "another server, or tell its operator", kImpostor};
    case TlsKind::internal:
      break;
  }
  return {format("TLS with {} failed", server_), printable(error.what()), "again"};
}

FailureWords Explainer::untrusted(const tls::TlsError::Facts& facts) const {
  const std::string issuer = facts.peer ? printable(facts.peer->issuer) : "unknown";
  const std::string advice = options_.ca == kSystemCa ? "--ca FILE with the issuer's certificate"
                                                      : "--ca FILE, or --ca system for a public server";
  return {format("the certificate of {} was issued by nobody we trust", server_),
          format("issuer {}, trust anchors of {}, {}", issuer, printable(failure_.authority),
                 printable(facts.reason)),
          advice, kImpostor};
}

FailureWords Explainer::wrong_pin(const tls::TlsError::Facts& facts) const {
  return {format("the key of {} is none of those pinned", server_),
          format("its pin is sha256/{}", facts.peer ? facts.peer->pin : "unknown"),
          "another server, or that --pin if its operator confirms a new key", kImpostor};
}

FailureWords Explainer::wrong_name(const tls::TlsError::Facts& facts) const {
  const std::vector<std::string> names = facts.peer ? facts.peer->names : std::vector<std::string>();
  const std::string plain = plain_name(names);
  return {format("the certificate of {} is for another name", server_),
          format("wanted {}, found {}", printable(facts.expected_name), printable(list(names))),
          plain.empty() ? "another server, or tell its operator"
                        : format("--tls-name {} if that is the server you mean", plain),
          "whoever holds that other certificate could pose as this server"};
}

FailureWords Explainer::out_of_date(const tls::TlsError::Facts& facts) const {
  const bool expired = facts.kind == TlsKind::expired;
  std::string evidence = printable(facts.reason);
  if (facts.peer) {
    const auto limit = expired ? facts.peer->not_after : facts.peer->not_before;
    const long long away = std::abs(now_ - std::chrono::system_clock::to_time_t(limit));
    evidence = format("valid {} {}, {} {}", expired ? "until" : "from", date(limit), days(away),
                      expired ? "ago" : "from now");
  }
  return {format("the certificate of {} {}", server_, expired ? "has expired" : "is not valid yet"), evidence,
          "a new certificate there, or correcting the clock here",
          expired ? "a key that leaked since, or a revoked certificate, would go unnoticed" : ""};
}

FailureWords Explainer::alert(const tls::TlsError::Facts& facts) const {
  const std::string evidence = format("it sent the alert {}", printable(facts.alert));
  if (facts.alert == "no_application_protocol")
    return {format("{} does not offer DNS over TLS", server_),
            evidence + ": it refuses ALPN \"" + printable(options_.alpn) + "\"",
            "the server's DNS-over-TLS port, usually -p 853"};
  if (facts.alert == "protocol_version")
    return {format("{} speaks no version of TLS that was asked for", server_),
            format("{}; we offer {} to {}", evidence, name_of(options_.least_version),
                   name_of(options_.most_version)),
            "another server, or --tls-min 1.0 to look at this one all the same",
            "old versions of TLS let somebody in between read and change what they carry"};
  return {format("{} refused the TLS connection", server_), evidence,
          "to find the reason in the server's log"};
}

FailureWords Explainer::not_tls(const tls::TlsError::Facts& facts) const {
  // What OpenSSL says to the first octets of something else: a web page, a DNS message, a greeting.
  constexpr std::string_view kNotTls[] = {"wrong version number", "packet length too long", "http request",
                                          "record layer failure", "unexpected message"};
  const std::string evidence = format("OpenSSL says: {}", printable(facts.reason));
  if (std::ranges::find(kNotTls, std::string_view(facts.reason)) != std::end(kNotTls))
    return {format("what {} sends is not TLS", server_), evidence,
            format("{} if it is a plain DNS server", in_clear())};
  if (facts.reason.find("bad record mac") != std::string::npos)
    return {format("what {} sent was changed on its way", server_),
            "the tag of a TLS record does not fit its octets (bad_record_mac)",
            "again, and ask who stands in between"};
  return {format("TLS with {} failed", server_), evidence, "another server, or look into this one's log"};
}

FailureWords Explainer::operator()(const ReplyFault& fault) const {
  const bool malformed = fault.kind == ReplyFault::Kind::malformed;
  return {format("the reply of {} {}", server_, malformed ? "is malformed" : "does not match the query"),
          describe(fault), "another server, or tell its operator"};
}

FailureWords Explainer::operator()(const ClosedEarly& closed) const {
  return {format("{} closed the connection {}", server_,
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
  return format("client: [{}] {}; {}; {}try {}", to_string(failure.phase), words.what, words.evidence, risk,
                words.advice);
}

std::vector<std::string> warnings(const Outcome& outcome, const Options& options, std::time_t now) {
  std::vector<std::string> lines;
  for (const Connection& connection : outcome.connections) {
    if (!connection.insecure || !connection.tls) continue;
    std::string line = "client: WARNING: --insecure: anybody may have read the query and made up the answer";
    if (connection.overlooked) {
      const Failure failure{.phase = Phase::tls,
                            .cause = *connection.overlooked,
                            .server = connection.address.to_string(),
                            .authority = connection.authority};
      const FailureWords words = failure_to_words(failure, options, now);
      line += format("; a strict client would have stopped: {}; {}", words.what, words.evidence);
    } else {
      line += "; a strict client would have had no complaint";
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace client
