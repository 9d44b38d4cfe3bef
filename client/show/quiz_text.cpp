#include <fmt/format.h>

#include "client/show/json_writer.h"
#include "client/show/quiz.h"
#include "client/show/wrap.h"

namespace client {
namespace {

constexpr std::size_t kWidth = 100;

std::string lines(std::string_view text, std::size_t indent) {
  std::string out;
  for (const std::string& row : wrapped(text, kWidth - indent)) out += std::string(indent, ' ') + row + '\n';
  return out;
}

char letter(std::size_t index) {
  return static_cast<char>('a' + index);
}

// "300"; of a choice "b) no, it was encrypted".
std::string answer_text(const QuizQuestion& question) {
  for (std::size_t i = 0; i < question.options.size(); ++i)
    if (question.options[i] == question.answer) return fmt::format("{}) {}", letter(i), question.answer);
  return question.answer;
}

std::string question_text(const QuizQuestion& question, std::size_t number) {
  std::string out = fmt::format("{:2}. {}", number, lines(question.asked, 4).substr(4));
  for (const std::string& row : question.shown) out += lines(row, 8);
  for (std::size_t i = 0; i < question.options.size(); ++i)
    out += fmt::format("    {}) {}", letter(i), lines(question.options[i], 7).substr(7));
  return out;
}

std::string_view level_name(unsigned level) {
  return level == 1 ? "EASY" : level == 2 ? "NOT SO EASY" : "HARD";
}

// The heading of a level, in front of its first question.
std::string heading(const std::vector<QuizQuestion>& quiz, std::size_t index) {
  if (index > 0 && quiz[index - 1].level == quiz[index].level) return {};
  return fmt::format("{}\n\n", level_name(quiz[index].level));
}

std::string introduction(const std::vector<QuizQuestion>& quiz, const Options& options) {
  return fmt::format("QUIZ about one run of client, {} question{}, seed {}\n", quiz.size(),
                     quiz.size() == 1 ? "" : "s", options.quiz.seed_or_first()) +
         lines(
             "Octets are in hexadecimal, and their count begins at 0. An answer is a letter, a number "
             "(decimal, or hexadecimal with 0x in front), or words.",
             0) +
         '\n';
}

std::string_view form_name(QuizQuestion::Form form) {
  switch (form) {
    case QuizQuestion::Form::number:
      return "number";
    case QuizQuestion::Form::words:
      return "words";
    case QuizQuestion::Form::flags:
      return "flags";
    case QuizQuestion::Form::choice:
      break;
  }
  return "choice";
}

void write_answer(const QuizQuestion& question, JsonWriter& json) {
  json.member("answer", question.answer);
  for (std::size_t i = 0; i < question.options.size(); ++i)
    if (question.options[i] == question.answer) json.member("letter", std::string(1, letter(i)));
  if (!question.also.empty()) {
    json.open_array("also");
    for (const std::string& other : question.also) json.value(other);
    json.close();
  }
  json.open_array("wrong");
  for (const QuizQuestion::Wrong& wrong : question.wrong) {
    json.open_object();
    json.member("answer", wrong.answer);
    json.member("why", wrong.why);
    json.close();
  }
  json.close();
  json.member("why", question.why);
  json.member("rfc", question.rfc);
}

}  // namespace

std::string quiz_sheet(const std::vector<QuizQuestion>& quiz, const Options& options) {
  std::string out = introduction(quiz, options);
  for (std::size_t i = 0; i < quiz.size(); ++i) {
    out += heading(quiz, i) + question_text(quiz[i], i + 1);
    out += "\n    Answer: ______________________________\n\n";
  }
  return out;
}

std::string quiz_key(const std::vector<QuizQuestion>& quiz, const Options& options) {
  std::string out =
      fmt::format("KEY to the quiz about one run of client, seed {}\n\n", options.quiz.seed_or_first());
  for (std::size_t i = 0; i < quiz.size(); ++i) {
    out += fmt::format("{:2}. {}", i + 1, lines(answer_text(quiz[i]), 4).substr(4));
    out += lines(fmt::format("{} [{}]", quiz[i].why, quiz[i].rfc), 4);
  }
  return out;
}

std::string quiz_json(const std::vector<QuizQuestion>& quiz, const Options& options, bool with_answers) {
  JsonWriter json;
  json.open_object();
  json.member("seed", options.quiz.seed_or_first());
  if (!options.quiz.theme.empty()) json.member("theme", options.quiz.theme);
  json.open_array("questions");
  for (std::size_t i = 0; i < quiz.size(); ++i) {
    const QuizQuestion& question = quiz[i];
    json.open_object();
    json.member("number", i + 1);
    json.member("kind", question.kind);
    json.member("themes", question.themes);
    json.member("level", question.level);
    json.member("form", form_name(question.form));
    json.open_array("shown");
    for (const std::string& row : question.shown) json.value(row);
    json.close();
    json.member("asked", question.asked);
    if (question.form == QuizQuestion::Form::choice) {
      json.open_object("options");
      for (std::size_t at = 0; at < question.options.size(); ++at)
        json.member(std::string(1, letter(at)), question.options[at]);
      json.close();
    }
    if (with_answers) write_answer(question, json);
    json.close();
  }
  json.close();
  json.close();
  return json.take() + '\n';
}

void ask_quiz(const std::vector<QuizQuestion>& quiz, const Options& options,
              const std::function<std::optional<std::string>()>& next_line,
              const std::function<void(std::string_view)>& print) {
  print(introduction(quiz, options) +
        "An empty line skips a question. The end of the input (Ctrl-D) ends the quiz.\n\n");
  std::size_t right = 0, skipped = 0, asked = 0;
  for (; asked < quiz.size(); ++asked) {
    const QuizQuestion& question = quiz[asked];
    print(heading(quiz, asked) + question_text(question, asked + 1) + "> ");
    const std::optional<std::string> line = next_line();
    if (!line) break;
    if (line->find_first_not_of(" \t\r") == std::string::npos) {
      ++skipped;
      print(lines(fmt::format("Skipped. The answer is: {}. {} [{}]", answer_text(question), question.why,
                              question.rfc),
                  4) +
            '\n');
      continue;
    }
    const QuizMark marked = mark(question, *line);
    right += marked.right ? 1 : 0;
    print(lines(marked.told, 4) + '\n');
  }
  std::string score = fmt::format("Score: {} of {} right", right, quiz.size());
  if (skipped > 0) score += fmt::format(", {} skipped", skipped);
  if (asked < quiz.size()) score = fmt::format("\n{}, {} not answered", score, quiz.size() - asked);
  print(score + '\n');
}

}  // namespace client
