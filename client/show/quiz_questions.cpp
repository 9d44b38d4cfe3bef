#include "client/show/quiz_questions.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "client/show/hex.h"
#include "client/show/tls_words.h"
#include "common/tls/codes.h"

namespace client {
namespace {

using Kind = WireEvent::Kind;

class Collector final : public dns::FieldSink {
 public:
  explicit Collector(std::vector<QuizField>& fields) : fields_(fields) {}
  void entry(dns::Section section, std::size_t, std::size_t) override { section_ = section; }
  void field(const dns::WireField& field) override { fields_.push_back({field, section_}); }

 private:
  std::vector<QuizField>& fields_;
  dns::Section section_ = dns::Section::header;
};

std::optional<QuizMessage> message_of(ByteView wire, std::string_view name) {
  QuizMessage result{.wire = wire, .message = {}, .fields = {}, .name = name};
  Collector collector(result.fields);
  auto message = dns::decode(wire, &collector);
  if (!message) return std::nullopt;
  result.message = *std::move(message);
  return result;
}

const Connection& no_connection() {
  static const Connection none;
  return none;
}

}  // namespace

std::uint64_t QuizDice::next() {
  std::uint64_t mixed = state_ += 0x9e3779b97f4a7c15;
  mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
  return mixed ^ mixed >> 31;
}

const QuizField* QuizMessage::find(std::string_view field, dns::Section section) const {
  const auto found = std::ranges::find_if(
      fields, [&](const QuizField& one) { return one.section == section && one.name == field; });
  return found == fields.end() ? nullptr : &*found;
}

QuizRun::QuizRun(const Outcome& of, const Options& by)
    : outcome(of), options(by), connection(&no_connection()), steps(steps_of(of)) {
  if (!of.connections.empty()) index = of.connections.size() - 1;
  const bool answered = !of.answers.empty() && of.answers.front();
  if (answered) index = of.answers.front()->connection;
  if (index < of.connections.size()) connection = &of.connections[index];
  if (answered) {
    query = message_of(of.answers.front()->query_wire, "query");
    answer = message_of(of.answers.front()->reply_wire, "answer");
  } else if (const WireEvent* const sent = first(Kind::message, true)) {
    query = message_of(sent->octets, "query");
  }
  for (const WireEvent& event : of.recording.events) {
    if (event.connection != index || event.kind != Kind::handshake || event.octets.empty()) continue;
    if (event.sent && event.octets[0] == tls::handshake::kClientHello) client_hello = event.octets;
    if (!event.sent && event.octets[0] == tls::handshake::kServerHello && !is_hello_retry(event.octets))
      server_hello = event.octets;
  }
}

const WireEvent* QuizRun::first(Kind kind, bool sent) const {
  const std::vector<WireEvent>& events = outcome.recording.events;
  const auto found = std::ranges::find_if(events, [&](const WireEvent& event) {
    return event.connection == index && event.kind == kind && event.sent == sent;
  });
  return found == events.end() ? nullptr : &*found;
}

ByteView QuizRun::handshake(std::uint8_t type, bool sent) const {
  for (const WireEvent& event : outcome.recording.events)
    if (event.connection == index && event.kind == Kind::handshake && event.sent == sent &&
        !event.octets.empty() && event.octets[0] == type)
      return event.octets;
  return {};
}

bool QuizRun::tls13() const {
  return !server_hello.empty() && hello_words(server_hello).tls13;
}

std::string QuizRun::rfc(std::string_view of_tls13, std::string_view of_tls12) const {
  return fmt::format("RFC {}", server_hello.empty() || tls13() ? of_tls13 : of_tls12);
}

const tls::TlsError* QuizRun::rejection() const {
  if (connection->overlooked) return &*connection->overlooked;
  return outcome.failure ? std::get_if<tls::TlsError>(&outcome.failure->cause) : nullptr;
}

std::vector<QuizKind> quiz_kinds() {
  std::vector<QuizKind> kinds;
  for (const auto table : {message_kinds(), record_kinds(), tls_kinds(), path_kinds(), trust_kinds()})
    kinds.insert(kinds.end(), table.begin(), table.end());
  return kinds;
}

std::string hex_line(ByteView octets) {
  return fmt::format("{:02x}", fmt::join(octets, " "));
}

std::vector<std::string> octets_shown(const QuizMessage& message, std::size_t offset, std::size_t length) {
  const std::string where =
      length == 1 ? fmt::format("{}, octet {}:  ", message.name, offset)
                  : fmt::format("{}, octets {} to {}:  ", message.name, offset, offset + length - 1);
  std::vector<std::string> rows = hex_rows(message.wire.subspan(offset, length));
  for (std::size_t i = 0; i < rows.size(); ++i)
    rows[i] = (i == 0 ? where : std::string(where.size(), ' ')) + rows[i];
  return rows;
}

QuizQuestion with_options(QuizQuestion question, QuizDice& dice) {
  question.form = QuizQuestion::Form::choice;
  question.options = {question.answer};
  std::erase_if(question.wrong, [&](const QuizQuestion::Wrong& wrong) {
    if (std::ranges::find(question.options, wrong.answer) != question.options.end()) return true;
    question.options.push_back(wrong.answer);
    return false;
  });
  dice.shuffle(question.options);
  return question;
}

std::vector<QuizQuestion::Wrong> others(std::span<const std::string_view> pool, std::string_view right,
                                        std::size_t count, QuizDice& dice) {
  std::vector<std::string_view> left;
  for (const std::string_view one : pool)
    if (one != right) left.push_back(one);
  dice.shuffle(left);
  left.resize(std::min(left.size(), count));
  std::vector<QuizQuestion::Wrong> wrong;
  wrong.reserve(left.size());
  for (const std::string_view one : left) wrong.push_back({std::string(one), ""});
  return wrong;
}

}  // namespace client
