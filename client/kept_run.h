// A kept run: everything that a view needs of one run, as a text file. `client --save FILE` writes it, and
// `client --replay FILE` shows it again, with nothing sent. Values and text; no thread of its own.
//
// The format, version 1. ASCII, a line each, at most 32 MiB:
//
//     client-run: 1                    the version comes first
//     # words                          a comment; it and an empty line say nothing
//     key: value                       the keys always in the same order (kept_run.cpp: describe())
//     key: COUNT                       a list: its entries follow
//     key: yes|no                      where it says so, what is there only sometimes follows behind `yes`
//     query: 39                        octets: so many of them follow, 32 to a row,
//       12 34 01 20 ...                each row with two spaces before it
//     event: 10200000 0 sent handshake 123
//                                      nanoseconds from the run's beginning, index of the connection, `sent`
//                                      or `received`, kind (recording.h), octets: their rows follow
//     end:                             nothing behind it
//
// In a value \DDD stands for an octet that is not printable, and for the backslash (RFC 1035 §5.1). An errno
// has its name, since its number differs between machines. Names of files and keys of TLS are not kept, but
// for the name of the CA file, which the views print, and the command line.
#pragma once

#include <ctime>
#include <expected>
#include <string>
#include <string_view>

#include "client/ask.h"

namespace client {

inline constexpr std::size_t kMostKeptOctets = 32 << 20;

struct KeptRun {
  Options options;  // of these, what shapes the views
  Outcome outcome;
  std::time_t ended = 0;  // when it was shown the first time
};

std::string kept_to_text(KeptRun run);

// Strict: what kept_to_text() does not write is an error, "line 7: 'alpn:' is due here, not 'group: x25519'".
// What comes back is safe to show: each index is in range, and what a view prints as it stands is printable.
std::expected<KeptRun, std::string> kept_from_text(std::string_view text);

// Writes Files::save, for its owner alone to read, whole or not at all. The error is a line for standard
// error, without newline.
std::expected<void, std::string> save_run(const KeptRun& run);

// Reads Files::replay. The result's options have the views of `options`, and say that times are shown in UTC.
// The error is a clause that names file, line and reason.
std::expected<KeptRun, std::string> load_run(const Options& options);

}  // namespace client
