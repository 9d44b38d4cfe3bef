// A cache on a clock of the test's own, and messages for it.
#pragma once

#include <fmt/format.h>

#include "common/dns/codes.h"
#include "common/dns/message.h"
#include "proxyserver/caching/cache.h"
#include "tests/support/catch.h"

namespace cache_world {

using namespace std::chrono_literals;
using Clock = Cache::Clock;

inline constexpr std::size_t kMegabyte = std::size_t{1} << 20;

inline dns::Name name(std::string_view text) {
  return dns::Name::parse(text).value();
}

inline dns::Message question(std::string_view of = "www.example.com.", std::uint16_t type = dns::type::A) {
  dns::Message message;
  message.header.id = 4711;
  message.header.rd = true;
  message.questions.push_back({name(of), type, dns::klass::IN});
  return message;
}

inline dns::Message with_opt(dns::Message message, std::vector<dns::EdnsOption> options = {}) {
  message.edns.emplace().options = std::move(options);
  return message;
}

inline dns::Record record(std::string_view owner, std::uint16_t type, std::uint32_t ttl,
                          std::string_view data) {
  return {name(owner), type, dns::klass::IN, ttl, dns::parse_rdata(type, data).value()};
}

inline dns::Message reply_to(const dns::Message& query, std::uint8_t rcode = dns::rcode::NOERROR) {
  dns::Message reply = query;
  reply.header.qr = reply.header.ra = true;
  reply.header.rcode = rcode;
  if (reply.edns) reply.edns->options.clear();
  return reply;
}

inline dns::Message positive(const dns::Message& query, std::uint32_t ttl = 300) {
  dns::Message reply = reply_to(query);
  reply.answers.push_back(record("www.example.com.", query.questions[0].type, ttl, "192.0.2.1"));
  return reply;
}

inline dns::Record soa(std::uint32_t ttl, std::uint32_t minimum) {
  return record("example.com.", dns::type::SOA, ttl,
                fmt::format("ns.example.com. root.example.com. 1 2 3 4 {}", minimum));
}

class Client final : public Asker {
 public:
  void deliver(std::span<const Answer>, Clock::time_point) override {}
  std::string client_of(const Query&) const override { return "client"; }
  bool is_one_client() const override { return true; }
};

struct Found {
  dns::Message message;
  CacheUse use;
  bool wants_refresh;
};

struct World {
  explicit World(Limits with = {}, std::size_t octets = kMegabyte) : limits(with), cache(octets, limits) {
    cache.refresh_by(refresher);
  }

  QueryPtr query(const dns::Message& message) const {
    const Bytes wire = dns::encode(message);
    const auto view = dns::inspect(wire).value();
    auto made = std::make_shared<Query>(client, view, dns::OptSplice{});
    CacheKey key;
    if (key.make(view)) made->key = std::make_unique<CacheKey>(key);
    return made;
  }
  std::optional<Found> find(const dns::Message& message) {
    const Bytes wire = dns::encode(message);
    const auto view = dns::inspect(wire).value();
    CacheKey key;
    if (!key.make(view)) return std::nullopt;
    const auto hit = cache.find(key, view, now, buffer);
    if (!hit) return std::nullopt;
    CHECK(hit->message.bytes.data() == buffer.data());
    CHECK(dns::inspect(buffer)->opt.has_value() == hit->message.opt.has_value());
    if (hit->message.opt) CHECK(dns::inspect(buffer)->opt->end == hit->message.opt->end);
    return Found{dns::decode(buffer).value(), hit->use, hit->wants_refresh};
  }
  Cache::Joined join(const QueryPtr& one, bool started = false) {
    std::optional<Cache::Hit> hit;
    return cache.join(one, now, buffer, hit, started);
  }
  std::vector<QueryPtr> finish(const QueryPtr& leader, ByteView answer) {
    return cache.finish(leader, dns::inspect(answer).value(), now);
  }
  // Asked and answered.
  void keep(const dns::Message& message, const Bytes& answer) {
    const QueryPtr one = query(message);
    REQUIRE(join(one, true) == Cache::Joined::ask);
    CHECK(finish(one, answer).empty());
  }
  void keep(const dns::Message& message, const dns::Message& answer) { keep(message, dns::encode(answer)); }
  bool keeps(const dns::Message& answer) {
    dns::Message asked = answer;
    asked.header = question().header;
    asked.answers.clear();
    asked.authorities.clear();
    asked.additionals.clear();
    if (asked.edns) asked.edns->extended_rcode = 0;
    cache.flush();
    keep(asked, answer);
    return find(asked).has_value();
  }

  Published<Limits> limits;
  std::shared_ptr<Client> client = std::make_shared<Client>();
  std::shared_ptr<Client> refresher = std::make_shared<Client>();
  Cache cache;
  Clock::time_point now{1000h};
  Bytes buffer;
};

inline int extended_error(const dns::Message& reply) {
  const auto* const option = reply.edns ? reply.edns->find(dns::option::EXTENDED_ERROR) : nullptr;
  return option != nullptr ? option->value[0] << 8 | option->value[1] : -1;
}

}  // namespace cache_world
