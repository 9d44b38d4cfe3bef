// Questions about the header of the DNS messages, and about how they travel.
#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "client/show/explain_meaning.h"
#include "client/show/quiz_questions.h"
#include "common/dns/codes.h"

namespace client {
namespace {

using dns::NamePart;
using dns::Section;
using Form = QuizQuestion::Form;
using Made = std::optional<QuizQuestion>;

constexpr std::size_t kHeaderFlags = 2;  // offsets in the header (RFC 1035 §4.1.1)
constexpr std::size_t kHeaderCounts = 4;

// "1000 0001 1000 0000"
std::string bits_of(std::uint16_t word) {
  std::string text = fmt::format("{:016b}", word);
  for (const std::size_t at : {12, 8, 4}) text.insert(at, " ");
  return text;
}

std::uint16_t flags_word(const QuizMessage& message) {
  return static_cast<std::uint16_t>(message.wire[kHeaderFlags] << 8 | message.wire[kHeaderFlags + 1]);
}

std::vector<std::string> flags_shown(const QuizMessage& message) {
  std::vector<std::string> rows = octets_shown(message, kHeaderFlags, 2);
  rows[0] += " = " + bits_of(flags_word(message));
  return rows;
}

Made id(const QuizRun& run, QuizDice&) {
  if (!run.asked()) return std::nullopt;
  const unsigned value = run.query->message.header.id;
  return QuizQuestion{
      .form = Form::number,
      .shown = octets_shown(*run.query, 0, 2),
      .asked = "These two octets are the ID of the query. Which ID must the answer have?",
      .answer = fmt::format("0x{:04x}", value),
      .also = {fmt::format("{:04x}", value)},
      .why = fmt::format("The answer repeats the ID of the query, 0x{:04x}, which is {} in decimal. So the "
                         "client knows which question it belongs to.",
                         value, value),
      .rfc = "RFC 1035 4.1.1"};
}

Made query_or_answer(const QuizRun& run, QuizDice& dice) {
  if (!run.answer) return std::nullopt;
  QuizMessage message = dice.below(2) == 0 ? *run.query : *run.answer;
  const bool answer = message.message.header.qr;
  message.name = "message";
  return with_options(
      {.shown = flags_shown(message),
       .asked = "The first of these bits is QR. What kind of message is this?",
       .answer = answer ? "an answer" : "a query",
       .wrong = {{answer ? "a query" : "an answer",
                  fmt::format("QR is {}, which means {}", answer ? 1 : 0, answer ? "an answer" : "a query")},
                 {"a part of the TLS handshake", "the flags are in the header of a DNS message"}},
       .why = "QR is 0 in a query and 1 in an answer.",
       .rfc = "RFC 1035 4.1.1"},
      dice);
}

Made status(const QuizRun& run, QuizDice& dice) {
  if (!run.answer || run.answer->message.rcode() > 5) return std::nullopt;
  constexpr std::array<std::string_view, 6> kStatus{"NOERROR",  "FORMERR", "SERVFAIL",
                                                    "NXDOMAIN", "NOTIMP",  "REFUSED"};
  constexpr std::array<std::string_view, 6> kMeaning{
      "the name is there",     "the server did not understand the query", "the server could not find out",
      "there is no such name", "the server does not do such queries",     "the server does not want to say"};
  const std::size_t code = run.answer->message.rcode();
  QuizQuestion question{.shown = flags_shown(*run.answer),
                        .asked = "The last four of these bits are the RCODE, the status. Which one is it?",
                        .answer = std::string(kStatus.at(code)),
                        .wrong = others(kStatus, kStatus.at(code), 3, dice),
                        .why = fmt::format("RCODE {} is {}: {}.", code, kStatus.at(code), kMeaning.at(code)),
                        .rfc = "RFC 1035 4.1.1"};
  for (QuizQuestion::Wrong& wrong : question.wrong)
    wrong.why = fmt::format("{} is RCODE {}", wrong.answer,
                            std::ranges::find(kStatus, wrong.answer) - kStatus.begin());
  return with_options(std::move(question), dice);
}

Made answer_count(const QuizRun& run, QuizDice&) {
  if (!run.answer) return std::nullopt;
  const dns::Header& header = run.answer->message.header;
  QuizQuestion question{
      .form = Form::number,
      .shown = octets_shown(*run.answer, kHeaderCounts, 8),
      .asked =
          "These octets count the entries of the four sections: question, answer, authority, additional. "
          "How many records are in the section answer?",
      .answer = fmt::to_string(header.ancount),
      .why = fmt::format("Each count has two octets. The second is ANCOUNT: {}.", header.ancount),
      .rfc = "RFC 1035 4.1.1"};
  const std::pair<unsigned, std::string_view> others[] = {
      {header.qdcount, "QDCOUNT, the questions"},
      {header.nscount, "NSCOUNT, the section authority"},
      {header.arcount, "ARCOUNT, the section additional"}};
  for (const auto& [count, what] : others)
    if (count != header.ancount)
      question.wrong.push_back({fmt::to_string(count), fmt::format("{} is {}", count, what)});
  return question;
}

Made type(const QuizRun& run, QuizDice& dice) {
  if (!run.asked() || run.query->message.questions.empty()) return std::nullopt;
  const QuizField* const field = run.query->find("QTYPE", Section::question);
  if (field == nullptr) return std::nullopt;
  // Each with its meaning: an option "A" alone would look like a letter.
  constexpr std::array<std::string_view, 8> kTypes{
      "A: an IPv4 address",    "NS: a name server of a zone",     "CNAME: another name for it",
      "SOA: what a zone is",   "MX: where its mail goes",         "TXT: text",
      "AAAA: an IPv6 address", "HTTPS: how to reach a web server"};
  const auto name_of = [](std::string_view option) { return option.substr(0, option.find(':')); };
  const std::string name = dns::type_name(run.query->message.questions.front().type);
  const auto* const right = std::ranges::find(kTypes, std::string_view(name), name_of);
  if (right == kTypes.end()) return std::nullopt;
  QuizQuestion question{
      .shown = octets_shown(*run.query, field->offset, field->length),
      .asked = "These two octets are QTYPE. Which type of record was asked for?",
      .answer = std::string(*right),
      .wrong = others(kTypes, *right, 3, dice),
      .why = fmt::format("{} is type {}. The IANA has the list of numbers, \"DNS Parameters\".", name,
                         run.query->message.questions.front().type),
      .rfc = "RFC 1035 4.1.2"};
  if (name.size() > 1) question.also = {name};
  for (QuizQuestion::Wrong& wrong : question.wrong)
    wrong.why =
        fmt::format("{} is type {}", name_of(wrong.answer), *dns::type_from_name(name_of(wrong.answer)));
  return with_options(std::move(question), dice);
}

Made flags(const QuizRun& run, QuizDice&) {
  if (!run.answer) return std::nullopt;
  const QuizField* const field = run.answer->find("flags", Section::header);
  if (field == nullptr) return std::nullopt;
  std::vector<std::string> set, reasons;
  for (const dns::BitField& bits : field->bits) {
    if (bits.width != 1 || bits.value == 0) continue;
    set.emplace_back(bits.name);
    reasons.push_back(fmt::format("{} ({})", bits.name, meaning_of(bits, true)));
  }
  return QuizQuestion{.form = Form::flags,
                      .shown = flags_shown(*run.answer),
                      .asked =
                          "In this order: QR, OPCODE (four bits), AA, TC, RD, RA, Z, AD, CD, RCODE (four "
                          "bits). Which of the flags, one bit each, are 1?",
                      .answer = fmt::format("{}", fmt::join(set, " ")),
                      .why = fmt::format("Set are {}.", fmt::join(reasons, ", ")),
                      .rfc = "RFC 1035 4.1.1, RFC 4035 3.1.6"};
}

Made opt_record(const QuizRun& run, QuizDice& dice) {
  if (!run.answer || !run.answer->message.edns || !run.answer->message.additionals.empty())
    return std::nullopt;
  return with_options(
      {.shown = octets_shown(*run.answer, kHeaderCounts + 6, 2),
       .asked = "The section additional has one record (ARCOUNT), but the zone of the name has no such "
                "record. What is it?",
       .answer = "OPT, the record of EDNS",
       .wrong = {{"a second address of the server", "an address would be a record of some zone"},
                 {"the signature of TLS", "TLS signs its own messages, not those of the DNS"},
                 {"the question once more", "the question has a section of its own"}},
       .why =
           "OPT is no data. It carries what the header has no room for: sizes, more flags, options such as "
           "padding.",
       .rfc = "RFC 6891 6.1.1"},
      dice);
}

Made udp_size(const QuizRun& run, QuizDice&) {
  if (!run.asked() || !run.query->message.edns) return std::nullopt;
  const QuizField* const field = run.query->find("UDP payload size", Section::additional);
  if (field == nullptr) return std::nullopt;
  return QuizQuestion{
      .form = Form::number,
      .shown = octets_shown(*run.query, field->offset, field->length),
      .asked =
          "In the OPT record of the query these octets stand where other records have their class. How many "
          "octets may an answer over UDP have?",
      .answer = field->value,
      .why = fmt::format("OPT has the size of the largest datagram there that the sender takes: {} octets.",
                         field->value),
      .rfc = "RFC 6891 6.2.3"};
}

Made length_prefix(const QuizRun& run, QuizDice&) {
  if (!run.answer || run.is(net::Transport::udp)) return std::nullopt;
  const std::size_t size = run.answer->wire.size();
  return QuizQuestion{
      .form = Form::number,
      .shown = {fmt::format("before the answer:  {:02x} {:02x}", size >> 8, size & 0xff)},
      .asked = "Over TCP and TLS two octets stand before each message. How many octets has this answer?",
      .answer = fmt::to_string(size),
      .wrong = {{fmt::to_string(size + 2), "the two octets do not count themselves"}},
      .why = fmt::format("They are the length of the message, the higher octet first: {} times 256, and {}.",
                         size >> 8, size & 0xff),
      .rfc = "RFC 7766 8"};
}

bool is_truncated(const WireEvent& event) {
  if (event.sent || event.kind != WireEvent::Kind::message) return false;
  const auto message = dns::decode(event.octets);
  return message && message->header.tc;
}

Made truncated(const QuizRun& run, QuizDice& dice) {
  const std::vector<WireEvent>& events = run.outcome.recording.events;
  const auto found = std::ranges::find_if(events, is_truncated);
  if (found == events.end() || !run.answer || !run.is(net::Transport::tcp)) return std::nullopt;
  QuizMessage first{.wire = found->octets, .message = {}, .fields = {}, .name = "first answer"};
  return with_options(
      {.shown = flags_shown(first),
       .asked = "The client had its first answer over UDP, and asked the same again over TCP. Why?",
       .answer = "the answer was too long for a datagram",
       .wrong = {{"the datagram was lost", "an answer came, and these are its flags"},
                 {"TCP is faster", "TCP takes one more round trip, to connect"},
                 {"the first answer was forged", "nothing in it says so"}},
       .why =
           "The flag TC is 1: the answer is truncated, it did not fit. Over TCP it may have 65,535 octets.",
       .rfc = "RFC 7766 5"},
      dice);
}

constexpr QuizKind kKinds[] = {
    {"id", 1, "header", "id", "", id},
    {"query-or-answer", 1, "header", "qr", "", query_or_answer},
    {"status", 1, "answer", "status", "qr", status},
    {"answer-count", 1, "header answer", "answer-count", "", answer_count},
    {"type", 1, "header", "type", "", type},
    {"flags", 2, "header", "flags", "qr", flags},
    {"opt-record", 2, "header", "opt", "", opt_record},
    {"udp-size", 2, "clear", "udp-size", "opt", udp_size},
    {"length-prefix", 2, "clear sizes", "answer-size", "", length_prefix},
    {"truncated", 2, "clear", "truncated", "qr", truncated},
};

}  // namespace

std::span<const QuizKind> message_kinds() {
  return kKinds;
}

}  // namespace client
