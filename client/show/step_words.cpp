#include "client/show/step_words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "client/show/key_exchange.h"
#include "client/show/tls_words.h"
#include "common/dns/codes.h"
#include "common/tls/codes.h"

namespace client {
namespace {

// "X25519MLKEM768 x25519".
std::string groups_of(const HelloWords& hello) {
  std::vector<std::string> names;
  names.reserve(hello.key_shares.size());
  for (const HelloWords::KeyShare& share : hello.key_shares) names.push_back(group_name(share.group));
  return fmt::format("{}", fmt::join(names, " "));
}

std::string handshake_words(ByteView message) {
  std::string text = handshake_name(message);
  const HelloWords hello = hello_words(message);
  if (!hello.server_name.empty()) text += ", SNI " + hello.server_name;
  if (!hello.alpn.empty()) text += fmt::format(", ALPN {}", fmt::join(hello.alpn, " "));
  if (!hello.key_shares.empty())
    text += fmt::format(", {} {}", is_hello_retry(message) ? "wants a key of" : "key of", groups_of(hello));
  if (hello.pre_shared_key) text += ", a ticket (pre_shared_key)";
  return text;
}

std::string question_words(const dns::Message& message) {
  return message.questions.empty() ? "without a question" : to_string(message.questions.front());
}

// The first record, and how many more there are.
std::string records_words(const dns::Message& message) {
  if (message.answers.empty()) return question_words(message);
  const dns::Record& first = message.answers.front();
  std::string text = fmt::format("{} {} {}", first.owner.to_string(), dns::type_name(first.type),
                                 dns::rdata_to_text(first.rdata));
  if (const std::size_t more = message.answers.size() - 1; more > 0)
    text += fmt::format(" and {} more record{}", more, more == 1 ? "" : "s");
  return text;
}

}  // namespace

std::string words_of(const WireEvent& inside) {
  using Kind = WireEvent::Kind;
  if (inside.kind == Kind::handshake) return handshake_words(inside.octets);
  if (inside.kind == Kind::alert) return "alert, " + alert_text(inside.octets);
  const auto message = dns::decode(inside.octets);
  if (!message) return fmt::format("{} octets that are no DNS message", inside.octets.size());
  if (!message->header.qr)
    return fmt::format("DNS query {}, {} octets", question_words(*message), inside.octets.size());
  return fmt::format("DNS answer {}, {}, {} octets", dns::rcode_name(message->rcode()),
                     records_words(*message), inside.octets.size());
}

std::string label_of(const WireEvent& inside) {
  using Kind = WireEvent::Kind;
  if (inside.kind == Kind::handshake) {
    const std::string groups = groups_of(hello_words(inside.octets));
    const bool by_server = !inside.octets.empty() && inside.octets[0] == tls::handshake::kServerHello;
    return handshake_name(inside.octets) + (by_server && !groups.empty() ? ", " + groups : "");
  }
  if (inside.kind == Kind::alert) return alert_text(inside.octets);
  const auto message = dns::decode(inside.octets);
  if (!message) return "no DNS message";
  if (message->header.qr) return "answer " + dns::rcode_name(message->rcode());
  if (message->questions.empty()) return "query";
  const dns::Question& question = message->questions.front();
  return fmt::format("query {} {}", question.name.to_string(), dns::type_name(question.type));
}

bool is_padded(ByteView message) {
  const auto decoded = dns::decode(message);
  return decoded && decoded->edns && decoded->edns->find(dns::option::PADDING) != nullptr;
}

}  // namespace client
