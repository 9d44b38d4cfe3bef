#include "client/show/failure_tls.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>

#include "client/show/escape.h"

namespace client {
namespace {

using TlsKind = tls::TlsError::Kind;

constexpr const char* kImpostor = "somebody in between could have read the query and made up the answer";

std::string_view name_of(tls::Version version) {
  constexpr std::string_view kNames[] = {"TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"};
  return kNames[static_cast<int>(version) - static_cast<int>(tls::Version::tls10)];
}

std::string date(std::chrono::sys_seconds when) {
  const std::time_t seconds = when.time_since_epoch().count();
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[40];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &utc)};
}

std::string days(long long seconds) {
  const long long count = seconds / 86400;
  return count == 0 ? "less than a day" : count == 1 ? "1 day" : fmt::format("{} days", count);
}

// "DNS:a.example, DNS:b.example and 12 more": a public server's certificate may carry hundreds.
std::string list(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 5;
  if (names.empty()) return "no name at all";
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMost); ++i) text += (i > 0 ? ", " : "") + names[i];
  return names.size() > kMost ? fmt::format("{} and {} more", text, names.size() - kMost) : text;
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

// Facts in, prose out. What a certificate says is escaped already (tls/peer.h).
class TlsExplainer {
 public:
  TlsExplainer(const Failure& failure, const Options& options, std::time_t now)
      : failure_(failure), options_(options), now_(now), server_(printable(failure.server)) {}

  FailureWords explain(const tls::TlsError& error) const;

 private:
  bool is_about_session(const tls::TlsError::Facts& facts) const {
    const std::string& file = options_.files.session;
    return !file.empty() && facts.reason.starts_with(file + ": ");
  }
  FailureWords untrusted(const tls::TlsError::Facts& facts) const;
  FailureWords wrong_pin(const tls::TlsError::Facts& facts) const;
  FailureWords wrong_name(const tls::TlsError::Facts& facts) const;
  FailureWords out_of_date(const tls::TlsError::Facts& facts) const;
  FailureWords alert(const tls::TlsError::Facts& facts) const;
  FailureWords not_tls(const tls::TlsError::Facts& facts) const;
  FailureWords too_old(const std::string& evidence) const;
  std::string in_clear() const { return fmt::format("@tcp://{} (in clear)", server_); }

  const Failure& failure_;
  const Options& options_;
  std::time_t now_;
  std::string server_;
};

FailureWords TlsExplainer::explain(const tls::TlsError& error) const {
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
      return {"a PEM file cannot be used", printable(error.what()),
              is_about_session(facts) ? "another file with --session, or a new one" : "a readable PEM file"};
    case TlsKind::closed:
      return {fmt::format("{} closed the connection in the handshake", server_), "no TLS alert said why",
              fmt::format("{} if it is a plain DNS server", in_clear())};
    case TlsKind::pin_mismatch:
      return wrong_pin(facts);
    case TlsKind::bad_certificate:
      return {fmt::format("the certificate of {} is not acceptable", server_), printable(facts.reason),
              "another server, or tell its operator", kImpostor};
    case TlsKind::internal:
      break;
  }
  return {fmt::format("TLS with {} failed", server_), printable(error.what()), "again"};
}

FailureWords TlsExplainer::untrusted(const tls::TlsError::Facts& facts) const {
  const std::string issuer = facts.peer ? facts.peer->issuer : "unknown";
  const std::string advice = failure_.authority == kSystemStore
                                 ? "--ca FILE with the issuer's certificate"
                                 : "--ca FILE, or --ca system for a public server";
  return {fmt::format("the certificate of {} was issued by nobody we trust", server_),
          fmt::format("issuer {}, trust anchors of {}, {}", issuer, printable(failure_.authority),
                      printable(facts.reason)),
          advice, kImpostor};
}

FailureWords TlsExplainer::wrong_pin(const tls::TlsError::Facts& facts) const {
  return {fmt::format("the key of {} is none of those pinned", server_),
          fmt::format("its pin is sha256/{}", facts.peer ? facts.peer->pin : "unknown"),
          "another server, or that --pin if its operator confirms a new key", kImpostor};
}

FailureWords TlsExplainer::wrong_name(const tls::TlsError::Facts& facts) const {
  const std::vector<std::string> names = facts.peer ? facts.peer->names : std::vector<std::string>();
  const bool discovers = options_.action == Options::Action::discover;  // an address counts then, no name
  const std::string plain = discovers ? "" : plain_name(names);
  return {fmt::format("the certificate of {} is for another name", server_),
          fmt::format("wanted {}, found {}", printable(facts.expected_name), list(names)),
          plain.empty() ? "another server, or tell its operator"
                        : fmt::format("--tls-name {} if that is the server you mean", plain),
          "whoever holds that other certificate could pose as this server"};
}

