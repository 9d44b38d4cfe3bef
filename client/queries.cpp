#include "client/queries.h"

#include <array>
#include <cassert>
#include <cerrno>
#include <fmt/format.h>
#include <sys/random.h>

#include "common/dns/codes.h"
#include "common/net/net_error.h"

namespace client {
namespace {

constexpr std::size_t kPaddingBlock = 128;  // RFC 8467 §4.1, for queries

// The kernel's random numbers: whoever guesses the ID can forge the answer over UDP (RFC 5452 §4.3).
class RandomIds {
 public:
  std::uint16_t draw() {
    if (left_ == 0) refill();
    return ids_[--left_];
  }

 private:
  void refill() {
    if (getrandom(ids_.data(), sizeof ids_, 0) != sizeof ids_)
      throw net::NetError::from_errno("draw a random ID", errno);
    left_ = ids_.size();
  }

  std::array<std::uint16_t, 128> ids_{};  // 256 octets: what getrandom(2) gives in one piece
  std::size_t left_ = 0;
};

Bytes query_wire(const Query& query, const QueryOptions& options, bool encrypted) {
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
  message.edns->options = options.options;
  const std::size_t block = options.padding_block.value_or(encrypted ? kPaddingBlock : 0);
  if (block == 0 || message.edns->find(dns::option::PADDING) != nullptr) return dns::encode(message);
  message.edns->options.push_back({dns::option::PADDING, {}});
  const std::size_t size = dns::encode(message).size();
  message.edns->options.back().value.resize(dns::padding_length(size, block));
  return dns::encode(message);
}

// Some servers repeat no question when they cannot deal with it: with FORMERR, or BADVERS, whose upper bits
// are in the OPT (RFC 6891 §6.1.3). There is nothing in it that could be meant for another query.
bool is_bare_refusal(const dns::Message& message) {
  return message.questions.empty() && message.rcode() != dns::rcode::NOERROR &&
         message.rcode() != dns::rcode::NXDOMAIN;
}

}  // namespace

Queries::Queries(const std::vector<dns::Question>& questions, const QueryOptions& options, bool encrypted) {
  assert(questions.size() <= kMostQuestions);
  RandomIds ids;
  queries_.reserve(questions.size());
  for (const dns::Question& question : questions) {
    const auto draw = [&] {
      return options.fixed_id ? static_cast<std::uint16_t>(*options.fixed_id + queries_.size()) : ids.draw();
    };
    Query query{.id = draw(), .question = question};
    while (!by_id_.emplace(query.id, queries_.size()).second) query.id = draw();
    query.wire = query_wire(query, options, encrypted);
    queries_.push_back(std::move(query));
  }
}

std::expected<Queries::Match, ReplyFault> Queries::match(ByteView reply) {
  using Kind = ReplyFault::Kind;
  auto message = dns::decode(reply);
  if (!message) return std::unexpected(ReplyFault{.kind = Kind::malformed, .wire = message.error()});

  ReplyFault fault{.kind = Kind::wrong_id, .id = message->header.id};
  fault.status = dns::rcode_name(message->rcode());
  const auto found = by_id_.find(message->header.id);
  if (found == by_id_.end()) return std::unexpected(fault);
  const std::size_t index = found->second;
  Query* const query = &queries_[index];

  fault.asked = to_string(query->question);
  if (!message->questions.empty()) fault.found = to_string(message->questions.front());
  if (!message->header.qr)
    fault.kind = Kind::not_a_response;
  else if (message->header.opcode != dns::opcode::QUERY)
    fault.kind = Kind::wrong_opcode;
  else if (message->questions != std::vector{query->question} &&  // names compare case-blind
           !is_bare_refusal(*message))
    fault.kind = Kind::wrong_question;
  else {
    query->answered = true;
    by_id_.erase(found);
    return Match{index, std::move(*message)};
  }
  return std::unexpected(fault);
}

std::string to_string(const dns::Question& question) {
  return fmt::format("{} {} {}", question.name.to_string(), dns::class_name(question.klass),
                     dns::type_name(question.type));
}

}  // namespace client
