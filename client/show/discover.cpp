#include "client/show/discover.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <ranges>

#include "client/show/escape.h"
#include "client/show/failure.h"
#include "client/show/json.h"
#include "client/show/json_writer.h"
#include "client/show/wrap.h"
#include "common/dns/codes.h"

namespace client {
namespace {

using Verdict = Designated::Verdict;

constexpr std::size_t kMostHints = 8;  // of a record that are shown: it may have thousands

std::string_view word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::verified:
      return "verified";
    case Verdict::opportunistic:
      return "opportunistic";
    case Verdict::refused:
      return "refused";
    case Verdict::unusable:
      return "unusable";
  }
  return "";
}

bool can_be_used(const Designated& one) {
  return one.verdict == Verdict::verified || one.verdict == Verdict::opportunistic;
}

std::string target_of(const Designated& one) {
  return printable(one.said.target.to_string());
}

// As the next run's @SERVER takes it: the name to check, where it is not the address itself.
std::string uri_of(const Designated& one) {
  const Server& server = one.options.server;
  const bool is_ipv6 = server.host.find(':') != std::string::npos;
  return fmt::format("tls://{}:{}{}", is_ipv6 ? '[' + server.host + ']' : server.host, server.port,
                     server.auth_name == server.host ? "" : '#' + server.auth_name);
}

const Connection* connection_of(const Designated& one) {
  const Outcome& outcome = one.lax ? *one.lax : one.strict;
  return outcome.connections.empty() ? nullptr : &outcome.connections.back();
}

std::string certificate_words(const Designated& one) {
  const Connection* const connection = connection_of(one);
  if (connection == nullptr || !connection->tls || !connection->tls->peer) return "the certificate";
  const tls::CertificateFacts& facts = *connection->tls->peer;
  return printable(fmt::format("the certificate {} ({})", facts.subject, fmt::join(facts.names, ", ")));
}

std::string failure_words(const Designated& one, std::time_t now) {
  const FailureWords words = failure_to_words(*one.strict.failure, one.options, now);
  return words.evidence.empty() ? words.what : fmt::format("{}; {}", words.what, words.evidence);
}

// Why it may, or may not, be believed.
std::string reason(const Designated& one, const std::string& asked, std::time_t now) {
  switch (one.verdict) {
    case Verdict::verified:
      return fmt::format(
          "{} is vouched for by {}, and it names {}, the address that was asked in clear. Somebody who "
          "forged the answer would need such a certificate, too (RFC 9462 4.2)",
          certificate_words(one), printable(connection_of(one)->authority), asked);
    case Verdict::opportunistic:
      return fmt::format(
          "it is not verified: {}. But {} is a private address, for which no public CA gives a certificate, "
          "and the same address was asked in clear. It may be used, since whoever is at that address reads "
          "the questions anyway. This protects against somebody who only reads the traffic, not against "
          "somebody who forges answers (RFC 9462 4.3)",
          failure_words(one, now), asked);
    case Verdict::refused:
      return failure_words(one, now);
    case Verdict::unusable:
      return printable(one.said.unusable);
  }
  return "";
}

// Of a refusal: why it is not used without a certificate either.
std::string no_opportunity(const Designated& one, const std::string& asked) {
  const auto address = net::SocketAddress::parse(asked, 0);
  if (!std::holds_alternative<tls::TlsError>(one.strict.failure->cause)) return "";
  if (!one.same_address)
    return fmt::format(
        " Without that proof only the same address might be used (RFC 9462 4.3), and this is another than "
        "{}.",
        asked);
  if (address && !is_private(*address))
    return fmt::format(
        " Without that proof only a private address might be used (RFC 9462 4.3), and {} is a public one.",
        asked);
  return "";
}

std::string row(const std::string& word, std::string_view meaning) {
  return fmt::format(";;      {:<26} {}\n", word, meaning);
}

std::string record_words(const Designated& one) {
  const Designation& said = one.said;
  std::string text = row(std::to_string(said.priority), "its priority: the lowest is tried first");
  text += row(target_of(one), "the designated resolver, by its name");
  if (!said.alpn.empty())
    text += row(printable(fmt::format("alpn={}", fmt::join(said.alpn, ","))),
                said.unusable.empty() ? "what it speaks; dot is DNS over TLS" : "what it speaks");
  if (said.port) text += row(fmt::format("port={}", *said.port), "where it listens");
  if (!said.port && said.unusable.empty()) text += row("no port", "so it listens on 853, as DoT does");
  for (const std::string& hint : said.hints | std::views::take(kMostHints))
    text += row(fmt::format("{}={}", hint.find(':') == std::string::npos ? "ipv4hint" : "ipv6hint", hint),
                "its address, told at once");
  if (said.hints.size() > kMostHints)
    text += row(fmt::format("and {} more", said.hints.size() - kMostHints), "hints");
  return text;
}

