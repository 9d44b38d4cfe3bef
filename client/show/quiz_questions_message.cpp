// Questions about the octets of the DNS messages.
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
constexpr std::size_t kBlock = 128;  // RFC 8467 §4.1: queries are padded to a multiple of it

unsigned number_of(std::string_view text) {
  unsigned value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

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
      .asked =
          "These two octets are the ID of the query. Which ID must the answer have? (0x and the octets "
          "will do)",
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
  constexpr std::array<std::string_view, 8> kTypes{"A", "NS", "CNAME", "SOA", "MX", "TXT", "AAAA", "HTTPS"};
  const std::uint16_t code = run.query->message.questions.front().type;
  if (field == nullptr || std::ranges::find(kTypes, dns::type_name(code)) == kTypes.end())
    return std::nullopt;
  QuizQuestion question{
      .shown = octets_shown(*run.query, field->offset, field->length),
      .asked = "These two octets are QTYPE. Which type of record was asked for?",
      .answer = dns::type_name(code),
      .wrong = others(kTypes, dns::type_name(code), 3, dice),
      .why = fmt::format("Type {} is {}. The numbers are in the list of the IANA, \"DNS Parameters\".", code,
                         dns::type_name(code)),
      .rfc = "RFC 1035 4.1.2"};
  for (QuizQuestion::Wrong& wrong : question.wrong)
    wrong.why = fmt::format("{} is type {}", wrong.answer, *dns::type_from_name(wrong.answer));
  return with_options(std::move(question), dice);
}

Made address(const QuizRun& run, QuizDice&) {
  if (!run.answer) return std::nullopt;
  const QuizField* const field = run.answer->find("RDATA: address", Section::answer);
  if (field == nullptr || field->length != 4) return std::nullopt;
  return QuizQuestion{.form = Form::words,
                      .shown = octets_shown(*run.answer, field->offset, field->length),
                      .asked = "These four octets are the data of a record of type A. Which address is it?",
                      .answer = field->value,
                      .why = "Each octet is a number from 0 to 255; the address has them with dots between.",
                      .rfc = "RFC 1035 3.4.1"};
}

bool is_plain(std::string_view label) {
  return std::ranges::all_of(label,
                             [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; });
}

Made name(const QuizRun& run, QuizDice&) {
  if (!run.asked()) return std::nullopt;
  std::size_t begin = 0, end = 0, labels = 0;
  std::string whole;
  for (const QuizField& field : run.query->fields) {
    if (field.section != Section::question || field.name != "QNAME") continue;
    if (end != 0 && field.offset != end) break;  // of another question
    if (end == 0) begin = field.offset;
    end = field.offset + field.length;
    whole = field.whole;
    if (field.part == NamePart::Kind::root) break;
    if (field.part != NamePart::Kind::label || !is_plain(field.value)) return std::nullopt;
    ++labels;
  }
  if (labels == 0) return std::nullopt;
  return QuizQuestion{
      .form = Form::words,
      .shown = octets_shown(*run.query, begin, end - begin),
      .asked = "These octets are QNAME. Which name is it? (0x61 is the letter a, 0x62 is b, ...; 0x2d is -)",
      .answer = whole,
      .why =
          fmt::format("Each label begins with one octet that is its length. There are {} labels; the octet "
                      "00 is the end of the name.",
                      labels),
      .rfc = "RFC 1035 3.1"};
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
  return QuizQuestion{
      .form = Form::flags,
      .shown = flags_shown(*run.answer),
      .asked =
          "In this order: QR, OPCODE (four bits), AA, TC, RD, RA, Z, AD, CD, RCODE (four bits). Which of "
          "the flags are 1? (their names)",
      .answer = fmt::format("{}", fmt::join(set, " ")),
      .why = fmt::format("Set are {}.", fmt::join(reasons, ", ")),
      .rfc = "RFC 1035 4.1.1, RFC 4035 3.1.6"};
}

const QuizField* some_pointer(const QuizMessage& message, QuizDice& dice) {
  std::vector<const QuizField*> pointers;
  for (const QuizField& field : message.fields)
    if (!field.whole.empty() && field.part == NamePart::Kind::pointer) pointers.push_back(&field);
  return pointers.empty() ? nullptr : pointers[dice.below(pointers.size())];
}

