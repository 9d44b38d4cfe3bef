#include "client/show/colour.h"

#include <algorithm>
#include <cstdlib>
#include <unistd.h>

namespace client {
namespace {

// SGR sequences, ECMA-48 §8.3.117: those that every theme of a terminal shows legibly.
constexpr std::string_view kPlain = "\033[0m";
constexpr std::string_view kBold = "\033[1m";
constexpr std::string_view kDim = "\033[2m";
constexpr std::string_view kRed = "\033[31m";
constexpr std::string_view kCyan = "\033[36m";

constexpr std::string_view kBlanks = " \t";

std::string painted(std::string_view colour, std::string_view text) {
  std::string out(colour);
  return (out += text) += kPlain;
}

// Name, TTL, class, type and data, with blanks between; blanks in a name are escaped.
std::string paint_record(std::string_view line) {
  constexpr int kName = 0, kType = 3;
  std::string out;
  for (int field = 0; field <= kType && !line.empty(); ++field) {
    const std::size_t end = std::min(line.find_first_of(kBlanks), line.size());
    const std::string_view text = line.substr(0, end);
    out += field == kName ? painted(kBold, text) : field == kType ? painted(kCyan, text) : std::string(text);
    const std::size_t next = std::min(line.find_first_not_of(kBlanks, end), line.size());
    out += line.substr(end, next - end);
    line.remove_prefix(next);
  }
  return out += line;
}

bool says_no_colour() {
  const char* const no_color = std::getenv("NO_COLOR");
  const char* const terminal = std::getenv("TERM");
  return (no_color != nullptr && *no_color != '\0') ||
         (terminal != nullptr && std::string_view(terminal) == "dumb");
}

}  // namespace

bool colours(Show::Colour wish, int fd) {
  if (wish != Show::Colour::automatic) return wish == Show::Colour::always;
  return isatty(fd) == 1 && !says_no_colour();
}

std::string paint_answers(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    if (line.starts_with(';'))
      out += painted(kDim, line);
    else if (!line.empty())
      out += paint_record(line);
    if (end < text.size()) out += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string paint_failure(std::string_view line) {
  return painted(kRed, line);
}

}  // namespace client
