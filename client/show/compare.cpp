#include "client/show/compare.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <functional>
#include <map>

#include "client/show/escape.h"
#include "common/dns/codes.h"

namespace client {
namespace {

constexpr std::string_view kNames[] = {"DoT", "TCP", "UDP"};
constexpr std::string_view kNone = "-";

using Cells = std::array<std::string, 3>;
using Asked = std::array<const Answer*, 3>;  // one question's answers; null: none

std::string time_text(Duration duration) {
  return fmt::format("{:.1f} ms", milliseconds(duration));
}

std::string flags(const dns::Header& header) {
  std::string text;
  const std::pair<bool, std::string_view> all[] = {{header.aa, "aa"}, {header.tc, "tc"}, {header.rd, "rd"},
                                                   {header.ra, "ra"}, {header.ad, "ad"}, {header.cd, "cd"}};
  for (const auto& [set, name] : all)
    if (set) (text += text.empty() ? "" : " ") += name;
  return text;
}

std::string errors(const dns::Message& message) {
  std::string text;
  if (!message.edns) return text;
  for (const dns::EdnsOption& option : message.edns->options)
    if (option.code == dns::option::EXTENDED_ERROR)
      (text += text.empty() ? "" : ", ") += dns::option_text(option);
  return text;
}

std::string time_to_live(const dns::Message& message) {
  if (message.answers.empty()) return {};
  return fmt::to_string(std::ranges::min(message.answers, {}, &dns::Record::ttl).ttl);
}

// What two answers must have in common, as a line each: the section, and the record without its TTL.
std::vector<std::string> records(const dns::Message& message) {
  const std::pair<std::string_view, const std::vector<dns::Record>*> sections[] = {
      {"answer", &message.answers},
      {"authority", &message.authorities},
      {"additional", &message.additionals}};
  std::vector<std::string> lines;
  for (const auto& [name, section] : sections)
    for (const dns::Record& record : *section) {
      std::string owner = record.owner.to_string();
      const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
      std::ranges::transform(owner, owner.begin(), lower);
      lines.push_back(fmt::format("{}: {} {} {} {}", name, owner, dns::class_name(record.klass),
                                  dns::type_name(record.type), dns::rdata_to_text(record.rdata)));
    }
  std::ranges::sort(lines);
  return lines;
}

// The rows of the table: a name, and what it says of an answer and the connection that brought it.
struct Row {
  std::string_view name;
  std::string (*cell)(const Answer& answer, const Connection& connection);
  bool counts;  // as a difference
};

constexpr Row kRows[] = {
    {"status",
     [](const Answer& answer, const Connection&) { return dns::rcode_name(answer.message.rcode()); }, true},
    {"flags", [](const Answer& answer, const Connection&) { return flags(answer.message.header); }, true},
    {"extended errors", [](const Answer& answer, const Connection&) { return errors(answer.message); }, true},
    {"answer records",
     [](const Answer& answer, const Connection&) { return fmt::to_string(answer.message.answers.size()); },
     false},  // the records themselves are compared
    {"least TTL", [](const Answer& answer, const Connection&) { return time_to_live(answer.message); },
     false},
    {"octets sent", [](const Answer& answer, const Connection&) { return fmt::to_string(answer.sent); },
     false},
    {"octets received",
     [](const Answer& answer, const Connection&) { return fmt::to_string(answer.received); }, false},
    {"connect",
     [](const Answer&, const Connection& connection) {
       return connection.transport == net::Transport::udp ? std::string() : time_text(connection.connect);
     },
     false},
    {"handshake",
     [](const Answer&, const Connection& connection) {
       return connection.tls ? time_text(connection.handshake) : std::string();
     },
     false},
    {"query", [](const Answer& answer, const Connection&) { return time_text(answer.time); }, false},
};

// The ways for which `holds`: "DoT and TCP", "all three".
std::string ways(const std::function<bool(std::size_t)>& holds) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < std::size(kNames); ++i)
    if (holds(i)) names.push_back(kNames[i]);
  return names.size() == std::size(kNames) ? "all three" : fmt::format("{}", fmt::join(names, " and "));
}

class Table {
 public:
  Table(const Comparison& comparison, std::size_t question);
  std::string to_text() const;

 private:
  std::string rows() const;
  std::string verdict() const;
  Cells cells(const Row& row) const;
  bool differs(const Cells& cells) const;
  std::string record_lines() const;

