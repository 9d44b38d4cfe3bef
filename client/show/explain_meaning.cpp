#include "client/show/explain_meaning.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "common/dns/codes.h"

namespace client {
namespace {

struct Meaning {
  std::string_view field;
  std::string_view words;
};

constexpr Meaning kMeanings[] = {
    {"ID", "the answer repeats it"},
    {"QDCOUNT", "questions"},
    {"ANCOUNT", "answer records"},
    {"NSCOUNT", "authority records"},
    {"ARCOUNT", "additional records, with OPT"},
    {"QTYPE", "the type asked for"},
    {"TYPE", "what kind of data it has"},
    {"RDLENGTH", "octets of data follow"},
    {"UDP payload size", "largest UDP message it accepts"},
    {"extended RCODE", "the upper 8 bits of the RCODE"},
    {"version", "of EDNS"},
    {"option length", "octets of data follow"},
    {"RDATA: cname", "the name that is meant"},
    {"RDATA: preference", "the lowest is tried first"},
    {"RDATA: priority", "the lowest is tried first"},
    {"RDATA: mname", "the zone's first server"},
    {"RDATA: rname", "its keeper's mail, @ as a dot"},
    {"RDATA: serial", "rises with every change"},
    {"RDATA: refresh", "seconds until copies look again"},
    {"RDATA: retry", "seconds, if that failed"},
    {"RDATA: expire", "seconds until a copy gives up"},
    {"RDATA: minimum", "seconds to keep a 'not there'"},
};

struct BitMeaning {
  std::string_view field;
  std::string_view set, clear;                  // in a query
  std::string_view answer_set, answer_clear{};  // in an answer
};

constexpr std::string_view kOfAnswers = "means nothing in a query";
constexpr std::string_view kRepeated = "as in the query";

constexpr BitMeaning kBitMeanings[] = {
    {"QR", "", "a query", "an answer", ""},
    {"AA", "in answers: authoritative", "in answers: authoritative", "from a server of the zone",
     "not from a server of the zone"},
    {"TC", "in answers: truncated", "in answers: truncated", "truncated: ask over a stream",
     "not truncated: whole"},
    {"RD", "recursion desired: ask others", "no recursion: what you know", "recursion desired, as asked",
     "recursion not desired, as asked"},
    {"RA", "in answers: recursion available", "in answers: recursion available",
     "recursion available: I do that", "recursion not available"},
    {"Z", "reserved, should be 0", "reserved", "reserved, should be 0", "reserved"},
    {"AD", "tell me if DNSSEC proved it", "", "authentic: DNSSEC proved it", "not proved by DNSSEC"},
    {"CD", "checking disabled: I do it", "DNSSEC checking stays on", kRepeated, kRepeated},
    {"DO", "DNSSEC OK: send its records", "no DNSSEC records, please", kRepeated, kRepeated},
};

// The two largest units of a time to live: "1 h 30 min".
std::string ttl_words(std::string_view value) {
  std::uint32_t seconds = 0;
  std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (seconds == 0) return "not to be kept";
  constexpr std::pair<std::uint32_t, std::string_view> kUnits[] = {
      {86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
  std::string words;
  int parts = 0;
  for (const auto& [size, unit] : kUnits) {
    if (seconds >= size && parts < 2) {
      words += fmt::format(" {} {}", seconds / size, unit);
      ++parts;
    }
    seconds %= size;
  }
  return "may be kept" + words;
}

std::string name_meaning(const dns::WireField& part) {
  switch (part.part) {
    case dns::NamePart::Kind::label:
      return fmt::format("label of {} octet{}", part.length - 1, part.length == 2 ? "" : "s");
    case dns::NamePart::Kind::root:
      return part.whole == "." ? "the root" : "the end: " + part.whole;
    case dns::NamePart::Kind::pointer:
      return fmt::format("saves {} octet{}{}", part.saved, part.saved == 1 ? "" : "s",
                         part.whole == part.value ? "" : ": " + part.whole);
  }
  return {};
}

}  // namespace

std::string meaning_of(const dns::WireField& field) {
  if (!field.whole.empty()) return name_meaning(field);
  if (field.name == "TTL") return ttl_words(field.value);
  if (field.name == "CLASS" || field.name == "QCLASS") return field.value == "IN" ? "the Internet" : "";
  const auto* const found = std::ranges::find(kMeanings, field.name, &Meaning::field);
  return found == std::end(kMeanings) ? "" : std::string(found->words);
}

std::string meaning_of(const dns::BitField& bits, bool answer) {
  if (bits.name == "OPCODE") return dns::opcode_name(static_cast<std::uint8_t>(bits.value));
  if (bits.name == "RCODE" && !answer) return std::string(kOfAnswers);
  if (bits.name == "RCODE") return dns::rcode_name(static_cast<std::uint16_t>(bits.value));
  const auto* const found = std::ranges::find(kBitMeanings, bits.name, &BitMeaning::field);
  if (found == std::end(kBitMeanings)) return {};
  if (answer) return std::string(bits.value != 0 ? found->answer_set : found->answer_clear);
  return std::string(bits.value != 0 ? found->set : found->clear);
}

std::string_view rfc_of(const dns::BitField& bits, const dns::WireField& field) {
  if (bits.name == "AD") return "RFC 4035 3.2.3";
  if (bits.name == "CD") return "RFC 4035 3.2.2";
  if (bits.name == "DO") return "RFC 3225 3";
  return field.rfc;
}

}  // namespace client
