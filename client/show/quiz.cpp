#include "client/show/quiz.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "client/show/escape.h"
#include "client/show/quiz_questions.h"

namespace client {
namespace {

constexpr std::size_t kQuestions = 10;
constexpr std::array<std::size_t, 3> kOfLevel{4, 4, 2};  // of these

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

bool has_word(std::string_view text, std::string_view word) {
  const std::vector<std::string_view> words = words_of(text);
  return std::ranges::find(words, word) != words.end();
}

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

// What counts of words: neither case nor blanks, quotes, dashes or a final dot.
std::string plain(std::string_view text) {
  std::string out;
  for (const char letter : text)
    if (letter != ' ' && letter != '\t' && letter != '"' && letter != '\'' && letter != '-' && letter != '_')
      out += lower(letter);
  while (out.size() > 1 && out.ends_with('.')) out.pop_back();
  return out;
}

// Units that an answer may have, and what they multiply by.
struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
constexpr Unit kUnits[] = {
    {"", 1},         {"s", 1},     {"sec", 1},     {"second", 1},   {"seconds", 1}, {"octet", 1},
    {"octets", 1},   {"byte", 1},  {"bytes", 1},   {"ms", 1},       {"record", 1},  {"records", 1},
    {"m", 60},       {"min", 60},  {"minute", 60}, {"minutes", 60}, {"h", 3600},    {"hour", 3600},
    {"hours", 3600}, {"d", 86400}, {"day", 86400}, {"days", 86400},
};

// "300", "0x12c", "300 s", "5 min", "1,083", "octet 12"; nullopt: no number.
std::optional<std::uint64_t> number_in(std::string_view line) {
  std::string text = plain(line);
  std::erase(text, ',');
  if (const std::size_t digit = text.find_first_of("0123456789");
      text.starts_with("octet") || text.starts_with("offset"))
    text.erase(0, digit);
  const int base = text.starts_with("0x") ? 16 : 10;
  const char* const begin = text.data() + (base == 16 ? 2 : 0);
  const char* const end = text.data() + text.size();
  std::uint64_t value = 0;
  const auto [rest, error] = std::from_chars(begin, end, value, base);
  if (error != std::errc() || value > UINT32_MAX) return std::nullopt;
  const auto* const unit =
      std::ranges::find(kUnits, std::string_view(rest, static_cast<std::size_t>(end - rest)), &Unit::name);
  if (unit == std::end(kUnits)) return std::nullopt;
  return value * unit->factor;
}

// "QR RD RA", however they are parted, in one order.
std::vector<std::string> flags_in(std::string_view line) {
  std::vector<std::string> flags;
  std::string flag;
  for (const char letter : std::string(line) + ' ') {
    if (std::isalnum(static_cast<unsigned char>(letter)) != 0) {
      flag += lower(letter);
      continue;
    }
    if (!flag.empty() && flag != "and") flags.push_back(flag);
    flag.clear();
  }
  std::ranges::sort(flags);
  return flags;
}

// The option that is meant by "b", "B)", or its text; the line itself, if none is.
std::string option_in(const QuizQuestion& question, std::string_view line) {
  std::string text = plain(line);
  for (const std::string& option : question.options)
    if (plain(option) == text) return option;
  while (!text.empty() && (text.ends_with(')') || text.ends_with('.'))) text.pop_back();
  if (text.starts_with('(')) text.erase(0, 1);
  if (text.size() == 1 && text[0] >= 'a' && static_cast<std::size_t>(text[0] - 'a') < question.options.size())
    return question.options[static_cast<std::size_t>(text[0] - 'a')];
  return std::string(line);
}

bool means(const QuizQuestion& question, std::string_view line, std::string_view answer) {
  switch (question.form) {
    case QuizQuestion::Form::number: {
      if (line.find('-') != std::string_view::npos) return false;  // which plain() leaves out
      const auto number = number_in(line);
      return (number && number == number_in(answer)) || plain(line) == plain(answer);
    }
    case QuizQuestion::Form::flags:
      return flags_in(line) == flags_in(answer);
    case QuizQuestion::Form::choice:
      return plain(option_in(question, line)) == plain(answer);
    case QuizQuestion::Form::words:
      break;
  }
  return plain(line) == plain(answer);
}

// Of the usual mistakes those that are mistakes here, each once: numbers may happen to be alike.
void drop_doubles(QuizQuestion& question) {
  std::vector<QuizQuestion::Wrong> kept;
  for (QuizQuestion::Wrong& wrong : question.wrong) {
    const auto same = [&](const QuizQuestion::Wrong& other) { return other.answer == wrong.answer; };
    if (!means(question, wrong.answer, question.answer) && std::ranges::none_of(kept, same))
      kept.push_back(std::move(wrong));
  }
  question.wrong = std::move(kept);
}

std::string why_wrong(const QuizQuestion& question, std::string_view line) {
  for (const QuizQuestion::Wrong& wrong : question.wrong)
    if (means(question, line, wrong.answer)) return wrong.why;
  if (question.form == QuizQuestion::Form::number && !number_in(line)) return "that is not a number";
  if (question.form == QuizQuestion::Form::choice && option_in(question, line) == line)
    return "that is none of the letters";
  return {};
}

// Picks from the kinds in their order.
class Picker {
 public:
  Picker(const QuizRun& run, QuizDice dice) : run_(run), dice_(dice) {}