  const Comparison& comparison_;
  const std::size_t question_;
  Asked answers_{};
  std::array<std::vector<std::string>, 3> records_;
};

Table::Table(const Comparison& comparison, std::size_t question)
    : comparison_(comparison), question_(question) {
  for (std::size_t i = 0; i < answers_.size(); ++i) {
    const auto& answer = comparison[i].outcome.answers[question];
    if (!answer) continue;
    answers_[i] = &*answer;
    records_[i] = records(answer->message);
  }
}

std::string Table::to_text() const {
  const dns::Question& question = comparison_[0].options.questions[question_];
  return fmt::format(";; {}\n{}{}\n", to_string(question), rows(), verdict());
}

Cells Table::cells(const Row& row) const {
  Cells cells;
  for (std::size_t i = 0; i < cells.size(); ++i)
    if (answers_[i] != nullptr)
      cells[i] = row.cell(*answers_[i], comparison_[i].outcome.connections[answers_[i]->connection]);
  for (std::string& cell : cells)
    if (cell.empty()) cell = kNone;
  return cells;
}

std::string Table::rows() const {
  static constexpr char kLine[] = ";;   {:<15}  {:<20}  {:<20}  {}\n";
  std::string text = fmt::format(kLine, "", kNames[0], kNames[1], kNames[2]);
  for (const Row& row : kRows) {
    const Cells of = cells(row);
    if (std::ranges::any_of(of, [](const std::string& cell) { return cell != kNone; }))
      text += fmt::format(kLine, row.name, of[0], of[1], of[2]);
  }
  if (answers_[2] != nullptr && answers_[2]->connection > 0)
    text += ";;   The answer was too long for UDP; its column is that of the same question over TCP.\n";
  return text;
}

bool Table::differs(const Cells& of) const {
  const std::string* first = nullptr;
  for (std::size_t i = 0; i < of.size(); ++i) {
    if (answers_[i] == nullptr) continue;
    if (first == nullptr) first = &of[i];
    if (*first != of[i]) return true;
  }
  return false;
}

std::string Table::verdict() const {
  const auto answered = [&](std::size_t i) { return answers_[i] != nullptr; };
  const auto silent = [&](std::size_t i) { return answers_[i] == nullptr; };
  const auto count = std::ranges::count_if(answers_, [](const Answer* answer) { return answer != nullptr; });
  if (count == 0) return ";; No answer at all.\n";
  if (count == 1) return fmt::format(";; An answer by {} alone: nothing to compare.\n", ways(answered));

  std::vector<std::string_view> differing;
  for (const Row& row : kRows)
    if (row.counts && differs(cells(row))) differing.push_back(row.name);
  const std::string lines = record_lines();
  if (!lines.empty()) differing.emplace_back("records");
  const std::string missing = count == 3 ? "" : fmt::format(", none by {}", ways(silent));
  if (differing.empty()) return fmt::format(";; The same answer by {}{}.\n", ways(answered), missing);
  return fmt::format(";; NOT the same answer{}: {}\n{}", missing, fmt::join(differing, ", "), lines);
}

// The records that not every answer has, and which have them.
std::string Table::record_lines() const {
  std::map<std::string, std::array<std::size_t, 3>> counts;
  for (std::size_t i = 0; i < records_.size(); ++i)
    for (const std::string& record : records_[i]) ++counts[record][i];
  std::string text;
  for (const auto& [record, count] : counts) {
    const std::size_t most = std::ranges::max(count);
    const auto lacks = [&](std::size_t i) { return answers_[i] != nullptr && count[i] < most; };
    if (ways(lacks).empty()) continue;
    text +=
        fmt::format(";;   by {} only: {}\n", ways([&](std::size_t i) { return count[i] == most; }), record);
  }
  return text;
}

}  // namespace

std::string comparison_to_text(const Comparison& comparison) {
  std::string text;
  for (std::size_t i = 0; i < comparison[0].options.questions.size(); ++i)
    text += Table(comparison, i).to_text();
  return text;
}

std::string comparison_notice(const Options& options) {
  return fmt::format(
      "client: --compare asks {} port {} by TCP and UDP too: what is asked and answered passes in clear",
      printable(options.server.host), *options.clear_port);
}

}  // namespace client