Made pointer(const QuizRun& run, QuizDice& dice) {
  if (!run.answer) return std::nullopt;
  const QuizField* const field = some_pointer(*run.answer, dice);
  if (field == nullptr) return std::nullopt;
  const unsigned word = 0xc000U | static_cast<unsigned>(field->target);
  return QuizQuestion{
      .form = Form::number,
      .shown = octets_shown(*run.answer, field->offset, field->length),
      .asked =
          "This is a compression pointer, in place of a name. To which octet of the message does it point?",
      .answer = fmt::to_string(field->target),
      .wrong = {{fmt::to_string(word), "the two highest bits only say that this is a pointer"},
                {fmt::to_string(field->offset), "that is where the pointer stands"}},
      .why =
          fmt::format("The two highest bits are 1: a pointer. The other 14 bits are the number of the octet: "
                      "{}. There the rest of the name stands.",
                      field->target),
      .rfc = "RFC 1035 4.1.4"};
}

// The octets of the name that begins at `offset`, if it has no pointer in it; else 0.
std::size_t length_of_name_at(const QuizMessage& message, std::size_t offset) {
  std::size_t end = offset;
  for (const QuizField& field : message.fields) {
    if (field.offset < offset) continue;
    if (field.offset != end || field.whole.empty() || field.part == NamePart::Kind::pointer) return 0;
    end += field.length;
    if (field.part == NamePart::Kind::root) return end - offset;
  }
  return 0;
}

Made saved(const QuizRun& run, QuizDice& dice) {
  if (!run.answer) return std::nullopt;
  const QuizField* const field = some_pointer(*run.answer, dice);
  if (field == nullptr) return std::nullopt;
  const std::size_t whole = length_of_name_at(*run.answer, field->target);
  if (whole < 3 || field->saved != whole - 2) return std::nullopt;
  std::vector<std::string> shown = octets_shown(*run.answer, field->offset, field->length);
  std::ranges::move(octets_shown(*run.answer, field->target, whole), std::back_inserter(shown));
  return QuizQuestion{
      .form = Form::number,
      .shown = std::move(shown),
      .asked =
          "The first row is a compression pointer, the other the name to which it points. How many octets "
          "does this pointer save?",
      .answer = fmt::to_string(field->saved),
      .wrong = {{fmt::to_string(whole), "the pointer itself has two octets"},
                {fmt::to_string(whole - 3), "the octet 00 at the end of the name is saved too"}},
      .why = fmt::format("The name has {} octets with the 00 at its end, the pointer has 2: it saves {}.",
                         whole, field->saved),
      .rfc = "RFC 1035 4.1.4"};
}

Made ttl(const QuizRun& run, QuizDice& dice) {
  if (!run.answer) return std::nullopt;
  std::vector<const QuizField*> found;
  for (const QuizField& field : run.answer->fields)
    if (field.name == "TTL" && field.section == Section::answer) found.push_back(&field);
  if (found.empty()) return std::nullopt;
  const QuizField& field = *found[dice.below(found.size())];
  return QuizQuestion{.form = Form::number,
                      .shown = octets_shown(*run.answer, field.offset, field.length),
                      .asked = "These four octets are the TTL of a record. How many seconds is that?",
                      .answer = field.value,
                      .why = fmt::format("Four octets, the highest first: {} s. The record {}.", field.value,
                                         meaning_of(field)),
                      .rfc = "RFC 1035 4.1.3"};
}

