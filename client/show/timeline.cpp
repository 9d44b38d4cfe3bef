#include "client/show/timeline.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>

#include "client/show/key_exchange.h"
#include "client/show/wrap.h"

namespace client {
namespace {

using Kind = WireEvent::Kind;
using net::Transport;
using Time = WireEvent::Clock::time_point;

constexpr std::size_t kBar = 46;     // columns of the whole run
constexpr std::size_t kRemark = 33;  // and of what is said after a bar

struct Stage {
  std::string name;
  Time begin, end;
  unsigned round_trips = 0;
  std::string remark = {};
};

class Timeline {
 public:
  Timeline(const Outcome& outcome, const Options& options)
      : outcome_(outcome),
        options_(options),
        events_(outcome.recording.events),
        turns_(outcome.connections.size()) {
    std::vector<std::optional<Time>> waiting(turns_.size());  // by connection: since when
    for (const WireEvent& event : events_) {
      if (event.kind == Kind::message)
        messages_.try_emplace(key(event.connection, event.sent, event.octets), &event);
      if (event.kind != Kind::wire) continue;
      std::optional<Time>& since = waiting.at(event.connection);
      if (!event.sent && since) turns_[event.connection].push_back({*since, event.when});
      since = event.sent ? std::optional(event.when) : std::nullopt;
    }
  }

  std::vector<Stage> conduct() {
    for (std::size_t i = 0; i < outcome_.connections.size(); ++i) connection(i);
    for (std::size_t i = 0; i < outcome_.answers.size(); ++i) question(i);
    return std::move(stages_);
  }

  // Those of all connections, one after the other.
  unsigned all_round_trips() const {
    std::size_t sum = 0;
    for (std::size_t i = 0; i < turns_.size(); ++i) sum += turns_[i].size() + answered_syns(i);
    return static_cast<unsigned>(sum);
  }

 private:
  // Where the direction turned from sent to received: that is a round trip.
  struct Turn {
    Time sent, received;
  };
  using Key = std::tuple<std::size_t, bool, std::string_view>;

  static Key key(std::size_t connection, bool sent, const Bytes& octets) {
    return {connection, sent, {reinterpret_cast<const char*>(octets.data()), octets.size()}};
  }

  const WireEvent* find(std::size_t connection, Kind kind) const {
    const auto found = std::ranges::find_if(events_, [&](const WireEvent& event) {
      return event.connection == connection && event.kind == kind;
    });
    return found == events_.end() ? nullptr : &*found;
  }

  // Turns are in the order of time, and so are both their ends.
  unsigned round_trips(std::size_t connection, Time begin, Time end) const {
    const std::vector<Turn>& turns = turns_[connection];
    const auto first = std::ranges::lower_bound(turns, begin, {}, &Turn::sent);
    const auto last = std::ranges::upper_bound(turns, end, {}, &Turn::received);
    return static_cast<unsigned>(std::max<std::ptrdiff_t>(last - first, 0));
  }

  // A SYN is answered by SYN, ACK, or by a reset; of several addresses the first may refuse.
  unsigned answered_syns(std::size_t connection) const {
    unsigned count = 0;
    for (const WireEvent& event : events_) {
      if (event.connection != connection) continue;
      if (event.kind == Kind::connected) return count + 1;
      if (event.kind == Kind::closed && !event.sent) ++count;
    }
    return count;
  }

  void connection(std::size_t index) {
    const Connection& connection = outcome_.connections[index];
    if (connection.transport == Transport::udp) return;
    const WireEvent* const begin = find(index, Kind::connecting);
    if (begin == nullptr) return;
    const WireEvent& last = events_.back();
    const WireEvent* const connected = find(index, Kind::connected);
    stages_.push_back({.name = "TCP connect",
                       .begin = begin->when,
                       .end = connected != nullptr ? connected->when : last.when,
                       .round_trips = answered_syns(index),
                       .remark = connected != nullptr                      ? ""
                                 : last.kind == Kind::closed && !last.sent ? "refused"
                                                                           : "failed"});
    if (connected == nullptr || connection.transport != Transport::tls) return;
    const WireEvent* const done = find(index, Kind::handshaken);
    const Time end = done != nullptr ? done->when : last.when;
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
    const auto query = messages_.find(key(answer->connection, true, answer->query_wire));
    const auto reply = messages_.find(key(answer->connection, false, answer->reply_wire));
    if (query == messages_.end() || reply == messages_.end()) return;
    const Time begin = query->second->when, end = reply->second->when;
    stages_.push_back({.name = outcome_.answers.size() == 1 ? "query" : fmt::format("query {}", index + 1),
                       .begin = begin,
                       .end = end,
                       .round_trips = round_trips(answer->connection, begin, end),
                       .remark = to_string(options_.questions[index])});
  }

  const Outcome& outcome_;
  const Options& options_;
  const std::vector<WireEvent>& events_;
  std::vector<std::vector<Turn>> turns_;      // by connection
  std::map<Key, const WireEvent*> messages_;  // DNS messages; of equal ones the first
  std::vector<Stage> stages_;
};

// A bar begins and ends where its times fall, and is never empty.
std::string bar(const Stage& stage, Time begin, Duration whole) {
  const auto column = [&](Time when) {
    const double share = whole.count() > 0 ? std::chrono::duration<double>(when - begin) / whole : 0;
    return std::min(kBar, static_cast<std::size_t>(std::lround(share * static_cast<double>(kBar))));
  };
  const std::size_t from = std::min(column(stage.begin), kBar - 1);
  const std::size_t length = std::max<std::size_t>(column(stage.end) - std::min(column(stage.end), from), 1);
  return fmt::format("{:<{}}", std::string(from, ' ') + std::string(length, '#'), kBar);
}

// ";; key exchange  x25519, its key shares: 32 octets sent, 32 received"
std::string key_exchanges(const Outcome& outcome) {
  std::string out;
  for (std::size_t i = 0; i < outcome.connections.size(); ++i) {
    const auto& tls = outcome.connections[i].tls;
    if (!tls || tls->group.empty()) continue;
    out += fmt::format(";; {:<14} {}", "key exchange", group_text(tls->group));
    // TLS 1.2 has them in other messages, with a signature.
    if (const ShareSum sum = share_sum(outcome, i); sum.received > 0)
      out += fmt::format(", key shares of {} octets sent, {} received", sum.sent, sum.received);
    out += '\n';
  }
  return out;
}

}  // namespace

std::string timeline_to_text(const Outcome& outcome, const Options& options) {
  Timeline timeline(outcome, options);
  const std::vector<Stage> stages = timeline.conduct();
  if (stages.empty()) return "";
  const Time begin = std::ranges::min(stages, {}, &Stage::begin).begin;
  const Time end = std::ranges::max(stages, {}, &Stage::end).end;
  std::string out =
      fmt::format(";; {:<14}{:<{}}|{:>9}, round trips\n", "",
                  fmt::format("|0 ms{:>{}.1f} ms", milliseconds(end - begin), kBar - 8), kBar + 1, "ms");
  for (const Stage& stage : stages) {
    std::string line =
        fmt::format(";; {:<14}|{}|{:>9.3f} {:>2}  {}", stage.name, bar(stage, begin, end - begin),
                    milliseconds(stage.end - stage.begin), stage.round_trips, cut(stage.remark, kRemark));
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  out += fmt::format(";; {:<14} {:<{}} {:>9.3f} {:>2}\n", "in all", "", kBar, milliseconds(end - begin),
                     timeline.all_round_trips());
  return out + key_exchanges(outcome) + '\n';
}

}  // namespace client
