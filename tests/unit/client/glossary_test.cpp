// The glossary: its form, and that the words of --explain are in it.
#include "client/show/glossary.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <set>

#include "tests/support/catch.h"
#include "tests/unit/client/approved.h"
#include "tests/unit/client/arguments.h"

using client::GlossaryEntry;

namespace {

// What --explain prints at any level and a beginner would not know; chosen by hand from the approved outputs.
constexpr std::string_view kExplained[] = {"AA",
                                           "AD",
                                           "ADDITIONAL",
                                           "AEAD",
                                           "AES",
                                           "alias",
                                           "ALPN",
                                           "anchor",
                                           "ANCOUNT",
                                           "ANSWER",
                                           "application_data",
                                           "ARCOUNT",
                                           "authoritative",
                                           "AUTHORITY",
                                           "CA",
                                           "CD",
                                           "Certificate",
                                           "CertificateVerify",
                                           "change_cipher_spec",
                                           "cipher suites",
                                           "CLASS",
                                           "classical",
                                           "ClientHello",
                                           "ClientKeyExchange",
                                           "close_notify",
                                           "compression",
                                           "datagram",
                                           "DNS",
                                           "DNSSEC",
                                           "DO",
                                           "ECDSA",
                                           "EDNS",
                                           "EncryptedExtensions",
                                           "extended RCODE",
                                           "Finished",
                                           "GCM",
                                           "handshake",
                                           "hash",
                                           "HEADER",
                                           "HelloRetryRequest",
                                           "HKDF",
                                           "ID",
                                           "IN",
                                           "inner type",
                                           "issuer",
                                           "IV",
                                           "key_share",
                                           "label",
                                           "legacy_version",
                                           "MAC",
                                           "middleboxes",
                                           "ML-KEM-768",
                                           "NewSessionTicket",
                                           "nonce",
                                           "NSCOUNT",
                                           "octets",
                                           "OPCODE",
                                           "OPT",
                                           "option",
                                           "PAD",
                                           "path",
                                           "pin",
                                           "PRF",
                                           "QCLASS",
                                           "QDCOUNT",
                                           "QNAME",
                                           "QR",
                                           "QTYPE",
                                           "QUERY",
                                           "QUESTION",
                                           "RA",
                                           "random",
                                           "RCODE",
                                           "RD",
                                           "RDATA",
                                           "RDLENGTH",
                                           "record",
                                           "recursion",
                                           "root",
                                           "round trip",
                                           "RRSIG",
                                           "RSA",
                                           "secp384r1",
                                           "sequence number",
                                           "ServerHello",
                                           "ServerHelloDone",
                                           "ServerKeyExchange",
                                           "session_ticket",
                                           "SHA-256",
                                           "SOA",
                                           "subject",
                                           "supported_versions",
                                           "SYN",
                                           "tag",
                                           "TC",
                                           "TCP",
                                           "TLS",
                                           "truncated",
                                           "trust anchors",
                                           "TTL",
                                           "TYPE",
                                           "UDP",
                                           "UDP payload size",
                                           "verify_data",
                                           "x25519",
                                           "X25519MLKEM768"};

// Words in capitals there that are no terms: titles in plain English, names of data, parts of names, the
// word RFC itself.
const std::set<std::string, std::less<>> kNoTerms = {
    "CONNECTION", "DATE",  "GROUP", "IP",      "NOT", "OCTETS", "PORT",
    "RFC",        "SHARE", "THE",   "TRUSTED", "UTC", "OK",
};

std::string approved_explanations() {
  std::string text;
  const std::string here = APPROVED_DIR;
  for (const std::string& folder : {here, here + "/../../../integration/approved"})
    for (const auto& file : std::filesystem::directory_iterator(folder))
      if (file.path().filename().string().starts_with("explain_")) {
        std::ifstream in(file.path(), std::ios::binary);
        text.append(std::istreambuf_iterator<char>(in), {});
      }
  for (const char* const name : {"kept_expired", "kept_first_query", "kept_udp_truncated"}) {
    std::ifstream in(std::string(APPROVED_DIR) + "/" + name + ".txt", std::ios::binary);
    const std::string views{std::istreambuf_iterator<char>(in), {}};
    const std::size_t begin = views.find("CONNECTION to"), end = views.find(";; ", begin);
    REQUIRE(begin != std::string::npos);
    text += views.substr(begin, end - begin);
  }
  return text;
}

bool is_letter(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0;
}

// Words of capitals alone, two and more, and words with a capital inside: "RDLENGTH", "ClientHello".
std::set<std::string> term_like(std::string_view text) {
  std::set<std::string> found;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && is_letter(text[end])) ++end;
    const std::string word(text.substr(at, end - at));
    const auto touches = [&](std::size_t where) {  // part of a longer name: "TLS_AES_128_GCM_SHA256"
      return where < text.size() && (std::isdigit(static_cast<unsigned char>(text[where])) != 0 ||
                                     std::string_view("_-\\/+=").find(text[where]) != std::string_view::npos);
    };
    const auto capitals = std::ranges::count_if(word, [](char c) { return c >= 'A' && c <= 'Z'; });
    const bool inside = at > 0 && touches(at - 1);
    if (word.size() >= 2 && capitals >= 2 && !inside && !touches(end) && end < text.size() &&
        text[end] != '.')
      found.insert(word);
    at = std::max(end, at + 1);
  }
  return found;
}

}  // namespace