Made negative_ttl(const QuizRun& run, QuizDice&) {
  if (!run.answer || !run.answer->message.answers.empty()) return std::nullopt;
  const QuizField* const ttl = run.answer->find("TTL", Section::authority);
  const QuizField* const minimum = run.answer->find("RDATA: minimum", Section::authority);
  if (ttl == nullptr || minimum == nullptr || run.answer->message.authorities.size() != 1)
    return std::nullopt;
  const unsigned first = number_of(ttl->value), second = number_of(minimum->value);
  std::vector<std::string> shown = octets_shown(*run.answer, ttl->offset, ttl->length);
  std::ranges::move(octets_shown(*run.answer, minimum->offset, minimum->length), std::back_inserter(shown));
  QuizQuestion question{
      .form = Form::number,
      .shown = std::move(shown),
      .asked =
          "The answer holds no record of the kind that was asked for, but an SOA. The first row is the TTL "
          "of the SOA, the other its last field, minimum. For how many seconds may a cache keep \"it is "
          "not there\"?",
      .answer = fmt::to_string(std::min(first, second)),
      .why = fmt::format("The lower of the two counts: the TTL is {}, the minimum is {}.", first, second),
      .rfc = "RFC 2308 5"};
  if (first != second)
    question.wrong.push_back({fmt::to_string(std::max(first, second)), "the lower of the two counts"});
  return question;
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

Made padding(const QuizRun& run, QuizDice& dice) {
  if (!run.asked()) return std::nullopt;
  const QuizMessage& message = run.answer && dice.below(2) == 0 ? *run.answer : *run.query;
  const QuizField* code = nullptr;
  for (const QuizField& field : message.fields) {
    if (field.name == "option code") code = &field;
    if (field.name != "option length" || code == nullptr || !code->value.starts_with("12 ")) continue;
    return QuizQuestion{
        .form = Form::number,
        .shown = octets_shown(message, code->offset, code->length + field.length),
        .asked =
            "This option of EDNS is padding: its code, then its length. How many octets of padding follow?",
        .answer = field.value,
        .wrong = {{fmt::to_string(number_of(field.value) + 4), "code and length do not count"},
                  {"12", "12 is the code of the option"}},
        .why =
            fmt::format("The length is the second pair of octets: {}. Padding makes the messages about many "
                        "names alike in size.",
                        field.value),
        .rfc = "RFC 7830 3"};
  }
  return std::nullopt;
}

Made longer_name(const QuizRun& run, QuizDice& dice) {
  if (!run.asked()) return std::nullopt;
  const std::size_t size = run.query->wire.size(), more = 1 + dice.below(9);
  const dns::EdnsOption* const pad =
      run.query->message.edns ? run.query->message.edns->find(dns::option::PADDING) : nullptr;
  if (pad == nullptr)
    return QuizQuestion{
        .form = Form::number,
        .shown = {fmt::format("query:  {} octets, no padding", size)},
        .asked =
            fmt::format("The same question about a name that has {} more letter{}, in the same label: how "
                        "many octets has that query?",
                        more, more == 1 ? "" : "s"),
        .answer = fmt::to_string(size + more),
        .why =
            "Nothing hides the length of the name, not even TLS: somebody on the path can tell names by the "
            "size.",
        .rfc = "RFC 7830 1"};
  if (size % kBlock != 0) return std::nullopt;
  const std::size_t bare = size - pad->value.size();
  const std::size_t grown = bare + more + dns::padding_length(bare + more, kBlock);
  return QuizQuestion{
      .form = Form::number,
      .shown = {fmt::format("query:  {} octets, {} of them padding", size, pad->value.size())},
      .asked =
          fmt::format("Queries are padded to a multiple of {}. The same question about a name that has {} "
                      "more letter{}, in the same label: how many octets has that query?",
                      kBlock, more, more == 1 ? "" : "s"),
      .answer = fmt::to_string(grown),
      .wrong = {{fmt::to_string(size + more), "the padding is shorter for it"}},
      .why = fmt::format("Without padding it has {} octets; the next multiple of {} is {}.", bare + more,
                         kBlock, grown),
      .rfc = "RFC 8467 4.1"};
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
    {"address", 1, "answer", "address", "type", address},
    {"name", 2, "names", "name", "", name},
    {"flags", 2, "header", "flags", "qr", flags},
    {"pointer", 2, "names", "pointer", "", pointer},
    {"saved", 3, "names", "saved", "pointer", saved},
    {"ttl", 2, "answer", "ttl", "", ttl},
    {"negative-ttl", 3, "answer", "negative-ttl", "status answer-count", negative_ttl},
    {"opt-record", 2, "header", "opt", "", opt_record},
    {"udp-size", 2, "clear", "udp-size", "opt", udp_size},
    {"padding", 2, "sizes", "padding", "opt", padding},
    {"longer-name", 3, "sizes", "longer-name", "padding query-size", longer_name},
    {"length-prefix", 2, "clear sizes", "answer-size", "", length_prefix},
    {"truncated", 2, "clear", "truncated", "qr", truncated},
};

}  // namespace

std::span<const QuizKind> message_kinds() {
  return kKinds;
}

}  // namespace client
