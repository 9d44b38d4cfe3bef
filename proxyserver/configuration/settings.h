// Where options come from: the command line, and the file that --config names. Here they are words with an
// origin; what they mean is up to options.cpp, whose table says which there are.
//
// The file: an option's long name in each line, without dashes, then blanks (spaces or tabs) and its value,
// which goes to the end of the line; an option without a value stands alone. A '#' at the start of a line, or
// behind a blank, begins a comment: in tls://1.1.1.1#name it does not. Empty lines count for nothing. There
// are no quotes, and no continued lines. Options that can be repeated on the command line can be here.
#pragma once

#include <expected>
#include <getopt.h>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct Setting {
  int flag;            // its number in the table
  std::string name;    // "listen"
  std::string value;   // empty where it takes none
  std::string origin;  // "command line", "default", "/etc/proxy.conf:12", "environment SSLKEYLOGFILE"
  bool in_file = false;

  std::string text() const;  // how a complaint about it begins: "--listen X", "/etc/proxy.conf:12: listen X"
};

// The table, which ends with an empty entry: getopt_long(3)'s.
using KnownOptions = std::span<const option>;

// Whether an option adds to what was said before, rather than replacing it.
bool is_repeatable(std::string_view name);
// Those that say more of the --upstream before them.
bool belongs_to_upstream(std::string_view name);
// Those that say what to do with a configuration, and so are no part of one.
bool is_for_command_line_only(std::string_view name);

// In the order given. Both may be called again: it is a fresh start each time (one thread, for getopt's
// sake). The error is one clause; of a file, it begins with its name and the line.
std::expected<std::vector<Setting>, std::string> read_command_line(int argc, char** argv, KnownOptions known);
std::expected<std::vector<Setting>, std::string> read_config_file(const std::string& file,
                                                                  KnownOptions known);
// The same, of a text, as if it were in `file`.
std::expected<std::vector<Setting>, std::string> parse_config(std::string_view text, const std::string& file,
                                                              KnownOptions known);

// What holds, the file's first: what the command line has as well is left out of the file, of a repeatable
// option all of it. Upstreams, and what belongs to them, are replaced
// together.
std::vector<Setting> merge(std::vector<Setting> file, const std::vector<Setting>& command_line);

// Whether parse_config() can give this value back.
bool fits_in_file(std::string_view value);
