#include "proxyserver/in_flight.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <sys/random.h>
#include <system_error>

namespace {
constexpr std::size_t kFirstSize = 8;
constexpr std::size_t kLargestSize = 65536;  // then the low bits are the whole ID
}  // namespace

std::uint16_t RandomIds::next() {
  if (left_ == 0) {
    // So few octets come whole or not at all (getrandom(2): up to 256 are never cut short).
    while (getrandom(drawn_.data(), sizeof drawn_, 0) != sizeof drawn_)
      if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "getrandom");
    left_ = drawn_.size();
  }
  return drawn_[--left_];
}

Asked asked_by(const dns::MessageView& query) {
  if (!query.opt) return {};
  const dns::HopOptions options = dns::hop_options(query);
  return {true, options.padded, options.asks_keepalive, std::max<std::uint16_t>(query.opt->udp_size, 512)};
}

Query& InFlight::add(const dns::MessageView& query, const dns::OptSplice& upstream_options) {
  if (2 * (count_ + 1) > slots_.size()) grow();
  std::uint16_t id = 0;
  do id = ids_.next();
  while (slots_[id & (slots_.size() - 1)].waiting);

  Query& slot = slots_[id & (slots_.size() - 1)];
  if (!dns::splice_opt(query, upstream_options, slot.message))
    slot.message.assign(query.bytes.begin(), query.bytes.end());
  slot.message[0] = static_cast<std::uint8_t>(id >> 8);
  slot.message[1] = static_cast<std::uint8_t>(id);
  slot.view = query;  // of it, only what answers are compared with is used, and splicing leaves that alone
  slot.view.bytes = slot.message;
  slot.view.question = slot.view.bytes.subspan(dns::kHeaderSize, query.question.size());
  slot.id = id;
  slot.client_id = query.header.id;
  slot.asked = asked_by(query);
  slot.legs = slot.sends = 0;
  slot.waiting = true;
  ++count_;
  octets_ += slot.message.size();
  return slot;
}

Query* InFlight::find(std::uint16_t id) {
  if (slots_.empty()) return nullptr;
  Query& slot = slots_[id & (slots_.size() - 1)];
  return slot.waiting && slot.id == id ? &slot : nullptr;
}

void InFlight::remove(Query& query) {
  assert(query.waiting);
  query.waiting = false;  // its memory stays for the next one
  --count_;
  octets_ -= query.message.size();
}

void InFlight::release() {
  if (empty()) slots_ = std::vector<Query>();  // "= {}" would keep the memory
}

void InFlight::grow() {
  assert(slots_.size() < kLargestSize);
  std::vector<Query> larger(slots_.empty() ? kFirstSize : 2 * slots_.size());
  for (Query& query : slots_)
    if (query.waiting)
      larger[query.id & (larger.size() - 1)] = std::move(query);  // spans into `message` move along
  slots_ = std::move(larger);
}
