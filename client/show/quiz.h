// --quiz: questions about a run, made from the run itself, from easy to hard. They are asked one by one, or
// printed as a sheet and a key for paper, or as JSON for a program that marks. Values and pure functions, but
// for ask_quiz(), which reads and prints.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/ask.h"

namespace client {

struct QuizQuestion {
  enum class Form : std::uint8_t {
    number,  // decimal or 0x, with a unit or without
    words,   // case-blind; spaces, quotes and a final dot do not count
    flags,   // names of flags, in any order
    choice,  // the letter of an option, or its text
  };
  struct Wrong {
    std::string answer;
    std::string why;  // why it is wrong
  };

  std::string_view kind = {};    // its row in the table of kinds: "ttl"
  std::string_view themes = {};  // as there: "path trust"
  unsigned level = 1;            // 1 easy, 2, 3 hard
  Form form = Form::number;
  std::vector<std::string> shown = {};  // what to look at, a row each
  std::string asked = {};
  std::string answer = {};                // the right one
  std::vector<std::string> also = {};     // words: other spellings of it
  std::vector<Wrong> wrong = {};          // choice: the other options; else mistakes that are often made
  std::vector<std::string> options = {};  // choice: all, in the order to show
  std::string why = {};
  std::string rfc = {};  // "RFC 1035 4.1.3"
};

// The complaint about Options::quiz, which names the themes that there are; empty: none.
std::string complaint_about_theme(std::string_view theme);

// At most ten, by level; none if the run holds nothing to ask about. The same run and the same Options::quiz
// give the same questions on every machine.
std::vector<QuizQuestion> make_quiz(const Outcome& outcome, const Options& options);

struct QuizMark {
  bool right = false;
  std::string told;  // "No: that counts the header too. The answer is 147. ..."
};
// `line` has something in it besides blanks.
QuizMark mark(const QuizQuestion& question, std::string_view line);

// For paper: the questions without their answers, and the answers with the reasons. ASCII, at most 110
// columns.
std::string quiz_sheet(const std::vector<QuizQuestion>& quiz, const Options& options);
std::string quiz_key(const std::vector<QuizQuestion>& quiz, const Options& options);
// The same as one JSON object on a line; `with_answers` makes it the key.
std::string quiz_json(const std::vector<QuizQuestion>& quiz, const Options& options, bool with_answers);

// Asks one question after the other. `next_line` gives an answer without its newline, nullopt at the end of
// the input; an empty one skips the question. Ends with the score.
void ask_quiz(const std::vector<QuizQuestion>& quiz, const Options& options,
              const std::function<std::optional<std::string>()>& next_line,
              const std::function<void(std::string_view)>& print);

}  // namespace client
