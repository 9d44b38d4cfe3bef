#include "client/show/traced_run.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>
#include <optional>
#include <set>

#include "common/dns/codes.h"

namespace client {
namespace {

using namespace std::chrono_literals;
using Clock = WireEvent::Clock;
using Time = Clock::time_point;

// A line is written a little before or after what it tells of, and its thread may have waited meanwhile.
constexpr auto kSlack = 50ms;
constexpr std::size_t kMostNamed = 5;  // queries in one note

// A DNS message as both sides can tell it: "4660 google.com. A".
struct Sighting {
  std::string what;
  Time when;
};

// What one side saw of a client's connection.
struct View {
  std::vector<Sighting> queries, answers;
};

std::string what_of(const dns::Message& message) {
  if (message.questions.size() != 1) return std::to_string(message.header.id);
  const dns::Question& question = message.questions.front();
  return fmt::format("{} {} {}", message.header.id, question.name.to_string(), dns::type_name(question.type));
}

View view_of(const Outcome& outcome, std::size_t connection) {
  View view;
  for (const WireEvent& event : outcome.recording.events) {
    if (event.connection != connection || event.kind != WireEvent::Kind::message) continue;
    if (const auto message = dns::decode(event.octets))
      (event.sent ? view.queries : view.answers).push_back({what_of(*message), event.when});
  }
  return view;
}

// Lines of one client, from `accepted` to `closed`; indices of the trace's events.
using Session = std::vector<std::size_t>;

std::map<std::string, std::vector<Session>> sessions_of(const ProxyTrace& trace) {
  std::map<std::string, std::vector<Session>> sessions;
  for (std::size_t i = 0; i < trace.events.size(); ++i) {
    std::vector<Session>& all = sessions[trace.events[i].fact("client")];
    if (all.empty() || trace.events[i].event == "accepted") all.emplace_back();
    all.back().push_back(i);
  }
  return sessions;
}

View view_of(const ProxyTrace& trace, const Session& session) {
  View view;
  std::map<std::string, std::string> questions;  // by ID: an answer's line does not repeat it
  for (const std::size_t index : session) {
    const TraceEvent& event = trace.events[index];
    const std::string id = event.fact("id"), name = event.fact("name");
    if (event.event == "query") {
      questions[id] = name.empty() ? id : fmt::format("{} {} {}", id, name, event.fact("type"));
      view.queries.push_back({questions[id], event.when});
    } else if (event.event == "answer" && questions.contains(id)) {
      view.answers.push_back({questions[id], event.when});
    }
  }
  return view;
}

// By how much the trace's times may be moved, if what follows is to come after what it follows from.
struct Tie {
  std::size_t pairs = 0;
  std::optional<Clock::duration> least, most;

  bool possible() const { return !least || !most || *least <= *most + kSlack; }
  bool one_clock() const { return (!least || *least <= kSlack) && (!most || *most >= -kSlack); }
  Clock::duration shift() const {
    if (one_clock()) return {};
    if (!most) return *least;
    return least ? *least + (*most - *least) / 2 : *most;
  }
};

// Each with the first of the other side that is the same and has no partner yet.
template <typename Tied>
std::size_t pair_up(const std::vector<Sighting>& ours, const std::vector<Sighting>& theirs, Tied tied) {
  std::multimap<std::string_view, Time> waiting;
  for (const Sighting& one : theirs) waiting.emplace(one.what, one.when);
  std::size_t pairs = 0;
  for (const Sighting& one : ours) {
    const auto found = waiting.find(one.what);
    if (found == waiting.end()) continue;
    tied(one.when - found->second);
    waiting.erase(found);
    ++pairs;
  }
  return pairs;
}

Tie tie_of(const View& ours, const View& theirs) {
  Tie tie;
  tie.pairs = pair_up(ours.queries, theirs.queries, [&](Clock::duration difference) {
    tie.least = std::max(tie.least.value_or(difference), difference);
  });
  pair_up(ours.answers, theirs.answers, [&](Clock::duration difference) {
    tie.most = std::min(tie.most.value_or(difference), difference);
  });
  return tie;
}

// "4660 google.com. A, 4661 www.example.com. A and 3 more"
std::string listed(const std::vector<std::string>& all) {
  const std::size_t named = std::min(all.size(), kMostNamed);
  std::string text = fmt::format("{}", fmt::join(all.begin(), all.begin() + static_cast<long>(named), ", "));
  if (all.size() > named) text += fmt::format(" and {} more", all.size() - named);
  return text;
}

std::vector<std::string> missing(const std::vector<Sighting>& here, const std::vector<Sighting>& there) {
  std::multiset<std::string_view> found;
  for (const Sighting& one : there) found.insert(one.what);
  std::vector<std::string> names;
  for (const Sighting& one : here) {
    if (const auto at = found.find(one.what); at != found.end())
      found.erase(at);
    else
      names.push_back(one.what);
  }
  return names;
}

class Tying {
 public:
  Tying(const ProxyTrace& trace, const Outcome& outcome)
      : trace_(trace), outcome_(outcome), sessions_(sessions_of(trace)) {}

  TracedRun conduct() {
    for (std::size_t i = 0; i < outcome_.connections.size(); ++i) connection(i);
    std::ranges::stable_sort(run_.events, {}, &TraceEvent::when);
    if (trace_.unreadable > 0)
      note("{} line{} of the trace {} cut or of another form, and passed over.", trace_.unreadable,
           trace_.unreadable == 1 ? "" : "s", trace_.unreadable == 1 ? "is" : "are");
    return std::move(run_);
  }

