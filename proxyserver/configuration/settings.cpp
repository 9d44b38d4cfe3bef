#include "proxyserver/configuration/settings.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <numeric>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

#include "common/net/unique_fd.h"

namespace {

using std::unexpected;

constexpr std::string_view kBlanks = " \t";
constexpr std::size_t kLongestLine = 4096;
constexpr std::size_t kLargestFile = std::size_t{1} << 20;

// Levenshtein's: how many characters to put in, take out or change.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

// " (did you mean 'listen'?)", if there is a name that is nearly this one.
std::string suggestion(std::string_view name, std::string_view dashes, KnownOptions known) {
  std::string_view best;
  std::size_t least = name.size() < 4 ? 2 : 3;  // as far as two slips
  for (const option& one : known)
    if (one.name != nullptr && distance(name, one.name) < least) least = distance(name, best = one.name);
  return best.empty() ? "" : fmt::format(" (did you mean '{}{}'?)", dashes, best);
}

std::string unknown_word(std::string_view word, KnownOptions known) {
  if (!word.starts_with("--")) return fmt::format("unknown option '{}'", word);
  const std::string_view name = word.substr(2, word.find('=') - 2);
  return fmt::format("unknown option '{}'{}", word, suggestion(name, "--", known));
}

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::string_view without_comment(std::string_view line) {
  for (std::size_t i = 0; i < line.size(); ++i)
    if (line[i] == '#' && (i == 0 || kBlanks.find(line[i - 1]) != std::string_view::npos))
      return line.substr(0, i);
  return line;
}

bool is_control(char c) {
  return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 0x7f;
}

std::expected<Setting, std::string> parse_line(std::string_view text, KnownOptions known) {
  const auto end = text.find_first_of(kBlanks);
  const std::string name(text.substr(0, end));
  const std::string_view value =
      end == std::string_view::npos ? std::string_view() : trimmed(text.substr(end));
  if (name.starts_with('-')) return unexpected(fmt::format("'{}': options have no dashes in a file", name));
  if (name.find('=') != std::string::npos || value == "=" || value.starts_with("= "))
    return unexpected(fmt::format("'{}': blanks, and no '=', stand between an option and its value", text));
  const auto found =
      std::ranges::find_if(known, [&](const option& one) { return one.name != nullptr && one.name == name; });
  if (found == known.end())
    return unexpected(fmt::format("unknown option '{}'{}", name, suggestion(name, "", known)));
  if (name == "config") return unexpected("a file names no other: --config is for the command line");
  if (is_for_command_line_only(name))
    return unexpected(fmt::format("'{}' is no setting: it belongs on the command line", name));
  if (found->has_arg == no_argument && !value.empty())
    return unexpected(fmt::format("'{}' takes no value, but '{}' follows", name, value));
  if (found->has_arg == required_argument && value.empty())
    return unexpected(fmt::format("'{}' needs a value", name));
  return Setting{found->val, name, std::string(value), {}, true};
}

std::expected<std::string, std::string> content_of(const std::string& file) {
  // A pipe that nobody writes to would keep us for ever.
  const net::UniqueFd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!fd.valid() || fstat(fd.get(), &status) != 0)
    return unexpected(fmt::format("{}: {}", file, strerrordesc_np(errno)));
  if (S_ISDIR(status.st_mode)) return unexpected(fmt::format("{}: it is a folder", file));
  if (!S_ISREG(status.st_mode)) return unexpected(fmt::format("{}: it is not a regular file", file));
  std::string text(kLargestFile + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t count = read(fd.get(), text.data() + size, text.size() - size);
    if (count < 0) return unexpected(fmt::format("{}: {}", file, strerrordesc_np(errno)));
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  if (size > kLargestFile)
    return unexpected(fmt::format("{}: it has more than {} octets", file, kLargestFile));
  text.resize(size);
  return text;
}

// Those that are replaced together.
std::string_view group_of(std::string_view name) {
  return belongs_to_upstream(name) ? "upstream" : name;
}

}  // namespace

