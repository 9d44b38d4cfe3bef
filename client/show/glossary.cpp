#include "client/show/glossary.h"

#include <algorithm>
#include <fmt/format.h>

#include "client/show/escape.h"
#include "client/show/glossary_words.h"
#include "client/show/wrap.h"

namespace client {
namespace {

constexpr std::size_t kWidth = 96;  // and four columns before it

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool same(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool begins(std::string_view text, std::string_view with) {
  return same(text.substr(0, with.size()), with);
}

// Whether `word` is one of a list parted by ", ".
bool is_among(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::string_view one = list.substr(0, list.find(','));
    if (same(one, word)) return true;
    list.remove_prefix(std::min(one.size() + 2, list.size()));
  }
  return false;
}

std::string entry_to_text(const GlossaryEntry& entry) {
  std::string out(entry.word);
  if (!entry.also.empty()) out += fmt::format(" ({})", entry.also);
  out += '\n';
  for (const std::string& row : wrapped(entry.text, kWidth)) out += "    " + row + '\n';
  out += fmt::format("    see: {}\n", entry.see);
  return out + fmt::format("    {}\n", entry.rfc);
}

}  // namespace

std::span<const GlossaryEntry> glossary() {
  return kGlossary;
}

const GlossaryEntry* glossary_entry(std::string_view word) {
  for (const GlossaryEntry& entry : kGlossary)
    if (same(entry.word, word)) return &entry;
  for (const GlossaryEntry& entry : kGlossary)
    if (is_among(entry.also, word)) return &entry;
  return nullptr;
}

std::expected<std::string, std::string> glossary_to_text(std::string_view word) {
  if (!word.empty()) {
    if (const GlossaryEntry* const entry = glossary_entry(word)) return entry_to_text(*entry);
    std::string near;
    for (const GlossaryEntry& entry : kGlossary)
      if (begins(entry.word, word.substr(0, 1))) near += (near.empty() ? "" : ", ") + std::string(entry.word);
    return std::unexpected(
        fmt::format("--glossary: '{}' is not in it{}{}", word, near.empty() ? "" : "; there are ", near));
  }
  std::string out;
  for (const GlossaryEntry& entry : kGlossary) out += (out.empty() ? "" : "\n") + entry_to_text(entry);
  return out;
}

}  // namespace client