FailureWords TlsExplainer::out_of_date(const tls::TlsError::Facts& facts) const {
  const bool expired = facts.kind == TlsKind::expired;
  std::string evidence = printable(facts.reason);
  if (facts.peer) {
    const auto limit = expired ? facts.peer->not_after : facts.peer->not_before;
    const long long away = std::abs(now_ - limit.time_since_epoch().count());
    evidence = fmt::format("valid {} {}, {} {}", expired ? "until" : "from", date(limit), days(away),
                           expired ? "ago" : "from now");
  }
  return {fmt::format("the certificate of {} {}", server_, expired ? "has expired" : "is not valid yet"),
          evidence, "a new certificate there, or correcting the clock here",
          expired ? "a key that leaked since, or a revoked certificate, would go unnoticed" : ""};
}

FailureWords TlsExplainer::alert(const tls::TlsError::Facts& facts) const {
  const std::string evidence = fmt::format("it sent the alert {}", printable(facts.alert));
  if (facts.alert == "no_application_protocol")
    return {
        options_.alpn == "dot" ? fmt::format("{} does not offer DNS over TLS", server_)
                               : fmt::format("{} does not offer the protocol of --alpn", server_),
        evidence + ": it refuses ALPN \"" + printable(options_.alpn) + "\"",
        options_.alpn == "dot" ? "the server's DNS-over-TLS port, usually -p 853" : "to leave --alpn out"};
  if (facts.alert == "protocol_version") return too_old(evidence);
  if (facts.alert == "certificate_required" && options_.cert.empty())
    return {fmt::format("{} wants to know who asks (two-way TLS)", server_), evidence, "--cert and --key"};
  if ((facts.alert == "unknown_ca" || facts.alert == "bad_certificate") && !options_.cert.empty())
    return {fmt::format("{} does not trust the certificate of --cert", server_), evidence,
            "a certificate of an issuer that it trusts"};
  return {fmt::format("{} refused the TLS connection", server_), evidence,
          "to find the reason in the server's log"};
}

FailureWords TlsExplainer::not_tls(const tls::TlsError::Facts& facts) const {
  // What OpenSSL says to the first octets of something else: a web page, a DNS message, a greeting.
  constexpr std::string_view kNotTls[] = {"wrong version number", "packet length too long", "http request",
                                          "record layer failure", "unexpected message"};
  const std::string evidence = fmt::format("OpenSSL says: {}", printable(facts.reason));
  if (facts.reason == "unsupported protocol") return too_old("it chose one that was not offered");
  const bool is_not_tls = std::ranges::find(kNotTls, std::string_view(facts.reason)) != std::end(kNotTls);
  // The server has shown that it speaks TLS: in clear is what somebody in between may want us to go on.
  if (is_not_tls && failure_.phase != Phase::tls)
    return {fmt::format("something that is not TLS came on the connection with {}", server_),
            evidence + ", after a handshake that was in order: damage or tampering on the way",
            "again, and ask who is in between"};
  if (is_not_tls)
    return {fmt::format("what {} sends is not TLS", server_), evidence,
            fmt::format("{} if it is a plain DNS server", in_clear())};
  if (facts.reason.find("bad record mac") != std::string::npos)
    return {fmt::format("what {} sent was changed on its way", server_),
            "the tag of a TLS record is wrong for its octets (bad_record_mac)",
            "again, and ask who is in between"};
  return {fmt::format("TLS with {} failed", server_), evidence,
          "another server, or look into this one's log"};
}

FailureWords TlsExplainer::too_old(const std::string& evidence) const {
  if (options_.most_version < tls::Version::tls13)
    return {fmt::format("{} speaks no version of TLS that was asked for", server_),
            fmt::format("{}; we offer {} to {}", evidence, name_of(options_.least_version),
                        name_of(options_.most_version)),
            "--tls-max 1.3"};
  return {fmt::format("{} speaks no version of TLS that was asked for", server_),
          fmt::format("{}; we offer {} to {}", evidence, name_of(options_.least_version),
                      name_of(options_.most_version)),
          "another server, or --tls-min 1.0 to look at this one all the same",
          "old versions of TLS let somebody in between read and change what they carry"};
}

}  // namespace

FailureWords tls_error_to_words(const tls::TlsError& error, const Failure& failure, const Options& options,
                                std::time_t now) {
  return TlsExplainer(failure, options, now).explain(error);
}

}  // namespace client
