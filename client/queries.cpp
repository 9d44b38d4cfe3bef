#include "client/queries.h"

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <sys/random.h>

#include "common/dns/codes.h"
#include "common/net/net_error.h"

namespace client {
namespace {

constexpr std::size_t kPaddingBlock = 128;  // RFC 8467 §4.1, for queries

// The kernel's random numbers: whoever guesses the ID can forge the answer over UDP (RFC 5452 §4.3).
std::uint16_t random_id() {
  std::uint16_t id = 0;
  if (getrandom(&id, sizeof id, 0) != sizeof id) throw net::NetError::from_errno("draw a random ID", errno);
  return id;
}

Bytes query_wire(const Query& query, const QueryOptions& options, bool padded) {
  dns::Message message;
  message.header.id = query.id;
  message.header.rd = options.recurse;
  message.header.ad = options.authentic_data;
  message.header.cd = options.checking_disabled;
  message.questions = {query.question};
  if (!options.edns) return dns::encode(message);
  message.edns.emplace();
  message.edns->udp_size = options.udp_size;
  message.edns->dnssec_ok = options.dnssec_ok;
  if (!padded) return dns::encode(message);
  message.edns->options.push_back({dns::option::PADDING, {}});
  const std::size_t size = dns::encode(message).size();
  message.edns->options.back().value.resize(dns::padding_length(size, kPaddingBlock));
  return dns::encode(message);
}

}  // namespace

Queries::Queries(const std::vector<dns::Question>& questions, const QueryOptions& options, bool padded) {
  queries_.reserve(questions.size());
  for (const dns::Question& question : questions) {
    Query query{.id = random_id(), .question = question};
    while (std::ranges::find(queries_, query.id, &Query::id) != queries_.end()) query.id = random_id();
    query.wire = query_wire(query, options, padded);
    queries_.push_back(std::move(query));
  }
}

std::expected<Queries::Match, ReplyFault> Queries::match(ByteView reply) {
  using Kind = ReplyFault::Kind;
  auto message = dns::decode(reply);
  if (!message) return std::unexpected(ReplyFault{.kind = Kind::malformed, .wire = message.error()});

  ReplyFault fault{.kind = Kind::wrong_id, .id = message->header.id};
  fault.status = dns::rcode_name(message->rcode());
  const auto query = std::ranges::find_if(
      queries_, [&](const Query& q) { return q.id == message->header.id && !q.answered; });
  if (query == queries_.end()) return std::unexpected(fault);

  fault.asked = to_string(query->question);
  if (!message->questions.empty()) fault.found = to_string(message->questions.front());
  if (!message->header.qr)
    fault.kind = Kind::not_a_response;
  else if (message->header.opcode != dns::opcode::QUERY)
    fault.kind = Kind::wrong_opcode;
  else if (message->questions != std::vector{query->question})  // names compare case-blind
    fault.kind = Kind::wrong_question;
  else {
    query->answered = true;
    return Match{static_cast<std::size_t>(query - queries_.begin()), std::move(*message)};
  }
  return std::unexpected(fault);
}

std::size_t Queries::unanswered() const {
  return static_cast<std::size_t>(std::ranges::count(queries_, false, &Query::answered));
}

std::string to_string(const dns::Question& question) {
  return fmt::format("{} {} {}", question.name.to_string(), dns::class_name(question.klass),
                     dns::type_name(question.type));
}

}  // namespace client
