#include "client/show/timeline.h"

#include <algorithm>
#include <fmt/format.h>

#include "client/show/step_words.h"
#include "client/tally.h"

namespace client {
namespace {

using Kind = WireEvent::Kind;
using net::Transport;
using Time = WireEvent::Clock::time_point;

constexpr std::size_t kBar = 46;     // columns of the whole run
constexpr std::size_t kRemark = 33;  // and of what is said behind a bar

struct Stage {
  std::string name;
  Time begin, end;
  unsigned round_trips = 0;
  std::string remark = {};
};

class Timeline {
 public:
  Timeline(const Outcome& outcome, const Options& options)
      : outcome_(outcome), options_(options), events_(outcome.recording.events) {}

  std::vector<Stage> conduct() {
    for (std::size_t i = 0; i < outcome_.connections.size(); ++i) connection(i);
    for (std::size_t i = 0; i < outcome_.answers.size(); ++i) question(i);
    return std::move(stages_);
  }

 private:
  const WireEvent* find(std::size_t connection, Kind kind) const {
    const auto found = std::ranges::find_if(events_, [&](const WireEvent& event) {
      return event.connection == connection && event.kind == kind;
    });
    return found == events_.end() ? nullptr : &*found;
  }

  // As often as the direction turned from sent to received between the two.
  unsigned round_trips(std::size_t connection, Time begin, Time end) const {
    Tally tally;
    for (const WireEvent& event : events_) {
      if (event.connection != connection || event.kind != Kind::wire) continue;
      if (event.when < begin || event.when > end) continue;
      event.sent ? tally.sent(event.octets) : tally.received(event.octets);
    }
    return tally.round_trips;
  }

  void connection(std::size_t index) {
    const Connection& connection = outcome_.connections[index];
    if (connection.transport == Transport::udp) return;
    const WireEvent* const begin = find(index, Kind::connecting);
    if (begin == nullptr) return;
    const Time last = events_.back().when;
    const WireEvent* const connected = find(index, Kind::connected);
    stages_.push_back({.name = "TCP connect",
                       .begin = begin->when,
                       .end = connected != nullptr ? connected->when : last,
                       .round_trips = connected != nullptr ? 1U : 0U,  // SYN, and its SYN, ACK
                       .remark = connected != nullptr ? "" : "failed"});
    if (connected == nullptr || connection.transport != Transport::tls) return;
    const WireEvent* const done = find(index, Kind::handshaken);
    const Time end = done != nullptr ? done->when : last;
    std::string remark = "failed";
    if (done != nullptr && connection.tls)
      remark = fmt::format("{}, {}", connection.tls->version, connection.tls->resumed ? "resumed" : "full");
    stages_.push_back({.name = "TLS handshake",
                       .begin = connected->when,
                       .end = end,
                       .round_trips = round_trips(index, connected->when, end),
                       .remark = remark});
  }

  void question(std::size_t index) {
    const auto& answer = outcome_.answers[index];
    if (!answer) return;
    const auto message = [&](bool sent, const Bytes& octets) {
      return std::ranges::find_if(events_, [&](const WireEvent& event) {
        return event.connection == answer->connection && event.kind == Kind::message && event.sent == sent &&
               event.octets == octets;
      });
    };
    const auto query = message(true, answer->query_wire);
    const auto reply = message(false, answer->reply_wire);
    if (query == events_.end() || reply == events_.end()) return;
    // Over UDP the octets pass just before the message is noted.
    const bool udp = outcome_.connections[answer->connection].transport == Transport::udp;
    const Time begin = udp ? std::prev(query)->when : query->when;
    stages_.push_back({.name = outcome_.answers.size() == 1 ? "query" : fmt::format("query {}", index + 1),
                       .begin = begin,
                       .end = reply->when,
                       .round_trips = round_trips(answer->connection, begin, reply->when),
                       .remark = to_string(options_.questions[index])});
  }

  const Outcome& outcome_;
  const Options& options_;
  const std::vector<WireEvent>& events_;
  std::vector<Stage> stages_;
};

// A bar begins and ends where its times fall, and is never empty.
std::string bar(const Stage& stage, Time begin, Duration whole) {
  const auto column = [&](Time when) {
    const double share = whole.count() > 0 ? std::chrono::duration<double>(when - begin) / whole : 0;
    return std::min(kBar, static_cast<std::size_t>(share * static_cast<double>(kBar) + 0.5));
  };
  const std::size_t from = std::min(column(stage.begin), kBar - 1);
  const std::size_t length = std::max<std::size_t>(column(stage.end) - std::min(column(stage.end), from), 1);
  return fmt::format("{:<{}}", std::string(from, ' ') + std::string(length, '#'), kBar);
}

// Those of all connections, one after the other.
unsigned all_round_trips(const Outcome& outcome) {
  std::vector<Tally> tallies(outcome.connections.size());
  for (const WireEvent& event : outcome.recording.events) {
    Tally& tally = tallies.at(event.connection);
    if (event.kind == Kind::connected) ++tally.round_trips;
    if (event.kind == Kind::wire) event.sent ? tally.sent(event.octets) : tally.received(event.octets);
  }
  unsigned sum = 0;
  for (const Tally& tally : tallies) sum += tally.round_trips;
  return sum;
}

std::string cut(std::string text, std::size_t width) {
  if (text.size() > width) text.replace(width - 2, std::string::npos, "..");
  return text;
}

}  // namespace

std::string timeline_to_text(const Outcome& outcome, const Options& options) {
  const std::vector<Stage> stages = Timeline(outcome, options).conduct();
  if (stages.empty()) return "";
  const Time begin = std::ranges::min(stages, {}, &Stage::begin).begin;
  const Time end = std::ranges::max(stages, {}, &Stage::end).end;
  std::string out =
      fmt::format(";; {:<14}{:<{}}|{:>9} round trips\n", "",
                  fmt::format("|0 ms{:>{}.1f} ms", milliseconds(end - begin), kBar - 8), kBar + 1, "ms");
  for (const Stage& stage : stages) {
    std::string line =
        fmt::format(";; {:<14}|{}|{:>9.3f}{:>3}  {}", stage.name, bar(stage, begin, end - begin),
                    milliseconds(stage.end - stage.begin), stage.round_trips, cut(stage.remark, kRemark));
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  out += fmt::format(";; {:<14} {:<{}} {:>9.3f}{:>3}\n", "in all", "", kBar, milliseconds(end - begin),
                     all_round_trips(outcome));
  return out + '\n';
}

}  // namespace client
