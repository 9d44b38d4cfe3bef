#include "client/batch.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <optional>
#include <unistd.h>

#include "client/queries.h"
#include "client/question_words.h"
#include "common/dns/codes.h"
#include "common/net/unique_fd.h"

namespace client {
namespace {

constexpr std::string_view kStandardInput = "-";
constexpr std::size_t kMostOctets = 64 << 20;  // room for as many of the longest names as there are IDs
constexpr std::string_view kBlanks = " \t\r\f\v";

// The next word of a line, which it is taken off; empty at the end, or where a comment begins.
std::string_view next_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  if (line.starts_with('#') || line.starts_with(';')) line = {};
  const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
  line.remove_prefix(word.size());
  return word;
}

// A line's words after the name. Returns the complaint.
std::string take_words(std::string_view line, dns::Question& question) {
  bool has_type = false;
  bool has_class = false;
  for (auto word = next_word(line); !word.empty(); word = next_word(line)) {
    if (const auto type = dns::type_from_name(word); type && !has_type) {
      if (std::string complaint = complaint_about_type(*type); !complaint.empty()) return complaint;
      question.type = *type;
      has_type = true;
    } else if (const auto klass = dns::class_from_name(word); klass && !has_class) {
      question.klass = *klass;
      has_class = true;
    } else if (type || klass) {
      return fmt::format("'{}' is one {} too many", word, type ? "type" : "class");
    } else {
      return fmt::format("'{}' is neither a type nor a class", word);
    }
  }
  return {};
}

// nullopt for a line that says nothing.
std::expected<std::optional<dns::Question>, std::string> parse_line(std::string_view line,
                                                                    const dns::Question& usual) {
  const std::string_view word = next_word(line);
  if (word.empty()) return std::nullopt;
  if (std::string complaint = complaint_about_url(word); !complaint.empty())
    return std::unexpected(std::move(complaint));
  auto name = question_name(word);
  if (!name) return std::unexpected(std::move(name.error()));
  dns::Question question{std::move(*name), usual.type, usual.klass};
  if (std::string complaint = take_words(line, question); !complaint.empty())
    return std::unexpected(std::move(complaint));
  return question;
}

std::expected<std::string, std::string> read_all(const std::string& file) {
  const net::UniqueFd opened(file == kStandardInput ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                                    : open(file.c_str(), O_RDONLY | O_CLOEXEC));
  const auto cannot = [&](const char* why) {
    return std::unexpected(fmt::format("the batch '{}' cannot be read: {}", file, why));
  };
  if (!opened.valid()) return cannot(strerrordesc_np(errno));
  std::string text;
  char buffer[16384];
  for (;;) {
    const ssize_t count = read(opened.get(), buffer, sizeof buffer);
    if (count == 0) return text;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannot(strerrordesc_np(errno));
    text.append(buffer, static_cast<std::size_t>(count));
    if (text.size() > kMostOctets) return cannot("it is too long");
  }
}

}  // namespace

std::expected<std::vector<dns::Question>, std::string> parse_batch(std::string_view text,
                                                                   const std::string& source,
                                                                   const dns::Question& usual) {
  std::vector<dns::Question> questions;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    auto question = parse_line(line, usual);
    if (!question) return std::unexpected(fmt::format("{}:{}: {}", source, number, question.error()));
    if (*question) questions.push_back(std::move(**question));
  }
  return questions;
}

std::string add_batch(Options& options) {
  if (options.batch.empty()) return {};
  const auto text = read_all(options.batch);
  if (!text) return text.error();
  const std::string source = options.batch == kStandardInput ? "standard input" : options.batch;
  auto questions = parse_batch(*text, source, options.batch_usual);
  if (!questions) return questions.error();
  if (questions->empty()) return source + ": no question in it";
  options.questions.insert(options.questions.end(), questions->begin(), questions->end());
  if (options.questions.size() > Queries::kMostQuestions)
    return fmt::format("{}: {} questions are more than one connection has IDs for, {}: split it", source,
                       options.questions.size(), Queries::kMostQuestions);
  return {};
}

}  // namespace client