TEST_CASE("the glossary has its words in the order of the alphabet, once each", "[glossary]") {
  CHECK(client::glossary().size() >= 80);
  const auto lower = [](std::string_view text) {
    std::string out;
    for (const char c : text) out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
  };
  std::string last;
  for (const GlossaryEntry& entry : client::glossary()) {
    INFO(entry.word);
    CHECK(last < lower(entry.word));
    last = lower(entry.word);
    CHECK(client::glossary_entry(entry.word) == &entry);
  }
}

TEST_CASE("each word has two sentences, something to see, and an RFC", "[glossary]") {
  for (const GlossaryEntry& entry : client::glossary()) {
    INFO(entry.word);
    std::size_t sentences = 0;
    for (std::size_t i = 0; i < entry.text.size(); ++i)
      if (entry.text[i] == '.' && (i + 1 == entry.text.size() || entry.text[i + 1] == ' ')) ++sentences;
    CHECK(sentences == 2);
    CHECK(entry.text.ends_with('.'));
    CHECK(entry.rfc.starts_with("RFC "));
    CHECK(entry.see.starts_with("client "));
    const std::string command(entry.see.substr(7, entry.see.find(',') - 7));
    const auto options = parse_line(command);
    INFO(command << ": " << (options ? "" : options.error()));
    CHECK(options.has_value());
  }
}

TEST_CASE("each word of an explanation that a beginner would not know is in the glossary", "[glossary]") {
  const std::string text = approved_explanations();
  for (const std::string_view word : kExplained) {
    INFO(word);
    CHECK(client::glossary_entry(word) != nullptr);
    CHECK(text.find(word) != std::string::npos);  // the list has no word that is never printed
  }
  for (const std::string& word : term_like(text)) {
    INFO(word << " looks like a term");
    CHECK((client::glossary_entry(word) != nullptr || kNoTerms.contains(word)));
  }
}

TEST_CASE("a word is found in any case, by its other spellings, and as two words", "[glossary]") {
  CHECK(client::glossary_to_text("qdcount").value() == client::glossary_to_text("QUESTION").value());
  CHECK(client::glossary_to_text("TC").value().starts_with("TC (truncated)\n    A flag of an answer"));
  CHECK(client::glossary_to_text("blockchain").error().find("'blockchain' is not in it") !=
        std::string::npos);
  CHECK(parse_line("--glossary round trip")->glossary_word == "round trip");
  CHECK(parse_line("--glossary")->glossary_word.empty());
  for (const std::string text = client::glossary_to_text("").value(); const char c : text)
    if (c != '\n' && (c < ' ' || c > '~')) FAIL("not printable");
}
