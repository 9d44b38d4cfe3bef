// Questions about somebody on the path: what is seen there, and what a change does.
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "client/show/quiz_questions.h"
#include "client/show/tls_words.h"
#include "common/tls/codes.h"

namespace client {
namespace {

using Kind = WireEvent::Kind;
using Made = std::optional<QuizQuestion>;
using net::Transport;

Made who_knows_name(const QuizRun& run, QuizDice& dice) {
  constexpr std::string_view kPath = "the server, and everybody on the path to it";
  constexpr std::string_view kServer = "the server, and nobody on the path to it";
  constexpr std::string_view kNobody = "nobody: it did not leave the client";
  if (run.outcome.connections.empty()) return std::nullopt;
  const bool clear = std::ranges::any_of(run.outcome.connections, [](const Connection& connection) {
    return connection.transport != Transport::tls;
  });
  const std::string_view right = !run.asked() ? kNobody : clear ? kPath : kServer;
  const std::string where = std::string(clear ? "in clear" : "in an encrypted record");
  std::vector<QuizQuestion::Wrong> wrong;
  for (const std::string_view one : {kPath, kServer, kNobody}) {
    std::string why = !run.asked()     ? "the run ended before the query was sent"
                      : one == kNobody ? "the query was sent, " + where
                      : clear          ? "the query was sent in clear"
                                       : "the query was sent in an encrypted record";
    if (one != right) wrong.push_back({std::string(one), std::move(why)});
  }
  std::string why = "The query lay open on the wire: TCP and UDP alone hide nothing.";
  if (!clear)
    why =
        "The query was encrypted: the path knows that the two spoke, not what about. A proxy "
        "asks a resolver, which reads the name too.";
  if (!run.asked()) why = "The client asks only when the connection is open and it trusts the server.";
  const std::string over(net::to_string(run.outcome.connections.front().transport));
  return with_options({.shown = {"server:  " + over + "://" + run.connection->address.to_string()},
                       .asked = "In this run, who but the client could read the name in the query?",
                       .answer = std::string(right),
                       .wrong = std::move(wrong),
                       .why = std::move(why),
                       .rfc = "RFC 7858 1"},
                      dice);
}

// The first record on the connection, sent or received, that holds a DNS message.
const Step* first_message_record(const QuizRun& run) {
  const auto is_message = [](const WireEvent* event) { return event->kind == Kind::message; };
  for (const Step& step : run.steps)
    if (step.connection == run.index && step.kind == Step::Kind::record &&
        std::ranges::any_of(step.inside, is_message))
      return &step;
  return nullptr;
}

Made record_type(const QuizRun& run, QuizDice& dice) {
  const Step* const step = first_message_record(run);
  if (step == nullptr) return std::nullopt;
  constexpr std::array<std::string_view, 4> kTypes{"change_cipher_spec", "alert", "handshake",
                                                   "application_data"};
  QuizQuestion question{
      .shown = {fmt::format("first octet of the record:  {:02x}", step->content)},
      .asked = "The query passed in this record. As what does somebody on the path see it?",
      .answer = content_type_name(step->content),
      .wrong = others(kTypes, content_type_name(step->content), 3, dice),
      .why = fmt::format(
          "{:02x} is {} in decimal, the content type {}. The header of a record is never encrypted, what "
          "it holds is.",
          step->content, step->content, content_type_name(step->content)),
      .rfc = run.rfc("8446 5.1", "5246 6.2.1")};
  for (QuizQuestion::Wrong& wrong : question.wrong)
    wrong.why = fmt::format("{} is content type {}", wrong.answer,
                            20 + (std::ranges::find(kTypes, wrong.answer) - kTypes.begin()));
  return with_options(std::move(question), dice);
}

Made first_encrypted(const QuizRun& run, QuizDice& dice) {
  std::vector<std::string> clear;
  std::string right;
  for (const Step& step : run.steps) {
    if (step.connection != run.index || step.sent) continue;
    for (const WireEvent* const event : step.inside) {
      if (event->kind != Kind::handshake || !right.empty()) continue;
      (step.encrypted ? right : clear.emplace_back()) = handshake_name(event->octets);
    }
  }
  if (right.empty() || clear.empty()) return std::nullopt;
  QuizQuestion question{
      .asked = "Which is the first message of the server that somebody on the path could not read?",
      .answer = right,
      .why = fmt::format("In clear came {}. All after it was encrypted.", fmt::join(clear, ", ")),
      .rfc = run.rfc("8446 2", "5246 7.1")};
  for (const std::string& name : clear)
    if (question.wrong.size() < 3) question.wrong.push_back({name, "it passed in clear"});
  for (const std::string_view name : {"Certificate", "CertificateVerify", "Finished"})
    if (question.wrong.size() < 3 && std::ranges::find(clear, name) == clear.end())
      question.wrong.push_back({std::string(name), "another one before it was encrypted already"});
  return with_options(std::move(question), dice);
}

Made certificate(const QuizRun& run, QuizDice& dice) {
  if (run.server_hello.empty()) return std::nullopt;
  constexpr std::string_view kYes = "yes, it passed in clear";
  constexpr std::string_view kNo = "no, it was encrypted";
  constexpr std::string_view kNone = "no, the server sent none";
  std::string_view right = kNone;
  for (const Step& step : run.steps)
    for (const WireEvent* const event : step.inside)
      if (step.connection == run.index && !step.sent && event->kind == Kind::handshake &&
          !event->octets.empty() &&
          (event->octets[0] == tls::handshake::kCertificate ||
           event->octets[0] == tls::handshake::kCompressedCertificate))
        right = step.encrypted ? kNo : kYes;
  // Where the handshake ended early, one may have been on its way.
  if (right == kNone && !(run.connection->tls && run.connection->tls->resumed)) return std::nullopt;
  std::string why = "From TLS 1.3 on all messages after the ServerHello are encrypted, the certificate too.";
  if (right == kYes)
    why = "Before TLS 1.3 the certificate passes in clear: the path sees the name of the server.";
  if (right == kNone) why = "The session was resumed: the ticket takes the place of the certificate.";
  std::vector<QuizQuestion::Wrong> wrong;
  for (const std::string_view one : {kYes, kNo, kNone})
    if (one != right) wrong.push_back({std::string(one), ""});
  return with_options({.asked = "Could somebody on the path read the certificate of the server in this run?",
                       .answer = std::string(right),
                       .wrong = std::move(wrong),
                       .why = std::move(why),
                       .rfc = run.rfc("8446 2", "5246 7.4.2")},
                      dice);
}

Made one_bit(const QuizRun& run, QuizDice& dice) {
  if (run.outcome.connections.empty() || !run.asked()) return std::nullopt;
  const bool tls = run.is(Transport::tls);
  constexpr std::string_view kAlarm = "the tag of the record is wrong, and the client ends the connection";
  constexpr std::string_view kBelieved = "nothing: the client believes what it gets";
  return with_options(
      {.shown = {"server:  " + std::string(net::to_string(run.connection->transport)) + "://" +
                 run.connection->address.to_string()},
       .asked = "In a run like this one, somebody on the path changes one bit of the data in the answer, and "
                "corrects the checksums of TCP or UDP. What happens?",
       .answer = std::string(tls ? kAlarm : kBelieved),
       .wrong = {{std::string(tls ? kBelieved : kAlarm),
                  tls ? "the client checks each record before it believes an octet of it"
                      : "there are no records here, and no tags"},
                 {"the ID of the answer is another, and the client goes on waiting",
                  "the ID is in other octets, and has not changed"},
                 {"the certificate is for another name, and the client ends the connection",
                  "a certificate is about the server, not about the answer"}},
       .why =
           tls ? "Each record has a tag or a MAC, which only the two ends can make. One changed bit, and the "
                 "tag is wrong (bad_record_mac)."
               : "Plain DNS has nothing that would notice: no key, no tag.",
       .rfc = tls ? run.rfc("8446 5.2", "5246 6.2.3") : "RFC 3833 2.1"},
      dice);
}

Made alpn(const QuizRun& run, QuizDice& dice) {
  const std::vector<std::string> offered = hello_words(run.client_hello).alpn;
  // Before TLS 1.3 the ServerHello says it, too.
  if (std::ranges::find(offered, "dot") == offered.end() || !hello_words(run.server_hello).alpn.empty())
    return std::nullopt;
  return with_options(
      {.asked =
           "Whatever the port: one message in clear tells somebody on the path that this is DNS over TLS. "
           "Which one?",
       .answer = "ClientHello",
       .wrong = {{"ServerHello", "it holds the version, the suite and a key, and no protocol"},
                 {"Certificate", "it says who the server is, not which protocol it speaks"},
                 {"Finished", "it is encrypted"}},
       .why = "The ClientHello offers the protocol \"dot\" (ALPN), and is sent before there are keys.",
       .rfc = "RFC 7301 3.1"},
      dice);
}

constexpr QuizKind kKinds[] = {
    {"who-knows-name", 1, "path trust clear", "who-knows-name", "", who_knows_name},
    {"record-type", 2, "path", "record-type", "", record_type},
    {"first-encrypted", 3, "path", "first-encrypted", "", first_encrypted},
    {"certificate", 2, "path trust versions resumption", "certificate", "resumed", certificate},
    {"one-bit", 2, "integrity", "one-bit", "", one_bit},
    {"alpn", 2, "path", "alpn", "", alpn},
};

}  // namespace

std::span<const QuizKind> path_kinds() {
  return kKinds;
}

}  // namespace client