 private:
  template <typename... Values>
  void note(fmt::format_string<Values...> text, Values&&... values) {
    run_.notes.push_back(fmt::format(text, std::forward<Values>(values)...));
  }

  void connection(std::size_t index) {
    if (!outcome_.connections[index].local) return;
    const View ours = view_of(outcome_, index);
    const std::string client = outcome_.connections[index].local->to_string();
    const auto known = sessions_.find(client);
    if (known != sessions_.end()) return choose(index, client, ours, known->second);
    if (trace_.events.empty()) return note("The trace has no events. Was it written by proxyserver --trace?");
    search(client, ours);
  }

  // The last that fits: a port is used again after a while, and a trace may be days long.
  void choose(std::size_t index, const std::string& client, const View& ours,
              const std::vector<Session>& sessions) {
    const Session* best = nullptr;
    Tie best_tie;
    for (const Session& session : sessions) {
      const View theirs = view_of(trace_, session);
      const Tie tie = tie_of(ours, theirs);
      const bool without = ours.queries.empty() || theirs.queries.empty();
      const bool fits = tie.pairs > 0 ? tie.possible() : without && is_of_that_time(index, session);
      if (!fits || (best != nullptr && best_tie.one_clock() && !tie.one_clock())) continue;
      best = &session;
      best_tie = tie;
    }
    if (best != nullptr) return take(ours, *best, best_tie);
    note(
        "The trace tells of {}, but of other queries or at another time: these lines cannot be tied to this "
        "run, and are not drawn.",
        client);
  }

  // A handshake that failed, or a query that never came: nothing but the time ties them.
  bool is_of_that_time(std::size_t index, const Session& session) const {
    std::optional<Time> first, last;
    for (const WireEvent& event : outcome_.recording.events) {
      if (event.connection != index) continue;
      if (!first) first = event.when;
      last = event.when;
    }
    const Time begun = trace_.events[session.front()].when;
    return first && begun >= *first - kSlack && begun <= *last + kSlack;
  }

  // Somebody between the two gives the client another address: a container's network, a NAT, a relay.
  void search(const std::string& client, const View& ours) {
    std::vector<std::pair<std::string, const Session*>> found;
    Tie tie_found;
    for (const auto& [other, sessions] : sessions_)
      for (const Session& session : sessions) {
        const Tie tie = tie_of(ours, view_of(trace_, session));
        if (tie.pairs == 0 || tie.pairs < ours.queries.size() || !tie.one_clock()) continue;
        found.emplace_back(other, &session);
        tie_found = tie;
      }
    if (found.empty())
      return note(
          "The trace tells nothing of {}, nor of the same queries at that time: the proxy's other leg "
          "cannot be drawn.",
          client);
    if (found.size() > 1)
      return note(
          "The trace tells nothing of {}. {} other clients sent the same queries at that time: "
          "nothing says which of them is this run, and none is drawn.",
          client, found.size());
    note(
        "The proxy does not know {}. It saw the same queries come from {}: a network, such as a "
        "container's, lies between and gives out other addresses. They are tied by ID and question alone.",
        client, found.front().first);
    take(ours, *found.front().second, tie_found);
  }

  void take(const View& ours, const Session& session, const Tie& tie) {
    const Clock::duration shift = tie.shift();
    std::vector<TraceEvent> events;
    std::map<std::string, Time> locals;  // connections to resolvers that it used, and since when
    for (const std::size_t index : session) {
      events.push_back(trace_.events[index]);
      if (const std::string local = events.back().fact("local"); !local.empty())
        locals.try_emplace(local, events.back().when);
    }
    made_for_others(session, locals, events);
    for (TraceEvent& event : events) event.when += shift;
    run_.events.insert(run_.events.end(), events.begin(), events.end());

    const View theirs = view_of(trace_, session);
    if (shift != Clock::duration{})
      note(
          "The proxy's clock is not the client's: its times are moved by {:.6f} s, so that no query comes in "
          "before it left and no answer before it was sent{}.",
          std::chrono::duration<double>(shift).count(),
          tie.least && tie.most
              ? fmt::format(" (exact to {:.3f} ms)", std::abs(milliseconds(*tie.most - *tie.least)) / 2)
              : "");
    if (const auto lost = missing(ours.queries, theirs.queries); !lost.empty())
      note("The trace does not tell of {}: it was cut, or the proxy never read that.", listed(lost));
    if (const auto strange = missing(theirs.queries, ours.queries); !strange.empty())
      note("The trace tells of {}, which this run did not send.", listed(strange));
    if (const auto unseen = missing(theirs.answers, ours.answers); !unseen.empty())
      note("The proxy answered {}, and the client did not read that.", listed(unseen));
  }

  // A connection that was begun for another client becomes ready in that client's lines.
  void made_for_others(const Session& session, const std::map<std::string, Time>& locals,
                       std::vector<TraceEvent>& events) const {
    const std::string client = trace_.events[session.front()].fact("client");
    const Time last = trace_.events[session.back()].when;
    for (const TraceEvent& event : trace_.events) {
      if (event.event != "connected" || event.when > last || event.fact("client") == client) continue;
      const auto used = locals.find(event.fact("local"));
      if (used != locals.end() && event.when >= used->second) events.push_back(event);
    }
  }

  const ProxyTrace& trace_;
  const Outcome& outcome_;
  const std::map<std::string, std::vector<Session>> sessions_;
  TracedRun run_;
};

}  // namespace

TracedRun traced_run(const ProxyTrace& trace, const Outcome& outcome) {
  return Tying(trace, outcome).conduct();
}

}  // namespace client
