// Questions about what stands in the DNS messages: names, pointers, records, padding.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <fmt/format.h>
#include <iterator>

#include "client/show/explain_meaning.h"
#include "client/show/quiz_questions.h"
#include "common/dns/codes.h"

namespace client {
namespace {

using dns::NamePart;
using dns::Section;
using Form = QuizQuestion::Form;
using Made = std::optional<QuizQuestion>;

constexpr std::size_t kBlock = 128;  // RFC 8467 §4.1: queries are padded to a multiple of it

constexpr std::size_t kMostOctets = 40;  // of a name; nobody likes to read more by hand

unsigned number_of(std::string_view text) {
  unsigned value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
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
  if (labels == 0 || end - begin > kMostOctets) return std::nullopt;
  return QuizQuestion{
      .form = Form::words,
      .shown = octets_shown(*run.query, begin, end - begin),
      .asked =
          "0x61 is the letter a, 0x62 is b, and so on; 0x2d is the dash. These octets are QNAME: which name "
          "is it?",
      .answer = whole,
      .why =
          fmt::format("Each label begins with one octet that is its length. There are {} labels; the octet "
                      "00 is the end of the name.",
                      labels),
      .rfc = "RFC 1035 3.1"};
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
                {fmt::to_string(field->offset), "that is the place of the pointer itself"}},
      .why =
          fmt::format("The two highest bits are 1: a pointer. The other 14 bits are the number of the octet: "
                      "{}. The rest of the name is there.",
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
  if (whole < 3 || whole > kMostOctets || field->saved != whole - 2) return std::nullopt;
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
  if (!run.asked() || run.query->message.questions.size() != 1 ||
      run.query->message.questions.front().name.wire().size() + 9 > dns::kMaxName)
    return std::nullopt;
  const std::size_t size = run.query->wire.size(), more = 1 + dice.below(9);
  const dns::EdnsOption* const pad =
      run.query->message.edns ? run.query->message.edns->find(dns::option::PADDING) : nullptr;
  if (pad == nullptr)
    return QuizQuestion{
        .form = Form::number,
        .shown = {fmt::format("query:  {} octets, no padding", size)},
        .asked = fmt::format(
            "The same question about a name of as many labels, but with {} more letter{}: how many "
            "octets has that query?",
            more, more == 1 ? "" : "s"),
        .answer = fmt::to_string(size + more),
        .why =
            "Nothing hides the length of the name, not even TLS: somebody on the path can tell names by the "
            "size.",
        .rfc = "RFC 7830 1"};
  if (size % kBlock != 0 || pad->value.size() >= kBlock) return std::nullopt;  // by another rule
  const std::size_t bare = size - pad->value.size();
  const std::size_t grown = bare + more + dns::padding_length(bare + more, kBlock);
  return QuizQuestion{
      .form = Form::number,
      .shown = {fmt::format("query:  {} octets, {} of them padding", size, pad->value.size())},
      .asked = fmt::format(
          "Queries are padded to a multiple of {}. Another name has as many labels, and {} more letter{}. "
          "How many octets does the query for it have?",
          kBlock, more, more == 1 ? "" : "s"),
      .answer = fmt::to_string(grown),
      .wrong = {{fmt::to_string(size + more), "the padding is shorter for it"}},
      .why = fmt::format("Without padding it has {} octets, with the code and the length of the option; the "
                         "next multiple of {} is {}.",
                         bare + more, kBlock, grown),
      .rfc = "RFC 8467 4.1"};
}

constexpr QuizKind kKinds[] = {
    {"address", 1, "answer", "address", "type", address},
    {"name", 2, "names", "name", "", name},
    {"pointer", 2, "names", "pointer", "", pointer},
    {"saved", 3, "names", "saved", "pointer", saved},
    {"ttl", 2, "answer", "ttl", "", ttl},
    {"negative-ttl", 3, "answer", "negative-ttl", "status answer-count", negative_ttl},
    {"padding", 2, "sizes", "padding", "opt", padding},
    {"longer-name", 3, "sizes", "longer-name", "padding query-size", longer_name},
};

}  // namespace

std::span<const QuizKind> record_kinds() {
  return kKinds;
}

}  // namespace client
