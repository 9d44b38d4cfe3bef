// Somebody who asks, for tests of the connections to resolvers: keeps what it is given. Belongs to a
// std::shared_ptr, and to the thread that makes it.
#pragma once

#include <string>
#include <vector>

#include "common/dns/codes.h"
#include "common/dns/message.h"
#include "proxyserver/upstreams/asker.h"

class FakeAsker : public Asker {
 public:
  void deliver(std::span<const Answer> answers, Query::Clock::time_point) override {
    const std::lock_guard lock(mutex_);
    ++deliveries;
    for (const Answer& answer : answers)
      if (answer.query->end())
        answered.emplace_back(answer.message.bytes.begin(), answer.message.bytes.end());
  }
  std::string client_of(const Query&) const override { return "test"; }
  bool is_one_client() const override { return true; }

  QueryPtr query(const std::string& name, std::uint16_t id = 1) {
    dns::Message message;
    message.header.id = id;
    message.questions.push_back({dns::Name::parse(name).value(), dns::type::A, dns::klass::IN});
    const Bytes wire = dns::encode(message);
    auto query = std::make_shared<Query>(shared_from_this(), dns::inspect(wire).value(), dns::OptSplice{});
    query->came = Query::Clock::now();
    query->deadline = query->came + std::chrono::seconds(5);
    query->copies = 1;
    return query;
  }

  std::vector<Bytes> answered;
  std::size_t deliveries = 0;  // calls
};
