#include "client/show/proxy_leg.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>
#include <string>

#include "client/ask.h"
#include "client/show/wrap.h"

namespace client {
namespace {

constexpr std::size_t kProxy = 1, kFirstResolver = 2;  // lanes
constexpr std::size_t kMostResolvers = 3;              // with a lane of their own
constexpr std::size_t kRemark = 44;                    // columns beside a lane

// "127.0.0.1:40000" to "40000"
std::string port_of(const std::string& address) {
  return address.substr(address.rfind(':') + 1);
}

class Leg {
 public:
  explicit Leg(std::chrono::steady_clock::time_point begin) : begin_(begin) {}

  void add(const TraceEvent& event) {
    event_ = &event;
    if (event.event == "query")
      queries_[fact("id")] = {fact("name").empty() ? "" : fact("name") + " " + fact("type"), {}, false};
    else if (event.event == "upstream")
      upstream();
    else if (event.event == "connected")
      connected();
    else if (event.event == "sent")
      sent();
    else if (event.event == "received")
      received();
    else if (event.event == "lost")
      lost();
    else if (event.event == "answer")
      answer();
    else if (event.event == "closed" && !fact("reason").empty())
      remark(fmt::format("the {} ends it: {}", fact("by"), fact("reason")));
  }

  ProxyLeg finish() {
    for (std::size_t i = 0; i < leg_.resolvers.size(); ++i)
      leg_.resolvers[i].role =
          leg_.resolvers.size() == 1 ? "upstream resolver" : fmt::format("resolver {}", i + 1);
    return std::move(leg_);
  }

 private:
  struct Connection {
    std::size_t lane = kFirstResolver;
    bool encrypted = false;
  };
  struct Copy {  // of a query, on its way to a resolver
    std::string local;
    std::chrono::steady_clock::time_point when;
    bool awaited = true;
  };
  struct Query {
    std::string name;
    std::vector<Copy> copies;
    bool answered = false;  // by a resolver
  };

  std::string fact(std::string_view key) const { return event_->fact(key); }

  void arrow(std::size_t from, std::size_t to, std::string label, std::string size, bool encrypted,
             bool broken = false) {
    leg_.arrows.push_back({.ms = milliseconds(event_->when - begin_),
                           .from = from,
                           .to = to,
                           .label = std::move(label),
                           .size = std::move(size),
                           .encrypted = encrypted,
                           .broken = broken});
  }

  void remark(const std::string& text) {
    for (std::string& row : wrapped(text, kRemark, 2)) arrow(kProxy, kProxy, std::move(row), "", false);
  }

  std::size_t lane_of(std::string uri) {
    if (const std::size_t name = uri.find('#'); name != std::string::npos) uri.resize(name);
    const auto known = std::ranges::find(leg_.resolvers, uri, &SequenceChart::Lane::address);
    const std::size_t index = static_cast<std::size_t>(known - leg_.resolvers.begin());
    if (known != leg_.resolvers.end()) return kFirstResolver + index;
    if (index == kMostResolvers) {
      leg_.resolvers.back().address = "and others";
      return kFirstResolver + index - 1;
    }
    leg_.resolvers.push_back({"", std::move(uri)});
    return kFirstResolver + index;
  }

  // The line that says where it leads may be missing in the trace.
  Connection& connection() {
    const auto [found, is_new] = connections_.try_emplace(fact("local"));
    if (is_new) found->second.lane = lane_of("not told by the trace");
    return found->second;
  }

  // "4660/52011 google.com. A"
  std::string named() { return fmt::format("{}/{} {}", fact("id"), fact("upstream_id"), query().name); }
  Query& query() { return queries_[fact("id")]; }

  void upstream() {
    const std::string uri = fact("upstream"), port = port_of(fact("local"));
    const bool tls = uri.starts_with("tls://");
    const Connection& to = connections_[fact("local")] = {lane_of(uri), tls};
    if (fact("connection") == "reused") return remark("takes the open connection of port " + port);
    arrow(kProxy, to.lane, fmt::format("connects from port {} (TCP{})", port, tls ? ", TLS" : ""), "", false);
  }

  void connected() {
    const Connection& to = connection();
    const std::string group = fact("group").empty() ? "" : ", " + fact("group");
    arrow(to.lane, kProxy, "ready: " + (to.encrypted ? fact("version") + group : "TCP"),
          "after " + fact("us") + " us", to.encrypted);
  }

  void sent() {
    const Connection& to = connection();
    std::vector<Copy>& copies = query().copies;
    const auto open = std::ranges::find(copies, true, &Copy::awaited);
    if (open != copies.end())
      remark(fmt::format("{} has no answer after {:.0f} ms: asks besides", fact("id"),
                         milliseconds(event_->when - open->when)));
    arrow(kProxy, to.lane, (copies.empty() ? "query " : "again ") + named(), octets(), to.encrypted);
    copies.push_back({fact("local"), event_->when});
  }

  void received() {
    const Connection& from = connection();
    Query& asked = query();
    for (Copy& copy : asked.copies)
      if (copy.local == fact("local")) copy.awaited = false;
    arrow(from.lane, kProxy, (asked.answered ? "too late: " : "answer ") + named(), octets(), from.encrypted);
    asked.answered = true;
    if (const std::string reader = fact("reader"); !reader.empty()) remark("read by the thread of " + reader);
  }

  void lost() {
    const Connection& to = connection();
    arrow(kProxy, to.lane, fmt::format("lost: the connection from port {}", port_of(fact("local"))), "",
          to.encrypted, true);
    remark(fact("reason"));
    std::vector<std::string> unanswered;
    for (auto& [id, one] : queries_)
      for (Copy& copy : one.copies) {
        if (copy.local != fact("local") || !copy.awaited) continue;
        copy.awaited = false;
        if (unanswered.size() < 4) unanswered.push_back(id);
      }
    if (!unanswered.empty()) remark(fmt::format("unanswered there: {}", fmt::join(unanswered, ", ")));
  }

  void answer() {
    if (query().answered) return;  // the client's leg shows it
    const std::string cached = fact("cache");
    remark(fmt::format("answers {} {}: {}", fact("id"),
                       cached.empty()      ? "by itself"
                       : cached == "stale" ? "from its cache, out of date"
                                           : "from its cache",
                       fact("rcode")));
  }

  std::string octets() const { return "DNS " + fact("octets") + " octets"; }

  const std::chrono::steady_clock::time_point begin_;
  const TraceEvent* event_ = nullptr;
  ProxyLeg leg_;
  std::map<std::string, Connection> connections_;  // by our end
  std::map<std::string, Query> queries_;           // by the client's ID; the newest of those that had it
};

}  // namespace

ProxyLeg proxy_leg(const std::vector<TraceEvent>& events, std::chrono::steady_clock::time_point begin) {
  Leg leg(begin);
  for (const TraceEvent& event : events) leg.add(event);
  return leg.finish();
}

}  // namespace client
