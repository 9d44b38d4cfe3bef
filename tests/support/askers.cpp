#include "tests/support/askers.h"

#include <algorithm>
#include <fmt/format.h>
#include <poll.h>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kEnd{30};  // by then every query has had its answer, or SERVFAIL

std::string name_of(unsigned client, unsigned query) {
  return fmt::format("q{}.asker{}.tag.test.", query, client);
}

Askers::Time at(const std::vector<Askers::Time>& sorted, double part) {
  if (sorted.empty()) return {};
  return sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1))];
}

}  // namespace

std::string txt_of(const dns::Message& reply) {
  return reply.answers.size() == 1 ? dns::rdata_to_text(reply.answers[0].rdata) : "(no single answer)";
}

std::string Askers::Report::to_string() const {
  return fmt::format("{} right, {} SERVFAIL, {} wrong; median {:.1f} ms, p99 {:.1f} ms, slowest {:.1f} ms",
                     right, failed, wrong.size(), median.count(), p99.count(), slowest.count());
}

Askers::Askers(const Proxy& proxy, Manner manner) : manner_(manner) {
  for (unsigned i = 0; i < manner.count; ++i) legs_.emplace_back(proxy, kAllLegs[i % std::size(kAllLegs)]);
  for (unsigned i = 0; i < manner.count; ++i) threads_.emplace_back([this, i] { run(i, legs_[i]); });
}

Askers::~Askers() {
  if (!stopped_) {
    over_ = true;
    start();
  }
  for (std::thread& thread : threads_)
    if (thread.joinable()) thread.join();
}

Askers::Report Askers::stop() {
  over_ = stopped_ = true;
  for (std::thread& thread : threads_) thread.join();
  std::ranges::sort(times_);
  Report report;
  report.right = findings_.right_count();
  report.failed = findings_.failed_count();
  report.wrong = findings_.all_wrong();
  report.median = at(times_, 0.5);
  report.p99 = at(times_, 0.99);
  report.slowest = at(times_, 1);
  return report;
}

void Askers::run(unsigned number, ClientLeg& leg) try {
  std::vector<Time> times;
  begin_.wait();
  for (unsigned first = 0; !over_; first += manner_.at_once) {
    const auto asked = Clock::now();
    ask(number, leg, first, times);
    poll(nullptr, 0, net::Deadline::at(asked + manner_.pace).poll_ms());
  }
  const std::scoped_lock lock(mutex_);
  times_.insert(times_.end(), times.begin(), times.end());
} catch (const std::exception& error) {
  findings_.wrong(fmt::format("client {}, {}: {}", number, to_string(leg.transport()), error.what()));
}

void Askers::ask(unsigned number, ClientLeg& leg, unsigned first, std::vector<Time>& times) {
  const auto asked = Clock::now();
  for (unsigned i = first; i < first + manner_.at_once; ++i)
    leg.send(make_query(name_of(number, i), dns::type::TXT, static_cast<std::uint16_t>(i)));
  std::vector<bool> answered(manner_.at_once, false);
  for (unsigned i = 0; i < manner_.at_once; ++i) {
    const dns::Message reply = leg.read_message(net::Deadline::in(kEnd));
    const unsigned place = static_cast<std::uint16_t>(reply.header.id - first);
    const bool ours = place < manner_.at_once && !answered[place] && reply.questions.size() == 1 &&
                      reply.questions[0].name.to_string() == name_of(number, first + place);
    times.emplace_back(Clock::now() - asked);
    if (ours && reply.rcode() == dns::rcode::SERVFAIL)
      findings_.failed();
    else if (ours && txt_of(reply) == '"' + name_of(number, first + place) + '"')
      findings_.right();
    else
      findings_.wrong(fmt::format("client {}, {}: ID {}, rcode {}, {}", number, to_string(leg.transport()),
                                  reply.header.id, reply.rcode(), txt_of(reply)));
    if (place < manner_.at_once) answered[place] = true;
  }
}
