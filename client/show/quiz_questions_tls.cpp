// Questions about TLS: its versions, keys, records, sessions, and what it costs.
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "client/show/explain_layers.h"
#include "client/show/key_exchange.h"
#include "client/show/quiz_questions.h"
#include "client/show/tls_words.h"
#include "common/dns/wire_reader.h"
#include "common/tls/codes.h"

namespace client {
namespace {

using Form = QuizQuestion::Form;
using Kind = WireEvent::Kind;
using Made = std::optional<QuizQuestion>;
using dns::WireReader;

enum Extension : std::uint16_t { kSupportedVersions = 43, kKeyShare = 51 };

// Of a ClientHello or ServerHello: the version in its beginning, and the suites.
struct HelloHead {
  ByteView version, suites;
  ByteView extensions;
};

HelloHead head_of(ByteView hello) {
  HelloHead head;
  WireReader reader(hello);
  const bool from_client = reader.u8() == tls::handshake::kClientHello;
  reader.bytes(3);
  head.version = reader.bytes(2);
  reader.bytes(32);
  reader.bytes(reader.u8());
  head.suites = reader.bytes(from_client ? reader.u16() : 2);
  reader.bytes(from_client ? reader.u8() : 1);
  if (!reader.at_end()) head.extensions = reader.bytes(reader.u16());
  return reader.ok() ? head : HelloHead{};
}

// Whole, with its type and length; empty: it is not there.
ByteView extension_of(ByteView hello, Extension wanted) {
  const ByteView all = head_of(hello).extensions;
  WireReader reader(all);
  while (!reader.at_end()) {
    const std::size_t begin = reader.offset();
    const std::uint16_t code = reader.u16();
    reader.bytes(reader.u16());
    if (reader.ok() && code == wanted) return all.subspan(begin, reader.offset() - begin);
  }
  return {};
}

constexpr std::array<std::string_view, 4> kVersions{"TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"};

std::string_view version_name(std::uint8_t minor) {
  return minor >= 1 && minor <= kVersions.size() ? kVersions.at(minor - 1U) : std::string_view();
}

// A question about versions: `minor` is the octet that tells.
Made about_version(std::vector<std::string> shown, std::string asked, std::uint8_t minor, std::string rfc,
                   QuizDice& dice) {
  const std::string_view right = version_name(minor);
  if (right.empty()) return std::nullopt;
  QuizQuestion question{
      .shown = std::move(shown),
      .asked = std::move(asked),
      .answer = std::string(right),
      .wrong = others(kVersions, right, 3, dice),
      .why = fmt::format("03 {:02x} is {}: the numbers go on from those of SSL 3.0, which was 03 00.", minor,
                         right),
      .rfc = std::move(rfc)};
  for (QuizQuestion::Wrong& wrong : question.wrong)
    wrong.why = fmt::format("{} is 03 {:02x}", wrong.answer,
                            std::ranges::find(kVersions, wrong.answer) - kVersions.begin() + 1);
  return with_options(std::move(question), dice);
}

Made version(const QuizRun& run, QuizDice& dice) {
  const ByteView in_clear = head_of(run.server_hello).version;
  if (in_clear.empty()) return std::nullopt;
  if (const ByteView chosen = extension_of(run.server_hello, kSupportedVersions); chosen.size() == 6)
    return about_version({"ServerHello, extension supported_versions:  " + hex_line(chosen)},
                         "The last two octets are the version that the server chose. Which one is it?",
                         chosen[5], "RFC 8446 4.2.1", dice);
  return about_version({"ServerHello, its first field:  " + hex_line(in_clear)},
                       "These two octets are the version that the server chose. Which one is it?",
                       in_clear[1], "RFC 5246 7.4.1.3", dice);
}

Made offered(const QuizRun& run, QuizDice& dice) {
  const ByteView extension = extension_of(run.client_hello, kSupportedVersions);
  if (extension.size() < 7) return std::nullopt;
  std::uint8_t newest = 0;
  for (std::size_t at = 5; at + 1 < extension.size(); at += 2)
    if (extension[at] == 3) newest = std::max(newest, extension[at + 1]);
  return about_version({"ClientHello, extension supported_versions:  " + hex_line(extension)},
                       "Behind type, length and the length of the list come the versions that the client "
                       "offers, two octets each. Which one is the newest?",
                       newest, "RFC 8446 4.2.1", dice);
}

Made suite(const QuizRun& run, QuizDice& dice) {
  constexpr std::array<std::string_view, 4> kSuites{"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                                    "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_CCM_SHA256"};
  const ByteView octets = head_of(run.server_hello).suites;
  if (octets.size() != 2 || octets[0] != 0x13 || octets[1] < 1 || octets[1] > kSuites.size())
    return std::nullopt;
  const std::string_view right = kSuites.at(octets[1] - 1U);
  QuizQuestion question{.shown = {"ServerHello, cipher suite:  " + hex_line(octets)},
                        .asked = "Which cipher suite did the server choose?",
                        .answer = std::string(right),
                        .wrong = others(kSuites, right, 3, dice),
                        .why = fmt::format("{} is {}. The list is in the RFC.", hex_line(octets), right),
                        .rfc = "RFC 8446 B.4"};
  for (QuizQuestion::Wrong& wrong : question.wrong)
    wrong.why = fmt::format("{} is 13 {:02x}", wrong.answer,
                            std::ranges::find(kSuites, wrong.answer) - kSuites.begin() + 1);
  return with_options(std::move(question), dice);
}

Made group(const QuizRun& run, QuizDice& dice) {
  constexpr std::array<std::uint16_t, 5> kGroups{0x001d, 0x0017, 0x0018, 0x0019, 0x11ec};
  const ByteView share = extension_of(run.server_hello, kKeyShare);
  if (share.size() < 8) return std::nullopt;
  const auto code = static_cast<std::uint16_t>(share[4] << 8 | share[5]);
  if (std::ranges::find(kGroups, code) == kGroups.end()) return std::nullopt;
  QuizQuestion question{
      .shown = {"ServerHello, extension key_share, octets 4 and 5:  " + hex_line(share.subspan(4, 2))},
      .asked = "These two octets name the group of the key exchange. Which one is it?",
      .answer = group_name(code),
      .why = fmt::format("{} is {}. The list is the IANA's, \"TLS Supported Groups\".",
                         hex_line(share.subspan(4, 2)), group_name(code)),
      .rfc = "RFC 8446 4.2.7"};
  for (const std::uint16_t other : kGroups)
    if (other != code && question.wrong.size() < 3)
      question.wrong.push_back({group_name(other), fmt::format("{} is {:02x} {:02x}", group_name(other),
                                                               other >> 8, other & 0xff)});
  return with_options(std::move(question), dice);
}

Made share_size(const QuizRun& run, QuizDice&) {
  const ByteView extension = extension_of(run.client_hello, kKeyShare);
  if (extension.size() < 10) return std::nullopt;
  const unsigned size = static_cast<unsigned>(extension[8] << 8 | extension[9]);
  return QuizQuestion{
      .form = Form::number,
      .shown = {"ClientHello, extension key_share, its first ten octets:  " + hex_line(extension.first(10))},
      .asked =
          "Type, length, and length of the list, two octets each; then the first key share: its group, and "
          "its length. How many octets has that key share?",
      .answer = fmt::to_string(size),
      .why = fmt::format("The last two octets are its length: {}. A share of x25519 has 32, one of "
                         "X25519MLKEM768 has 1216 from the client.",
                         size),
      .rfc = "RFC 8446 4.2.8"};
}

Made quantum(const QuizRun& run, QuizDice& dice) {
  if (!run.connection->tls || run.connection->tls->group.empty()) return std::nullopt;
  const std::string& group = run.connection->tls->group;
  const bool safe = is_post_quantum(group);
  constexpr std::string_view kAll = "all of it, the question and the answer";
  constexpr std::string_view kNothing = "nothing: no quantum computer is known to break this key exchange";
  return with_options(
      {.shown = {"key exchange:  " + group_text(group)},
       .asked =
           "Somebody records this connection today, and has a quantum computer one day. What can be read "
           "then?",
       .answer = std::string(safe ? kNothing : kAll),
       .wrong = {{std::string(safe ? kAll : kNothing),
                  safe ? "one of its two parts is ML-KEM" : "the group is a classical one"},
                 {"the certificate alone", "all records have keys from the same key exchange"}},
       .why = future_text(group),
       .rfc = safe ? "FIPS 203" : "RFC 8773 1"},
      dice);
}

// The names of what the server said until the handshake was complete.
std::vector<std::string> messages_of_server(const QuizRun& run) {
  std::vector<std::string> names;
  for (const WireEvent& event : run.outcome.recording.events) {
    if (event.connection != run.index) continue;
    if (event.kind == Kind::handshaken) break;
    if (event.kind == Kind::handshake && !event.sent) names.push_back(handshake_name(event.octets));
  }
  return names;
}

Made resumed(const QuizRun& run, QuizDice& dice) {
  if (!run.connection->tls) return std::nullopt;
  const bool resumed = run.connection->tls->resumed;
  constexpr std::string_view kFull = "a full handshake, with a certificate";
  constexpr std::string_view kResumed = "a resumed session, with a ticket of an earlier connection";
  return with_options(
      {.shown = {fmt::format("from the server:  {}", fmt::join(messages_of_server(run), ", "))},
       .asked = "The messages of the server in the handshake. What kind of handshake was it?",
       .answer = std::string(resumed ? kResumed : kFull),
       .wrong = {{std::string(resumed ? kFull : kResumed),
                  resumed ? "no Certificate is among the messages" : "a Certificate is among the messages"},
                 {"none: the keys were agreed on by other means", "the messages are those of a handshake"}},
       .why = resumed ? "The ticket takes the place of the certificate of the earlier connection: less to "
                        "send, and no signature to make and to check."
                      : "The server shows its certificate, and signs with the key of it.",
       .rfc = run.rfc("8446 2.2", "5246 7.3")},
      dice);
}

Made ticket(const QuizRun& run, QuizDice&) {
  const ByteView message = run.handshake(tls::handshake::kNewSessionTicket, false);
  if (message.size() < 8) return std::nullopt;
  WireReader reader(message.subspan(4));
  const std::uint32_t lifetime = reader.u32();
  return QuizQuestion{
      .form = Form::number,
      .shown = {"NewSessionTicket, octets 4 to 7:  " + hex_line(message.subspan(4, 4))},
      .asked = "These octets say for how many seconds the ticket may be used. How many are they?",
      .answer = fmt::to_string(lifetime),
      .why = fmt::format("{} s. Within that time a new connection can resume this session, without a "
                         "certificate.",
                         lifetime),
      .rfc = run.rfc("8446 4.6.1", "5077 3.3")};
}

// What a first answer takes, counted in round trips.
struct RoundTrips {
  unsigned sum = 0;
  std::vector<std::string> parts = {};
  bool again = false;  // a HelloRetryRequest is among them

  void add(unsigned count, std::string_view what) {
    sum += count;
    parts.push_back(fmt::format("{} for {}", count, what));
  }
};

RoundTrips round_trips(const QuizRun& run) {
  RoundTrips result;
  for (std::size_t i = 0; i < run.index; ++i) result.add(1, "the question over UDP");
  if (!run.is(net::Transport::udp)) result.add(1, "TCP");
  if (run.is(net::Transport::tls)) {
    result.again = std::ranges::any_of(run.outcome.recording.events, [](const WireEvent& event) {
      return event.kind == Kind::handshake && !event.sent && is_hello_retry(event.octets);
    });
    const unsigned plain = run.tls13() || run.connection->tls->resumed ? 1 : 2;
    result.add(plain + (result.again ? 1 : 0),
               run.connection->tls->version + (result.again ? " with HelloRetryRequest" : ""));
  }
  result.add(1, "the question");
  return result;
}

Made waiting(const QuizRun& run, QuizDice& dice) {
  if (!run.answer || run.outcome.answers.size() != 1 || run.outcome.connections.size() > 2)
    return std::nullopt;
  // Of several addresses the first may have been tried in vain.
  if (run.index > 0 && run.outcome.connections.front().transport != net::Transport::udp) return std::nullopt;
  if (run.is(net::Transport::tls) && !run.connection->tls) return std::nullopt;
  const unsigned each = 10 * (1 + static_cast<unsigned>(dice.below(9)));
  const RoundTrips trips = round_trips(run);
  std::string way(run.is(net::Transport::udp)   ? "over UDP"
                  : run.is(net::Transport::tcp) ? "over TCP"
                                                : run.connection->tls->version);
  if (run.index > 0) way = "over UDP, where the answer is truncated, and then over TCP";
  if (run.is(net::Transport::tls)) way += run.connection->tls->resumed ? ", resumed" : ", full handshake";
  if (trips.again) way += " with a HelloRetryRequest";
  QuizQuestion question{
      .form = Form::number,
      .shown = {"this run:  " + way},
      .asked =
          fmt::format("A server is so far away that each round trip takes {} ms. This run once more with "
                      "that server, from the first packet: how many ms until the answer is here, at the "
                      "least?",
                      each),
      .answer = fmt::to_string(trips.sum * each),
      .why = fmt::format("Round trips: {}; {} in all, of {} ms each.", fmt::join(trips.parts, ", "),
                         trips.sum, each),
      .rfc = (run.is(net::Transport::tls) ? run.rfc("8446 2", "5246 7.3") + ", " : "") + "RFC 9293 3.5"};
  if (run.is(net::Transport::udp)) question.rfc = "RFC 1035 4.2.1";
  if (trips.sum > 1)
    question.wrong.push_back({fmt::to_string(each), "the question is not the first round trip"});
  return question;
}

Made record_size(const QuizRun& run, QuizDice&) {
  if (!run.is(net::Transport::tls) || !run.asked()) return std::nullopt;
  const std::vector<LayerRow> rows = layer_rows(run.outcome, run.index);
  const auto row = std::ranges::find(rows, true, &LayerRow::sent);
  if (row == rows.end() || row->messages != 1 || row->records != 1 || row->tag == 0 || row->other != 0)
    return std::nullopt;
  std::string parts = fmt::format("{} (the message) + {} (its length)", row->dns, row->lengths);
  if (row->inner_type > 0) parts += fmt::format(" + {} (the true content type)", row->inner_type);
  if (row->nonce > 0) parts += fmt::format(" + {} (nonce)", row->nonce);
  parts += fmt::format(" + {} (tag) + {} (header of the record)", row->tag, row->headers);
  return QuizQuestion{
      .form = Form::number,
      .shown = {fmt::format("query:  {} octets, sent in one record by {} with {}", row->dns,
                            run.connection->tls->version, run.connection->tls->cipher)},
      .asked = "How many octets has this record when it passes the path, with all that each layer adds?",
      .answer = fmt::to_string(row->total()),
      .wrong = {{fmt::to_string(row->total() - row->headers), "the header of the record passes too"},
                {fmt::to_string(row->total() - row->lengths),
                 "two octets of length stand before the message"},
                {fmt::to_string(row->total() - row->inner_type), "the true content type is inside, too"},
                {fmt::to_string(row->dns), "that is the message alone"}},
      .why = fmt::format("{} = {}.", parts, row->total()),
      .rfc = run.rfc("8446 5.2", "5246 6.2.3.3") + ", RFC 7766 8"};
}

Made record_length(const QuizRun& run, QuizDice&) {
  if (!run.is(net::Transport::tls) || !run.answer) return std::nullopt;
  const WireEvent* header = nullptr;
  for (const WireEvent& event : run.outcome.recording.events) {
    if (event.connection != run.index || event.sent) continue;
    if (event.kind == Kind::record_header) header = &event;
    if (event.kind == Kind::message) break;
  }
  if (header == nullptr || header->octets.size() != 5) return std::nullopt;
  const unsigned length = static_cast<unsigned>(header->octets[3] << 8 | header->octets[4]);
  return QuizQuestion{
      .form = Form::number,
      .shown = {"header of a record:  " + hex_line(header->octets)},
      .asked =
          "The path sees these five octets in front of the encrypted answer: content type, version, length. "
          "How many octets follow?",
      .answer = fmt::to_string(length),
      .wrong = {{fmt::to_string(length + 5), "the header does not count itself"}},
      .why = fmt::format(
          "The last two octets are the length: {}. TLS hides what is said, not how long it is.", length),
      .rfc = run.rfc("8446 5.1", "5246 6.2.1")};
}

constexpr QuizKind kKinds[] = {
    {"version", 1, "versions", "version", "", version},
    {"offered", 2, "versions", "offered", "", offered},
    {"suite", 2, "versions", "suite", "", suite},
    {"group", 2, "key-exchange", "group", "", group},
    {"share-size", 2, "key-exchange", "share-size", "", share_size},
    {"quantum", 3, "key-exchange", "quantum", "group", quantum},
    {"resumed", 1, "resumption", "resumed", "", resumed},
    {"ticket", 2, "resumption", "ticket", "", ticket},
    {"waiting", 3, "key-exchange resumption answer clear", "waiting", "version resumed truncated", waiting},
    {"record-size", 3, "sizes", "record-size", "query-size version suite", record_size},
    {"record-length", 2, "sizes path", "record-length", "", record_length},
};

}  // namespace

std::span<const QuizKind> tls_kinds() {
  return kKinds;
}

}  // namespace client
