// What a kept run holds, and in which order: described once, for writer and reader.
#include "client/kept_run.h"

#include <algorithm>
#include <fmt/format.h>

#include "client/kept_failure.h"
#include "client/kept_lines.h"
#include "client/show/escape.h"
#include "common/dns/codes.h"

namespace client {
namespace {

using std::array;
using std::string_view;
using Nanoseconds = std::chrono::nanoseconds;

constexpr std::int64_t kVersion = 1;
constexpr std::int64_t kDay = 86'400'000'000'000;  // nanoseconds: no run takes longer
constexpr std::int64_t kFirstSecond = -62'135'596'800, kLastSecond = 253'402'300'799;  // years 1 to 9999
constexpr std::int64_t kLastOfClock = 9'223'372'036;  // 2262: a clock's nanoseconds end then
constexpr std::int64_t kMostOctets = kMostKeptOctets;

// In the order of the enumerators.
constexpr array<string_view, 3> kTransports{"tls", "tcp", "udp"};
constexpr array<string_view, 4> kPhases{"connect", "tls", "query", "reply"};
constexpr array<string_view, 4> kVersions{"1.0", "1.1", "1.2", "1.3"};
constexpr array<string_view, 6> kCauses{"no-address", "no-trust-anchor", "net",
                                        "tls",        "reply",           "closed-early"};
constexpr array<string_view, 7> kNetKinds{"timeout", "refused",   "unreachable", "reset",
                                          "closed",  "malformed", "system"};
constexpr array<string_view, 11> kTlsKinds{
    "untrusted-issuer", "name-mismatch", "expired",  "not-yet-valid", "bad-certificate",
    "pin-mismatch",     "alert",         "protocol", "file",          "closed",
    "internal"};
constexpr array<string_view, 5> kReplyKinds{"malformed", "not-a-response", "wrong-id", "wrong-opcode",
                                            "wrong-question"};
constexpr array<string_view, 8> kWireFaults{"truncated", "name-too-long",  "bad-label-type", "bad-pointer",
                                            "bad-rdata", "trailing-bytes", "duplicate-opt",  "misplaced-opt"};
constexpr array<string_view, 11> kEvents{
    "connecting",         "connected", "wire",       "record-header", "inner-type", "handshake",
    "change-cipher-spec", "alert",     "handshaken", "message",       "closed"};

// One description for both ways: `lines` is a LineWriter, or a LineReader that fills in what it describes.

template <typename Lines>
void describe_duration(Lines& lines, string_view key, Duration& value) {
  std::int64_t ns = std::chrono::duration_cast<Nanoseconds>(value).count();
  lines.number(key, ns, 0, kDay);
  value = Nanoseconds(ns);
}

template <typename Lines>
void describe_date(Lines& lines, string_view key, std::chrono::sys_seconds& value) {
  std::int64_t seconds = value.time_since_epoch().count();
  lines.number(key, seconds, kFirstSecond, kLastSecond);
  value = std::chrono::sys_seconds(std::chrono::seconds(seconds));
}

template <typename Lines>
void describe_address(Lines& lines, string_view key, net::SocketAddress& address) {
  std::string text;
  std::uint16_t port = 0;
  // A zone id must name an interface, and those of another machine do not exist here.
  if constexpr (!Lines::kReads) {
    text = address.host();
    text.resize(std::min(text.find('%'), text.size()));
    port = address.port();
  }
  lines.ascii(key, text);
  lines.number(std::string(key) + "-port", port, 0, 65535);
  if constexpr (Lines::kReads) {
    if (!lines.good()) return;
    const auto parsed = net::SocketAddress::parse(text, port);
    if (parsed)
      address = *parsed;
    else
      lines.fail(fmt::format("{}: '{}' is not an address", key, printable(text)));
  }
}

template <typename Lines>
void describe_question(Lines& lines, dns::Question& question) {
  std::string name, klass, type;
  if constexpr (!Lines::kReads) {
    name = question.name.to_string();
    klass = dns::class_name(question.klass);
    type = dns::type_name(question.type);
  }
  lines.ascii("name", name);
  lines.ascii("class", klass);
  lines.ascii("type", type);
  if constexpr (Lines::kReads) {
    if (!lines.good()) return;
    auto parsed = dns::Name::parse(name);
    const auto class_code = dns::class_from_name(klass);
    const auto type_code = dns::type_from_name(type);
    if (!parsed || !class_code || !type_code)
      return lines.fail(
          fmt::format("'{} {} {}' is not a question", printable(name), printable(klass), printable(type)));
    question = {std::move(*parsed), *type_code, *class_code};
  }
}

template <typename Lines>
void describe_query(Lines& lines, QueryOptions& query) {
  lines.flag("recursion-desired", query.recurse);
  lines.flag("authentic-data", query.authentic_data);
  lines.flag("checking-disabled", query.checking_disabled);
  lines.flag("edns", query.edns);
  lines.flag("dnssec-ok", query.dnssec_ok);
  lines.number("udp-size", query.udp_size, 0, 65535);
  lines.list("edns-options", query.options, [&](dns::EdnsOption& option) {
    lines.number("code", option.code, 0, 65535);
    lines.octets("value", option.value);
  });
  if constexpr (Lines::kReads) {  // a message has at most 65535 octets, a name and two headers among them
    std::size_t octets = 0;
    for (const dns::EdnsOption& option : query.options) octets += 4 + option.value.size();
    if (octets > 65'000) lines.fail("edns-options: more than one message can hold");
  }
}

template <typename Lines>
void describe_options(Lines& lines, Options& options) {
  lines.heading("what was asked, and how");
  lines.text("command", options.command);
  lines.choice("transport", options.server.transport, kTransports);
  lines.text("host", options.server.host);
  lines.number("port", options.server.port, 0, 65535);
  lines.text("auth-name", options.server.auth_name);
  lines.list("pins", options.pins, [&](std::string& pin) { lines.ascii("pin", pin); });
  lines.flag("pin-only", options.pin_only);
  bool has_certificate = !options.cert.empty();
  lines.flag("own-certificate", has_certificate);
  if constexpr (Lines::kReads) options.cert = has_certificate ? "kept" : "";
  int least = static_cast<int>(options.least_version) - static_cast<int>(tls::Version::tls10);
  int most = static_cast<int>(options.most_version) - static_cast<int>(tls::Version::tls10);
  lines.choice("least-version", least, kVersions);
  lines.choice("most-version", most, kVersions);
  options.least_version = static_cast<tls::Version>(static_cast<int>(tls::Version::tls10) + least);
  options.most_version = static_cast<tls::Version>(static_cast<int>(tls::Version::tls10) + most);
  lines.text("alpn", options.alpn);
  lines.text("session", options.files.session);
  std::int64_t timeout = options.timeout.count();
  lines.number("timeout-ms", timeout, 0, kDay / 1'000'000);
  options.timeout = std::chrono::milliseconds(timeout);
  describe_query(lines, options.query);
  lines.list("questions", options.questions, [&](dns::Question& one) { describe_question(lines, one); });
}

template <typename Lines>
void describe_certificate(Lines& lines, tls::CertificateFacts& facts) {
  lines.ascii("subject", facts.subject);
  lines.ascii("issuer", facts.issuer);
  lines.list("names", facts.names, [&](std::string& name) { lines.ascii("name", name); });
  describe_date(lines, "not-before", facts.not_before);
  describe_date(lines, "not-after", facts.not_after);
  lines.ascii("pin", facts.pin);
}

template <typename Lines>
void describe_tls_facts(Lines& lines, tls::ConnectionFacts& facts) {
  lines.ascii("version", facts.version);
  lines.ascii("cipher", facts.cipher);
  lines.ascii("group", facts.group);
  lines.text("agreed-alpn", facts.alpn);
  lines.flag("resumed", facts.resumed);
  lines.some("peer", facts.peer, [&](tls::CertificateFacts& peer) { describe_certificate(lines, peer); });
}

template <typename Lines>
void describe_tls_error(Lines& lines, KeptCause& cause) {
  lines.choice("tls-kind", cause.tls.kind, kTlsKinds);
  lines.text("reason", cause.tls.reason);
  lines.text("alert", cause.tls.alert);
  lines.text("expected-name", cause.tls.expected_name);
  lines.some("peer", cause.tls.peer, [&](tls::CertificateFacts& peer) { describe_certificate(lines, peer); });
}

template <typename Lines>
void describe_reply_fault(Lines& lines, ReplyFault& fault) {
  lines.choice("reply-kind", fault.kind, kReplyKinds);
  lines.some("wire-error", fault.wire, [&](dns::WireError& error) {
    lines.choice("fault", error.fault, kWireFaults);
    lines.number("offset", error.offset, 0, kMostOctets);
    lines.number("wanted", error.wanted, 0, kMostOctets);
    lines.number("got", error.got, 0, kMostOctets);
  });
  lines.number("id", fault.id, 0, 65535);
  lines.ascii("asked", fault.asked);
  lines.ascii("found", fault.found);
  lines.ascii("status", fault.status);
}

template <typename Lines>
void describe_net_error(Lines& lines, KeptCause& cause) {
  lines.choice("net-kind", cause.net, kNetKinds);
  std::string name = errno_name(cause.error);
  lines.ascii("errno", name);
  if constexpr (Lines::kReads) {
    const auto error = errno_of(name);
    if (!error) return lines.fail(fmt::format("errno: '{}' is not known here", printable(name)));
    cause.error = *error;
  }
}

template <typename Lines>
void describe_cause(Lines& lines, KeptCause& cause) {
  lines.choice("cause", cause.kind, kCauses);
  lines.ascii("words", cause.words);
  switch (cause.kind) {
    case KeptCause::Kind::net:
      return describe_net_error(lines, cause);
    case KeptCause::Kind::tls:
      return describe_tls_error(lines, cause);
    case KeptCause::Kind::reply:
      return describe_reply_fault(lines, cause.reply);
    case KeptCause::Kind::closed_early:
      return lines.flag("inside-message", cause.inside_message);
    case KeptCause::Kind::no_address:
    case KeptCause::Kind::no_trust_anchor:
      return;
  }
}

template <typename Lines>
void describe_failure(Lines& lines, Failure& failure) {
  lines.choice("phase", failure.phase, kPhases);
  KeptCause cause = taken_apart(failure.cause);
  describe_cause(lines, cause);
  if constexpr (Lines::kReads) failure.cause = put_together(cause);
  lines.text("server", failure.server);
  lines.text("trust-of", failure.authority);
  lines.flag("no-alpn", failure.no_alpn);
  lines.number("unanswered", failure.unanswered, 0, Queries::kMostQuestions);
  lines.number("asked-questions", failure.asked, 0, Queries::kMostQuestions);
  lines.number("discarded", failure.discarded, 0, INT64_MAX);
  lines.some("last-discarded", failure.last_discarded,
             [&](ReplyFault& fault) { describe_reply_fault(lines, fault); });
  if constexpr (Lines::kReads)
    if (failure.discarded > 0 && !failure.last_discarded) lines.fail("last-discarded: there were some");
}

template <typename Lines>
void describe_connection(Lines& lines, Connection& connection) {
  lines.choice("by", connection.transport, kTransports);
  describe_address(lines, "address", connection.address);
  lines.some("local", connection.local,
             [&](net::SocketAddress& local) { describe_address(lines, "local-address", local); });
  describe_duration(lines, "connect-ns", connection.connect);
  describe_duration(lines, "handshake-ns", connection.handshake);
  lines.some("tls", connection.tls, [&](tls::ConnectionFacts& facts) { describe_tls_facts(lines, facts); });
  lines.text("authority", connection.authority);
  lines.flag("insecure", connection.insecure);
  std::optional<KeptCause> overlooked;
  if (connection.overlooked) overlooked = taken_apart(*connection.overlooked);
  lines.some("overlooked", overlooked, [&](KeptCause& error) {
    lines.ascii("words", error.words);
    describe_tls_error(lines, error);
  });
  if constexpr (Lines::kReads)
    if (overlooked) connection.overlooked = tls_error_of(*overlooked);
}

template <typename Lines>
void describe_answer(Lines& lines, Answer& answer, const Outcome& outcome) {
  lines.number("connection", answer.connection, 0, static_cast<std::int64_t>(outcome.connections.size()) - 1);
  describe_duration(lines, "query-ns", answer.time);
  lines.octets("query", answer.query_wire);
  lines.octets("reply", answer.reply_wire);
  if constexpr (Lines::kReads) {
    if (!lines.good()) return;
    auto message = dns::decode(answer.reply_wire);
    if (!message) return lines.fail("reply: " + dns::to_string(message.error()));
    answer.message = std::move(*message);
    answer.sent = answer.query_wire.size();
    answer.received = answer.reply_wire.size();
  }
}

void write_event(LineWriter& lines, const WireEvent& event, const Recording& recording) {
  const auto ns = std::chrono::duration_cast<Nanoseconds>(event.when - recording.begin).count();
  lines.line("event", fmt::format("{} {} {} {} {}", ns, event.connection, event.sent ? "sent" : "received",
                                  kEvents.at(static_cast<std::size_t>(event.kind)), event.octets.size()));
  lines.rows(event.octets);
}

// What each kind holds at least and at most: the views go by it.
bool has_right_size(const WireEvent& event) {
  const std::size_t size = event.octets.size();
  switch (event.kind) {
    case WireEvent::Kind::record_header:
      return size == 5;
    case WireEvent::Kind::inner_type:
    case WireEvent::Kind::change_cipher_spec:
      return size == 1;
    case WireEvent::Kind::alert:
      return size == 2;
    case WireEvent::Kind::handshake:
      return size >= 4;
    case WireEvent::Kind::wire:
    case WireEvent::Kind::message:
      return true;
    default:
      return size == 0;
  }
}

void read_event(LineReader& lines, WireEvent& event, const Outcome& outcome) {
  array<string_view, 5> words{};
  string_view rest = lines.line("event");
  for (string_view& word : words) {
    word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(word.size() + 1, rest.size()));
  }
  if (!rest.empty()) return lines.fail("event: time, connection, direction, kind, octets, and no more");
  constexpr array<string_view, 2> kDirections{"received", "sent"};
  event.when = outcome.recording.begin + Nanoseconds(lines.integer("event", words[0], -kDay, kDay));
  event.connection = static_cast<std::size_t>(
      lines.integer("event", words[1], 0, static_cast<std::int64_t>(outcome.connections.size()) - 1));
  event.sent = lines.index("event", words[2], kDirections.data(), kDirections.size()) == 1;
  event.kind = static_cast<WireEvent::Kind>(lines.index("event", words[3], kEvents.data(), kEvents.size()));
  event.octets = lines.rows(static_cast<std::size_t>(lines.integer("event", words[4], 0, kMostOctets)));
  if (lines.good() && !has_right_size(event))
    lines.fail(fmt::format("event: {} is not the size of a {}", event.octets.size(), words[3]));
}

template <typename Lines>
void describe(Lines& lines, KeptRun& run) {
  Outcome& outcome = run.outcome;
  std::int64_t began =
      std::chrono::floor<std::chrono::seconds>(outcome.recording.wall_begin).time_since_epoch().count();
  lines.number("began", began, 0, kLastOfClock);  // seconds since 1970, UTC
  if constexpr (Lines::kReads)
    outcome.recording.wall_begin = std::chrono::sys_seconds(std::chrono::seconds(began));
  lines.number("ended", run.ended, 0, kLastOfClock);
  describe_options(lines, run.options);
  lines.heading("its connections");
  lines.list("connections", outcome.connections, [&](Connection& one) { describe_connection(lines, one); });
  lines.heading("what it learned, by question");
  lines.list("answers", outcome.answers, [&](std::optional<Answer>& answer) {
    lines.some("answer", answer, [&](Answer& one) { describe_answer(lines, one, outcome); });
  });
  lines.heading("how it failed");
  std::optional<Failure>& failure = outcome.failure;
  if constexpr (Lines::kReads) {
    bool failed = false;
    lines.flag("failure", failed);
    if (failed && lines.good()) {
      failure.emplace(Failure{.cause = ClosedEarly{}});
      describe_failure(lines, *failure);
    }
  } else {
    lines.some("failure", failure, [&](Failure& one) { describe_failure(lines, one); });
  }
  lines.heading("what passed");
  lines.list("events", outcome.recording.events, [&](WireEvent& event) {
    if constexpr (Lines::kReads)
      read_event(lines, event, outcome);
    else
      write_event(lines, event, outcome.recording);
  });
  if constexpr (Lines::kReads)
    if (lines.good() && outcome.answers.size() != run.options.questions.size())
      lines.fail("there are not as many answers, yes or no, as questions");
}

}  // namespace

std::string kept_to_text(KeptRun run) {
  LineWriter lines;
  lines.line("client-run", std::to_string(kVersion));
  lines.heading("a run of client, kept by --save; client --replay FILE shows it; client(1), KEPT RUNS");
  describe(lines, run);
  lines.line("end", "");
  return lines.take();
}

std::expected<KeptRun, std::string> kept_from_text(std::string_view text) {
  if (text.size() > kMostKeptOctets) return std::unexpected("it is longer than 32 MiB");
  LineReader lines(text);
  KeptRun run;
  std::int64_t version = 0;
  lines.number("client-run", version, 0, 1'000'000);
  if (lines.good() && version != kVersion)
    lines.fail(fmt::format("version {} of the format; this client reads version {}", version, kVersion));
  if (lines.good()) describe(lines, run);
  lines.expect_end();
  if (!lines.good()) return std::unexpected(lines.error());
  return run;
}

}  // namespace client
