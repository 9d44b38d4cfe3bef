// Questions about trust: the certificate, pins, alerts, and why a run failed.
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "client/show/escape.h"
#include "client/show/quiz_questions.h"
#include "client/show/tls_words.h"

namespace client {
namespace {

using Kind = WireEvent::Kind;
using Made = std::optional<QuizQuestion>;
using TlsKind = tls::TlsError::Kind;

constexpr std::size_t kMostNames = 12;  // of a certificate; who can read more in a question?

constexpr std::string_view kReasons[] = {
    "its certificate leads to no issuer that the client trusts", "its certificate is for another name",
    "its certificate is out of date", "its key is none of those that were pinned"};

std::optional<std::size_t> reason_of(TlsKind kind) {
  switch (kind) {
    case TlsKind::untrusted_issuer:
      return 0;
    case TlsKind::name_mismatch:
      return 1;
    case TlsKind::expired:
    case TlsKind::not_yet_valid:
      return 2;
    case TlsKind::pin_mismatch:
      return 3;
    default:
      return std::nullopt;
  }
}

std::string day(std::chrono::sys_seconds when) {
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(when));
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

bool carries(const tls::CertificateFacts& peer, const std::string& name) {
  return std::ranges::any_of(
      peer.names, [&](const std::string& one) { return one == "IP:" + name || one == "DNS:" + name; });
}

Made refusal(const QuizRun& run, QuizDice& dice) {
  const tls::TlsError* const error = run.rejection();
  if (error == nullptr || !error->facts().peer) return std::nullopt;
  const auto reason = reason_of(error->kind());
  if (!reason) return std::nullopt;
  const tls::CertificateFacts& peer = *error->facts().peer;
  const std::vector<std::string>& pins = run.options.pins;
  const std::string& name = run.options.server.auth_name;
  const auto now = std::chrono::floor<std::chrono::seconds>(run.outcome.recording.wall_begin);
  const bool in_time = now >= peer.not_before && now <= peer.not_after;
  // A certificate with two faults has two right answers: then it is not asked.
  if (in_time == (reason == 2U) || carries(peer, name) == (reason == 1U) || pins.empty() == (reason == 3U))
    return std::nullopt;
  if (peer.names.size() > kMostNames) return std::nullopt;
  const std::string trusted = run.connection->authority.empty() && run.outcome.failure
                                  ? run.outcome.failure->authority
                                  : run.connection->authority;
  std::vector<std::string> shown = {
      fmt::format("names in the certificate:  {}", fmt::join(peer.names, ", ")),
      "name that the client wants:  " + printable(name),
      fmt::format("valid:  from {} to {}; day of the run:  {}", day(peer.not_before), day(peer.not_after),
                  day(now)),
      "issuer:  " + peer.issuer,
      "pins that the client was given:  " + (pins.empty() ? "none" : fmt::format("{}", fmt::join(pins, " "))),
      "pin of the server:  sha256/" + peer.pin};
  QuizQuestion question{
      .shown = std::move(shown),
      .asked =
          run.outcome.failure
              ? "The client did not trust this server. Why?"
              : "The client was told to trust whoever answers. What would a strict client have said of this "
                "server?",
      .answer = std::string(kReasons[*reason]),
      .rfc = "RFC 8310 8.1"};
  const std::array<std::string, 4> why{
      fmt::format("Name and dates are in order, but nobody whose certificate the client has ({}) signed it.",
                  printable(trusted)),
      fmt::format("{} is not among its names: the certificate may be genuine, but it is somebody else's.",
                  printable(name)),
      "The day of the run is not within its dates. A key that leaked since would go unnoticed.",
      "Its certificate is in order, but its key is not one that was pinned."};
  question.why = why.at(*reason);
  if (reason == 3U) question.rfc = "RFC 7858 4.2";
  const std::array<std::string, 4> why_not{"the client got so far that it looked at the rest",
                                           "the name that it wants is among those in the "
                                           "certificate",
                                           "the day of the run is within the dates",
                                           "that is not what the pins say here"};
  for (std::size_t i = 0; i < std::size(kReasons); ++i)
    if (i != *reason) question.wrong.push_back({std::string(kReasons[i]), why_not.at(i)});
  return with_options(std::move(question), dice);
}

struct Alert {
  const WireEvent* event = nullptr;
  std::string name = {};
};

// The fatal one, or else the last.
Alert alert_of(const QuizRun& run) {
  Alert found;
  for (const WireEvent& event : run.outcome.recording.events) {
    if (event.connection != run.index || event.kind != Kind::alert || event.octets.size() != 2) continue;
    if (found.event == nullptr || found.event->octets[0] != 2)
      found = {&event, tls::alert_name(event.octets[1])};
  }
  return found;
}

Made alert(const QuizRun& run, QuizDice& dice) {
  struct Known {
    unsigned number;
    std::string_view name;
    std::string_view means;
  };
  constexpr Known kKnown[] = {
      {0, "close_notify", "that side has nothing more to say"},
      {20, "bad_record_mac", "a record was changed on its way"},
      {40, "handshake_failure", "that side does not accept what was agreed on"},
      {42, "bad_certificate", "the certificate is broken, or not the wanted one"},
      {45, "certificate_expired", "the certificate is out of date"},
      {46, "certificate_unknown", "the certificate is not accepted"},
      {48, "unknown_ca", "the certificate leads to no issuer that is trusted"},
      {70, "protocol_version", "no version of TLS that both know"},
      {116, "certificate_required", "that side wants a certificate"},
      {120, "no_application_protocol", "no protocol that both know"},
  };
  const Alert found = alert_of(run);
  const auto* const known = std::ranges::find(kKnown, found.name, &Known::name);
  if (found.event == nullptr || known == std::end(kKnown)) return std::nullopt;
  std::vector<std::string_view> pool;
  for (const Known& one : kKnown) pool.push_back(one.name);
  QuizQuestion question{
      .shown = {"alert:  " + hex_line(found.event->octets)},
      .asked =
          "An alert has two octets: level, and description. The list of descriptions is in the RFC. Which "
          "alert is this?",
      .answer = found.name,
      .wrong = others(pool, found.name, 3, dice),
      .why = fmt::format("Description {} is {}: {}.", known->number, known->name, known->means),
      .rfc = run.rfc("8446 6", "5246 7.2")};
  for (QuizQuestion::Wrong& wrong : question.wrong)
    wrong.why = fmt::format("{} is description {}", wrong.answer,
                            std::ranges::find(kKnown, wrong.answer, &Known::name)->number);
  return with_options(std::move(question), dice);
}

Made alert_by(const QuizRun& run, QuizDice& dice) {
  const Alert found = alert_of(run);
  if (found.event == nullptr || found.event->octets[0] != 2) return std::nullopt;
  const bool by_client = found.event->sent;
  std::vector<std::string> before;
  for (const WireEvent& event : run.outcome.recording.events) {
    if (&event == found.event) break;
    if (event.connection == run.index && event.kind == Kind::handshake)
      before.push_back(handshake_name(event.octets));
  }
  const bool refused = run.rejection() != nullptr && run.rejection()->facts().peer;
  std::string why = by_client
                        ? "The client found something wrong in what it received, and said so before it left."
                        : "The server did not accept what the client sent, and said so.";
  if (by_client && refused)
    why = "It is the client that checks the certificate of the server; the alert says what it found.";
  return with_options({.shown = {fmt::format("messages of the handshake:  {}", fmt::join(before, ", ")),
                                 "then:  a fatal alert"},
                       .asked = "Which side sent the alert?",
                       .answer = by_client ? "the client" : "the server",
                       .wrong = {{by_client ? "the server" : "the client",
                                  by_client ? "the server had nothing to complain of"
                                            : "the client had nothing to complain of"},
                                 {"somebody on the path", "its octets came from one of the two ends here"}},
                       .why = std::move(why),
                       .rfc = by_client && refused ? run.rfc("8446 4.4.2.4", "5246 7.4.2")
                                                   : run.rfc("8446 6.2", "5246 7.2.2")},
                      dice);
}

Made entry(const QuizRun& run, QuizDice& dice) {
  const std::string& name = run.options.server.auth_name;
  if (!run.connection->tls || !run.connection->tls->peer || run.options.pin_only ||
      run.rejection() != nullptr)
    return std::nullopt;
  const tls::CertificateFacts& peer = *run.connection->tls->peer;
  if (!carries(peer, name) || peer.names.size() < 2 || peer.names.size() > kMostNames) return std::nullopt;
  if (std::ranges::any_of(peer.names, [](const std::string& one) { return one.starts_with("DNS:*"); }))
    return std::nullopt;  // it may fit, too
  const bool address = is_address(name);
  QuizQuestion question{
      .shown = {"subject:  " + peer.subject,
                fmt::format("names in the certificate:  {}", fmt::join(peer.names, ", ")),
                "server, as the client was told:  " + printable(name)},
      .asked = "Which entry of the certificate shows the client that this is the right server?",
      .answer = (address ? "IP:" : "DNS:") + printable(name),
      .wrong = {{peer.subject, "the subject is not looked at, only the names"}},
      .why =
          "The client looks for exactly what it was told: an address among the addresses, a name among the "
          "names.",
      .rfc = "RFC 8310 8.1"};
  for (const std::string& other : peer.names)
    if (other != question.answer && question.wrong.size() < 3)
      question.wrong.push_back({other, "the client was told something else"});
  return with_options(std::move(question), dice);
}

Made pin(const QuizRun& run, QuizDice& dice) {
  if (run.options.pins.empty()) return std::nullopt;
  return with_options(
      {.shown = {"--pin " + printable(run.options.pins.front())},
       .asked = "The client was given this pin. Of what is it a SHA-256?",
       .answer = "a public key",
       .wrong = {{"a name", "a name needs no hash, and everybody could have it in a certificate"},
                 {"a whole certificate", "a new certificate for the same key keeps its pin"},
                 {"a session key", "it is new with each connection"}},
       .why = "The pin is of the key alone: a server without that key is another one, even if a CA vouches "
              "for it.",
       .rfc = "RFC 7858 4.2"},
      dice);
}

Made reset(const QuizRun& run, QuizDice& dice) {
  const bool is_all = run.steps.size() == 2 && run.steps[0].kind == Step::Kind::connecting &&
                      run.steps[1].kind == Step::Kind::refused;
  if (!is_all) return std::nullopt;
  return with_options(
      {.shown = {"from the client:  SYN", "from the server:  RST"},
       .asked = "This is all that passed. What does the answer of the server say?",
       .answer = "no program listens on that port",
       .wrong = {{"there is no such name", "the DNS was not asked yet"},
                 {"its certificate is out of date", "TLS comes after TCP, and there is no TCP connection"},
                 {"the packet was lost", "then nothing would have come back"}},
       .why = "The machine is there, but nobody on it waits at that port. So it refuses the connection.",
       .rfc = "RFC 9293 3.5.2"},
      dice);
}

constexpr QuizKind kKinds[] = {
    {"refusal", 2, "trust", "refusal", "", refusal},
    {"alert", 2, "trust versions integrity", "alert", "", alert},
    {"alert-by", 1, "trust versions integrity", "alert-by", "", alert_by},
    {"entry", 1, "trust", "entry", "", entry},
    {"pin", 2, "trust", "pin", "", pin},
    {"reset", 1, "failure", "reset", "", reset},
};

}  // namespace

std::span<const QuizKind> trust_kinds() {
  return kKinds;
}

}  // namespace client
