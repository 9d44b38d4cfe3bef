#include "common/dns/codes.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <span>

namespace dns {
namespace {

struct Code {
  std::uint16_t number;
  std::string_view name;
};

// Where two rows have the same number the first is what we write, the other one is read too.

constexpr Code kTypes[] = {
    {1, "A"},           {2, "NS"},        {3, "MD"},        {4, "MF"},       {5, "CNAME"},
    {6, "SOA"},         {7, "MB"},        {8, "MG"},        {9, "MR"},       {10, "NULL"},
    {11, "WKS"},        {12, "PTR"},      {13, "HINFO"},    {14, "MINFO"},   {15, "MX"},
    {16, "TXT"},        {17, "RP"},       {18, "AFSDB"},    {19, "X25"},     {20, "ISDN"},
    {21, "RT"},         {22, "NSAP"},     {23, "NSAP-PTR"}, {24, "SIG"},     {25, "KEY"},
    {26, "PX"},         {27, "GPOS"},     {28, "AAAA"},     {29, "LOC"},     {30, "NXT"},
    {31, "EID"},        {32, "NIMLOC"},   {33, "SRV"},      {34, "ATMA"},    {35, "NAPTR"},
    {36, "KX"},         {37, "CERT"},     {38, "A6"},       {39, "DNAME"},   {40, "SINK"},
    {41, "OPT"},        {42, "APL"},      {43, "DS"},       {44, "SSHFP"},   {45, "IPSECKEY"},
    {46, "RRSIG"},      {47, "NSEC"},     {48, "DNSKEY"},   {49, "DHCID"},   {50, "NSEC3"},
    {51, "NSEC3PARAM"}, {52, "TLSA"},     {53, "SMIMEA"},   {55, "HIP"},     {56, "NINFO"},
    {57, "RKEY"},       {58, "TALINK"},   {59, "CDS"},      {60, "CDNSKEY"}, {61, "OPENPGPKEY"},
    {62, "CSYNC"},      {63, "ZONEMD"},   {64, "SVCB"},     {65, "HTTPS"},   {66, "DSYNC"},
    {67, "HHIT"},       {68, "BRID"},     {99, "SPF"},      {100, "UINFO"},  {101, "UID"},
    {102, "GID"},       {103, "UNSPEC"},  {104, "NID"},     {105, "L32"},    {106, "L64"},
    {107, "LP"},        {108, "EUI48"},   {109, "EUI64"},   {128, "NXNAME"}, {249, "TKEY"},
    {250, "TSIG"},      {251, "IXFR"},    {252, "AXFR"},    {253, "MAILB"},  {254, "MAILA"},
    {255, "ANY"},       {256, "URI"},     {257, "CAA"},     {258, "AVC"},    {259, "DOA"},
    {260, "AMTRELAY"},  {261, "RESINFO"}, {262, "WALLET"},  {263, "CLA"},    {264, "IPN"},
    {32768, "TA"},      {32769, "DLV"},
};

constexpr Code kClasses[] = {
    {1, "IN"}, {3, "CH"}, {3, "CHAOS"}, {4, "HS"}, {4, "HESIOD"}, {254, "NONE"}, {255, "ANY"},
};

constexpr Code kOpcodes[] = {
    {0, "QUERY"}, {1, "IQUERY"}, {2, "STATUS"}, {4, "NOTIFY"}, {5, "UPDATE"}, {6, "DSO"},
};

constexpr Code kRcodes[] = {
    {0, "NOERROR"},  {1, "FORMERR"},    {2, "SERVFAIL"}, {3, "NXDOMAIN"},  {4, "NOTIMP"},
    {5, "REFUSED"},  {6, "YXDOMAIN"},   {7, "YXRRSET"},  {8, "NXRRSET"},   {9, "NOTAUTH"},
    {10, "NOTZONE"}, {11, "DSOTYPENI"}, {16, "BADVERS"}, {17, "BADKEY"},   {18, "BADTIME"},
    {19, "BADMODE"}, {20, "BADNAME"},   {21, "BADALG"},  {22, "BADTRUNC"}, {23, "BADCOOKIE"},
};

// RFC 8914 §4, and what IANA has registered since; code 0 is "Other" as dig writes it.
constexpr Code kEdeCodes[] = {
    {0, "Other"},
    {1, "Unsupported DNSKEY Algorithm"},
    {2, "Unsupported DS Digest Type"},
    {3, "Stale Answer"},
    {4, "Forged Answer"},
    {5, "DNSSEC Indeterminate"},
    {6, "DNSSEC Bogus"},
    {7, "Signature Expired"},
    {8, "Signature Not Yet Valid"},
    {9, "DNSKEY Missing"},
    {10, "RRSIGs Missing"},
    {11, "No Zone Key Bit Set"},
    {12, "NSEC Missing"},
    {13, "Cached Error"},
    {14, "Not Ready"},
    {15, "Blocked"},
    {16, "Censored"},
    {17, "Filtered"},
    {18, "Prohibited"},
    {19, "Stale NXDOMAIN Answer"},
    {20, "Not Authoritative"},
    {21, "Not Supported"},
    {22, "No Reachable Authority"},
    {23, "Network Error"},
    {24, "Invalid Data"},
    {25, "Signature Expired before Valid"},
    {26, "Too Early"},
    {27, "Unsupported NSEC3 Iterations Value"},
    {28, "Unable to conform to policy"},
    {29, "Synthesized"},
    {30, "Invalid Query Type"},
};

using Table = std::span<const Code>;

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
}

bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, upper, upper);
}

std::string name_of(Table table, std::uint16_t number, std::string_view prefix) {
  const auto row = std::ranges::find(table, number, &Code::number);
  return row != table.end() ? std::string(row->name) : fmt::format("{}{}", prefix, number);
}

std::optional<std::uint16_t> number_of(Table table, std::string_view name, std::string_view prefix) {
  const auto row =
      std::ranges::find_if(table, [name](const Code& code) { return same_word(code.name, name); });
  if (row != table.end()) return row->number;
  if (!same_word(name.substr(0, prefix.size()), prefix)) return std::nullopt;
  const std::string_view digits = name.substr(prefix.size());
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string type_name(std::uint16_t type) {
  return name_of(kTypes, type, "TYPE");
}

std::string class_name(std::uint16_t klass) {
  return name_of(kClasses, klass, "CLASS");
}

std::string opcode_name(std::uint8_t opcode) {
  return name_of(kOpcodes, opcode, "OPCODE");
}

std::string rcode_name(std::uint16_t rcode) {
  return name_of(kRcodes, rcode, "RCODE");
}

std::string ede_name(std::uint16_t info_code) {
  const auto row = std::ranges::find(kEdeCodes, info_code, &Code::number);
  return row != std::end(kEdeCodes) ? std::string(row->name) : "Unknown";
}

std::optional<std::uint16_t> type_from_name(std::string_view name) {
  return number_of(kTypes, name, "TYPE");
}

std::optional<std::uint16_t> class_from_name(std::string_view name) {
  return number_of(kClasses, name, "CLASS");
}

}  // namespace dns
