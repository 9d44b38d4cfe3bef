// --glossary: the words of DNS and TLS as this program uses them. Each in two plain sentences, with a command
// or an octet where it can be seen, and the RFC that defines it. Constant data and pure functions; any
// thread.
#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace client {

struct GlossaryEntry {
  std::string_view word;
  std::string_view also;  // other spellings that lead here, parted by ", "; empty: none
  std::string_view text;  // two sentences
  std::string_view see;   // "client --explain google.com", or the octets of a message
  std::string_view rfc;   // "RFC 1035 4.1.1"
};

std::span<const GlossaryEntry> glossary();  // in the order of the alphabet, case-blind

// Case-blind, by word or other spelling; null if there is none.
const GlossaryEntry* glossary_entry(std::string_view word);

// One word's entry, or all of them for an empty `word`. The error is the complaint about a word that is not
// there, with those that begin alike. At most 100 columns.
std::expected<std::string, std::string> glossary_to_text(std::string_view word);

}  // namespace client