std::string Setting::text() const {
  const std::string said = value.empty() ? name : fmt::format("{} {}", name, value);
  return in_file ? fmt::format("{}: {}", origin, said) : "--" + said;
}

bool is_repeatable(std::string_view name) {
  constexpr std::array<std::string_view, 4> kRepeatable = {"listen", "upstream", "allow", "proxy-from"};
  return belongs_to_upstream(name) || std::ranges::find(kRepeatable, name) != kRepeatable.end();
}

bool belongs_to_upstream(std::string_view name) {
  return name == "pin" || name == "for" || name == "clear";
}

bool is_for_command_line_only(std::string_view name) {
  constexpr std::array<std::string_view, 5> kCommands = {"config", "check", "print-config", "help",
                                                         "version"};
  return std::ranges::find(kCommands, name) != kCommands.end();
}

std::expected<std::vector<Setting>, std::string> read_command_line(int argc, char** argv,
                                                                   KnownOptions known) {
  std::vector<Setting> settings;
  opterr = 0;
  optind = 0;  // glibc's way to say: begin afresh
  int flag = 0;
  int index = 0;
  while ((flag = getopt_long(argc, argv, ":", known.data(), &index)) != -1) {
    const char* const word = argv[optind - 1];
    if (flag == ':') return unexpected(fmt::format("{} needs a value", word));
    if (flag == '?')
      return unexpected(optopt > 0 && optopt < 256
                            ? fmt::format("unknown option '-{}'", static_cast<char>(optopt))
                            : unknown_word(word, known));
    const char* const name = known[static_cast<std::size_t>(index)].name;
    settings.push_back({flag, name, optarg != nullptr ? optarg : "", "command line"});
  }
  if (optind < argc) {
    const bool for_check = std::string_view(argv[optind]) == "online";
    return unexpected(
        fmt::format("'{}' is not an option{}", argv[optind], for_check ? ": write --check=online" : ""));
  }
  return settings;
}

std::expected<std::vector<Setting>, std::string> parse_config(std::string_view text, const std::string& file,
                                                              KnownOptions known) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";  // some editors put it in front
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::vector<Setting> settings;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string origin = fmt::format("{}:{}", file, number);
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() > kLongestLine)
      return unexpected(fmt::format("{}: the line is longer than {} octets", origin, kLongestLine));
    if (const auto control = std::ranges::find_if(line, is_control); control != line.end())
      return unexpected(fmt::format("{}: octet 0x{:02x} has no place in a text", origin,
                                    static_cast<unsigned char>(*control)));
    line = trimmed(without_comment(line));
    if (line.empty()) continue;
    auto setting = parse_line(line, known);
    if (!setting) return unexpected(fmt::format("{}: {}", origin, setting.error()));
    const auto before = std::ranges::find(settings, setting->name, &Setting::name);
    if (before != settings.end() && !is_repeatable(setting->name))
      return unexpected(
          fmt::format("{}: '{}' is given twice: first in {}", origin, setting->name, before->origin));
    setting->origin = origin;
    settings.push_back(std::move(*setting));
  }
  return settings;
}

std::expected<std::vector<Setting>, std::string> read_config_file(const std::string& file,
                                                                  KnownOptions known) {
  const auto text = content_of(file);
  if (!text) return unexpected(fmt::format("--config {}", text.error()));
  return parse_config(*text, file, known);
}

std::vector<Setting> merge(std::vector<Setting> file, const std::vector<Setting>& command_line) {
  std::set<std::string_view> said;
  for (const Setting& setting : command_line) said.insert(group_of(setting.name));
  std::erase_if(file, [&](const Setting& setting) { return said.contains(group_of(setting.name)); });
  file.insert(file.end(), command_line.begin(), command_line.end());
  return file;
}

bool fits_in_file(std::string_view value) {
  return !value.empty() && value.size() < kLongestLine - 128 && std::ranges::none_of(value, is_control) &&
         trimmed(value) == value && without_comment(value) == value && value != "=" &&
         !value.starts_with("= ");
}