std::string check_text(const Designated& one, const std::string& asked, std::time_t now) {
  if (one.verdict == Verdict::unusable)
    return in_paragraph(
        fmt::format("   {} is passed over: {}.", target_of(one), printable(one.said.unusable)));
  const Connection* const connection = connection_of(one);
  std::string text = in_paragraph(
      fmt::format("3. TLS to {} at {}, an address from {}{}: {}.", target_of(one),
                  connection != nullptr ? connection->address.to_string() : one.options.server.host,
                  one.source, connection != nullptr && connection->tls ? ", " + connection->tls->version : "",
                  one.verdict == Verdict::verified        ? "VERIFIED"
                  : one.verdict == Verdict::opportunistic ? "OPPORTUNISTIC"
                                                          : "REFUSED"));
  std::string why = reason(one, asked, now) + '.';
  why[0] = static_cast<char>(why[0] >= 'a' && why[0] <= 'z' ? why[0] - 32 : why[0]);
  if (one.verdict == Verdict::refused) why += no_opportunity(one, asked);
  text += in_paragraph(why);
  if (can_be_used(one))
    text += in_paragraph(fmt::format("A system asks there from now on, encrypted: client {}@{} NAME",
                                     one.verdict == Verdict::verified ? "" : "--insecure ", uri_of(one)));
  else
    text +=
        in_paragraph("A system goes on to ask in clear, and does not try this again until the TTL is over.");
  return text;
}

std::string lesson(const Discovery& discovery, std::time_t now) {
  const std::string& asked = discovery.options.server.host;
  const Outcome& outcome = discovery.asked;
  std::string text = in_paragraph(
      fmt::format("Does the resolver at {} take questions over TLS, too? It can say so itself: Discovery of "
                  "Designated Resolvers, RFC 9462.",
                  asked));
  text += ";;\n";
  const Connection* const connection = outcome.connections.empty() ? nullptr : &outcome.connections.back();
  const std::string at = connection != nullptr ? connection->address.to_string() : asked;
  const std::string_view by =
      connection != nullptr && connection->transport == net::Transport::tcp ? "TCP" : "UDP";
  text += in_paragraph(fmt::format(
      "1. Asked in clear, by {} at {}: {}. Everybody on the path can read that, and could forge the answer.",
      by, at, to_string(discovery.options.questions[0])));
  if (outcome.failure) return text + in_paragraph("   No answer.");
  const Answer& answer = *outcome.answers[0];
  text += in_paragraph(fmt::format("2. Answered in {:.1f} ms: {}.", milliseconds(answer.time),
                                   dns::rcode_name(answer.message.rcode())));
  if (discovery.designated.empty())
    return text +
           in_paragraph(
               "   It names no designated resolver: a system goes on to ask here in clear, unless somebody "
               "tells it more.");
  for (const dns::Record& record : answer.message.answers) text += dns::record_to_text(record) + '\n';
  for (const Designated& one : discovery.designated) {
    text += record_words(one);
    text += check_text(one, asked, now);
  }
  return text;
}

}  // namespace

std::string discovery_to_text(const Discovery& discovery, std::time_t now) {
  if (!discovery.options.show.rdata_only) return lesson(discovery, now);
  std::string text;
  for (const Designated& one : discovery.designated)
    if (can_be_used(one))
      text += fmt::format("{} {} {}\n", word_of(one.verdict), uri_of(one), target_of(one));
  return text;
}

std::string discovery_to_json(const Discovery& discovery, std::time_t now) {
  std::string lines = outcome_to_json(discovery.asked, discovery.options, now);
  for (const Designated& one : discovery.designated) {
    JsonWriter json;
    json.open_object();
    json.open_object("designated");
    json.member("resolver", discovery.options.server.host);
    json.member("priority", one.said.priority);
    json.member("target", one.said.target.to_string());
    json.member("params", one.said.params);
    json.member("result", word_of(one.verdict));
    if (one.verdict != Verdict::unusable) json.member("uri", uri_of(one));
    json.member("reason", reason(one, discovery.options.server.host, now));
    if (one.verdict == Verdict::refused)
      json.member("exit_code", static_cast<int>(exit_code(*one.strict.failure)));
    json.close();
    json.close();
    lines += json.take() += '\n';
  }
  return lines;
}

}  // namespace client
