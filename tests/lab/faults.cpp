#include "tests/lab/faults.h"

#include <fmt/format.h>

#include "common/cli.h"

namespace lab {
namespace {

using Result = std::expected<void, std::string>;

struct Entry {
  std::string_view name;
  std::string_view form;  // of the value, as --help shows it
  std::string_view help;
  Result (*apply)(std::string_view value, Faults& faults);
};

template <bool Faults::*Flag>
Result set_flag(std::string_view value, Faults& faults) {
  if (!value.empty()) return std::unexpected(fmt::format("it takes no value, not '{}'", value));
  faults.*Flag = true;
  return {};
}

std::expected<std::chrono::milliseconds, std::string> parse_ms(std::string_view value) {
  const auto number = cli::parse_number(value, 0, 3'600'000);
  if (!number) return std::unexpected(number.error());
  return std::chrono::milliseconds(*number);
}

Result set_close_after(std::string_view value, Faults& faults) {
  const auto number = cli::parse_number(value, 1, 1'000'000);
  if (!number) return std::unexpected(number.error());
  faults.close_after = static_cast<unsigned>(*number);
  return {};
}

Result set_idle_close(std::string_view value, Faults& faults) {
  const auto time = parse_ms(value);
  if (!time) return std::unexpected(time.error());
  faults.idle_close = *time;
  return {};
}

Result set_keepalive(std::string_view value, Faults& faults) {
  const auto number = cli::parse_number(value, 0, 65535);
  if (!number) return std::unexpected(number.error());
  faults.keepalive = static_cast<std::uint16_t>(*number);
  return {};
}

Result set_reorder(std::string_view value, Faults& faults) {
  const auto time = parse_ms(value);
  if (!time) return std::unexpected(time.error());
  faults.reorder = *time;
  return {};
}

std::expected<When, std::string> parse_when(std::string_view value) {
  When when;
  if (value.empty()) return when;
  if (value.ends_with('%')) {
    const auto number = cli::parse_number(value.substr(0, value.size() - 1), 1, 100);
    if (!number) return std::unexpected(number.error());
    when.percent = static_cast<unsigned>(*number);
    return when;
  }
  auto name = dns::Name::parse(value);
  if (!name) return std::unexpected(fmt::format("'{}': {}", value, name.error().what));
  when.within = std::move(*name);
  return when;
}

template <AnswerFault Fault>
Result on_answer(std::string_view value, Faults& faults) {
  auto when = parse_when(value);
  if (!when) return std::unexpected(when.error());
  faults.on_answer.push_back({Fault, std::move(*when)});
  return {};
}

constexpr Entry kTable[] = {
    {"expired", "", "the certificate ended yesterday", set_flag<&Faults::expired>},
    {"wrong-name", "", "the certificate is for somebody else", set_flag<&Faults::wrong_name>},
    {"wrong-ca", "", "--ca-out gets a CA that did not sign it", set_flag<&Faults::wrong_ca>},
    {"not-tls", "", "tls:// ports speak plain text", set_flag<&Faults::not_tls>},
    {"stall-handshake", "", "tls:// ports accept and say nothing", set_flag<&Faults::stall_handshake>},
    {"tls11-only", "", "tls:// ports speak TLS 1.1 and no other", set_flag<&Faults::tls11_only>},
    {"close-after", "=N", "close a connection after N answers", set_close_after},
    {"idle-close", "=MS", "close a connection silent for so long", set_idle_close},
    {"keepalive", "=N", "say that idle connections are kept for N x 100 ms (RFC 7828)", set_keepalive},
    {"reorder", "=MS", "hold each answer up by a random time below this", set_reorder},
    {"in-turn", "", "work on one query of a connection at a time", set_flag<&Faults::in_turn>},
    {"drop", "[=WHEN]", "do not answer", on_answer<AnswerFault::drop>},
    {"duplicate", "[=WHEN]", "answer twice", on_answer<AnswerFault::duplicate>},
    {"wrong-id", "[=WHEN]", "answer under another ID", on_answer<AnswerFault::wrong_id>},
    {"wrong-question", "[=WHEN]", "answer another question", on_answer<AnswerFault::wrong_question>},
    {"formerr", "[=WHEN]", "answer FORMERR, without question and OPT", on_answer<AnswerFault::formerr>},
    {"badvers", "[=WHEN]", "answer BADVERS, without question", on_answer<AnswerFault::badvers>},
    {"malformed", "[=WHEN]", "send half a message in a whole frame", on_answer<AnswerFault::malformed>},
    {"close-mid-frame", "[=WHEN]", "send half a frame and close", on_answer<AnswerFault::close_mid_frame>},
    {"stall-mid-frame", "[=WHEN]", "send half a frame and no more", on_answer<AnswerFault::stall_mid_frame>},
    {"reset", "[=WHEN]", "reset the connection", on_answer<AnswerFault::reset>},
};

}  // namespace

bool When::strikes(const dns::Name& question, Dice& dice) const {
  if (within) return question.is_within(*within);
  return percent == 100 || std::uniform_int_distribution<unsigned>(0, 99)(dice) < percent;
}

std::optional<AnswerFault> Faults::pick(const dns::Name& question, Dice& dice) const {
  for (const OnAnswer& entry : on_answer)
    if (entry.when.strikes(question, dice)) return entry.fault;
  return std::nullopt;
}

std::expected<void, std::string> add_fault(std::string_view text, Faults& faults) {
  const auto equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  const std::string_view value = equals == std::string_view::npos ? "" : text.substr(equals + 1);
  for (const Entry& entry : kTable) {
    if (entry.name != name) continue;
    if (const auto result = entry.apply(value, faults); !result)
      return std::unexpected(fmt::format("fault {}: {}", name, result.error()));
    return {};
  }
  return std::unexpected(fmt::format("'{}' is no fault that this resolver knows", name));
}

std::string describe_faults() {
  std::string text;
  for (const Entry& entry : kTable)
    text += fmt::format("  {:<26}{}\n", fmt::format("{}{}", entry.name, entry.form), entry.help);
  return text;
}

}  // namespace lab