  // Takes what fits; with `by_level` no more of a level than its share.
  void take(const std::vector<QuizKind>& kinds, bool by_level) {
    for (const QuizKind& kind : kinds) {
      std::size_t& share = taken_of_level_.at(kind.level - 1);
      if (quiz_.size() == kQuestions || (by_level && share == kOfLevel.at(kind.level - 1))) continue;
      if (std::ranges::any_of(taken_, [&](const QuizKind& other) { return clash(kind, other); })) continue;
      auto question = kind.make(run_, dice_);
      if (!question) continue;
      drop_doubles(*question);
      question->kind = kind.name;
      question->themes = kind.themes;
      question->level = kind.level;
      quiz_.push_back(*std::move(question));
      taken_.push_back(kind);
      ++share;
    }
  }

  std::vector<QuizQuestion> quiz() {
    std::ranges::stable_sort(quiz_, {}, &QuizQuestion::level);
    return std::move(quiz_);
  }

 private:
  // One says what the other asks, or both ask the same.
  static bool clash(const QuizKind& a, const QuizKind& b) {
    return a.asks == b.asks || has_word(a.tells, b.asks) || has_word(b.tells, a.asks);
  }

  const QuizRun& run_;
  QuizDice dice_;
  std::vector<QuizQuestion> quiz_;
  std::vector<QuizKind> taken_;
  std::array<std::size_t, 3> taken_of_level_{};
};

}  // namespace

std::string complaint_about_theme(std::string_view theme) {
  if (theme.empty()) return {};
  std::vector<std::string_view> themes;
  for (const QuizKind& kind : quiz_kinds())
    for (const std::string_view word : words_of(kind.themes)) themes.push_back(word);
  if (std::ranges::find(themes, theme) != themes.end()) return {};
  std::ranges::sort(themes);
  const auto doubles = std::ranges::unique(themes);
  themes.erase(doubles.begin(), doubles.end());
  return fmt::format("--quiz-theme: '{}' is none of {}", theme, fmt::join(themes, ", "));
}

std::vector<QuizQuestion> make_quiz(const Outcome& outcome, const Options& options) {
  const QuizRun run(outcome, options);
  QuizDice dice(options.quiz.seed_or_first());
  std::vector<QuizKind> kinds = quiz_kinds();
  dice.shuffle(kinds);
  // What is about the theme first of all, what is about it too, the rest.
  const auto distance = [&](const QuizKind& kind) {
    const std::vector<std::string_view> themes = words_of(kind.themes);
    const auto found = std::ranges::find(themes, options.quiz.theme);
    return found == themes.end() ? SIZE_MAX : static_cast<std::size_t>(found - themes.begin());
  };
  std::ranges::stable_sort(kinds, {}, distance);
  Picker picker(run, dice);
  picker.take(kinds, true);
  picker.take(kinds, false);
  return picker.quiz();
}

QuizMark mark(const QuizQuestion& question, std::string_view line) {
  bool right = means(question, line, question.answer);
  for (const std::string& other : question.also) right = right || means(question, line, other);
  const std::string because = fmt::format("{} [{}]", question.why, question.rfc);
  if (right) return {true, "Right. " + because};
  const std::string why = why_wrong(question, line);
  return {false, fmt::format("No{}{}. The answer is: {}. {}", why.empty() ? "" : ": ", why, question.answer,
                             because)};
}

}  // namespace client
