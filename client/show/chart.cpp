#include "client/show/chart.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <system_error>

#include "client/show/escape.h"
#include "client/show/key_exchange.h"
#include "client/show/step_words.h"
#include "client/show/tls_words.h"

namespace client {
namespace {

using Arrow = SequenceChart::Arrow;
using Time = WireEvent::Clock::time_point;

constexpr std::size_t kClient = 0, kServer = 1, kUpstream = 2;  // lanes
constexpr std::size_t kMostArrows = 400;  // what a browser draws at once, and a person scrolls through

std::string octets_text(std::size_t octets) {
  return fmt::format("{} octets", octets);
}

std::string label_of(const Step& step) {
  switch (step.kind) {
    case Step::Kind::connecting:
      return "TCP SYN";
    case Step::Kind::connected:
      return "TCP SYN, ACK";
    case Step::Kind::refused:
      return "TCP RST: nobody listens there";
    case Step::Kind::given_up:
      return "gives up: no answer that it could use";
    case Step::Kind::closed:
      return "TCP FIN";
    case Step::Kind::no_tls:
      return "octets that are no TLS records";
    case Step::Kind::unread:
      return "octets that were not read any more";
    case Step::Kind::record:
    case Step::Kind::octets:
    case Step::Kind::datagram:
      break;
  }
  std::string text;
  for (const WireEvent* event : step.inside) (text += text.empty() ? "" : ", ") += label_of(*event);
  if (!text.empty()) return text;
  return step.kind == Step::Kind::record ? content_type_name(step.content) : "a part of a message";
}

class Drawing {
 public:
  Drawing(const Outcome& outcome, const std::vector<TraceEvent>& trace) : outcome_(outcome), trace_(trace) {}

  std::vector<Arrow> conduct() {
    for (const Step& step : steps_of(outcome_)) first_leg(step);
    for (const WireEvent& event : outcome_.recording.events) key_exchange(event);
    for (const TraceEvent& event : trace_) second_leg(event);
    std::ranges::stable_sort(arrows_, {}, &Arrow::ms);
    if (arrows_.size() > kMostArrows) {
      const std::size_t more = arrows_.size() - kMostArrows;
      arrows_.resize(kMostArrows);
      arrows_.push_back({.ms = arrows_.back().ms,
                         .label = fmt::format("and {} more that are not drawn", more),
                         .size = {}});
    }
    return std::move(arrows_);
  }

 private:
  double ms(Time when) const { return milliseconds(when - outcome_.recording.events.front().when); }

  void first_leg(const Step& step) {
    const bool udp = outcome_.connections[step.connection].transport == net::Transport::udp;
    if (udp && step.kind == Step::Kind::connecting) return;  // nothing passes
    arrows_.push_back({.ms = ms(step.when),
                       .from = step.sent ? kClient : kServer,
                       .to = step.sent && step.kind != Step::Kind::given_up ? kServer : kClient,
                       .label = label_of(step),
                       .size = step.octets > 0 ? octets_text(step.octets) : "",
                       .encrypted = step.encrypted});
  }

  // A remark, once the handshake is done.
  void key_exchange(const WireEvent& event) {
    const auto& tls = outcome_.connections[event.connection].tls;
    if (event.kind != WireEvent::Kind::handshaken || !tls || tls->group.empty()) return;
    arrows_.push_back({.ms = ms(event.when),
                       .from = kClient,
                       .to = kClient,
                       .label = "key: " + group_text(tls->group),
                       .size = {}});
  }

  void second_leg(const TraceEvent& event) {
    const auto fact = [&](std::string_view key) { return std::string(event.fact(key)); };
    const auto add = [&](std::size_t from, std::size_t to, std::string label, std::string size = {}) {
      arrows_.push_back({.ms = ms(event.when),
                         .from = from,
                         .to = to,
                         .label = std::move(label),
                         .size = std::move(size),
                         .encrypted = encrypted_ && from != to && event.event != "upstream"});
    };
    if (event.event == "query") {
      queries_[fact("id")].name = event.fact("name").empty() ? "" : fact("name") + " " + fact("type");
    } else if (event.event == "upstream") {
      encrypted_ = event.fact("upstream").starts_with("tls://");
      if (event.fact("connection") == "reused")
        return add(kServer, kServer, "takes a connection that is open");
      add(kServer, kUpstream, encrypted_ ? "TCP connect, TLS handshake" : "TCP connect");
    } else if (event.event == "sent") {
      add(kServer, kUpstream, "query " + queries_[fact("id")].name, "DNS " + fact("octets") + " octets");
    } else if (event.event == "connected") {
      const std::string group = fact("group").empty() ? "" : ", " + fact("group");
      add(kUpstream, kServer, "ready: " + (encrypted_ ? fact("version") + group : "TCP"),
          "after " + fact("us") + " us");
    } else if (event.event == "received") {
      queries_[fact("id")].by_resolver = true;
      add(kUpstream, kServer, "answer to " + queries_[fact("id")].name, "DNS " + fact("octets") + " octets");
    } else if (event.event == "lost") {
      add(kUpstream, kServer, "lost: " + fact("reason"));
    } else if (event.event == "answer" && !queries_[fact("id")].by_resolver) {
      const std::string from = fact("cache").empty() ? "answers by itself: " : "answers from its cache: ";
      add(kServer, kServer, from + fact("rcode"));
    }
  }

  struct TracedQuery {
    std::string name;
    bool by_resolver = false;  // it has an answer that the proxy did not make
  };

  const Outcome& outcome_;
  const std::vector<TraceEvent>& trace_;
  std::vector<Arrow> arrows_;
  // The second leg:
  std::map<std::string, TracedQuery> queries_;  // by ID
  bool encrypted_ = false;
};

std::unexpected<std::string> complaint(const std::string& file, int error) {
  return std::unexpected(
      fmt::format("client: [chart] {}: {}; try another file", printable(file), strerrordesc_np(error)));
}

std::expected<std::string, std::string> read_file(const std::string& file) {
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) return complaint(file, EISDIR);
  std::ifstream in(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in.is_open() || in.bad()) return complaint(file, errno);
  return text;
}

// The proxy may still be writing of a connection that we have just ended: its last word is `closed`.
std::expected<std::vector<TraceEvent>, std::string> read_trace(const Options& options,
                                                               const Connection& connection) {
  if (!connection.local) return {};
  const net::Deadline deadline = net::Deadline::in(std::chrono::seconds(1));
  for (;;) {
    const auto text = read_file(options.files.proxy_trace);
    if (!text) return std::unexpected(text.error());
    std::vector<TraceEvent> events = trace_of(*text, connection.local->to_string());
    const bool whole = std::ranges::find(events, "closed", &TraceEvent::event) != events.end();
    if (whole || events.empty() || connection.transport == net::Transport::udp || deadline.expired())
      return events;
    poll(nullptr, 0, 5);  // a file cannot be waited for
  }
}

}  // namespace

SequenceChart chart_of(const Outcome& outcome, const Options& options, const std::vector<TraceEvent>& trace) {
  const Connection& connection = outcome.connections.back();
  const std::string server = connection.address.to_string();
  SequenceChart chart;
  chart.title = options.questions.empty() ? "DNS" : to_string(options.questions.front());
  if (options.questions.size() > 1) chart.title += fmt::format(" and {} more", options.questions.size() - 1);
  chart.title += fmt::format(", over {}", connection.tls ? connection.tls->version
                                                         : std::string(net::to_string(connection.transport)));
  if (connection.tls && connection.tls->resumed) chart.title += ", resumed";
  chart.lanes = {{"client", connection.local ? connection.local->to_string() : ""},
                 {trace.empty() ? "server" : "proxy", server}};
  const auto upstream = std::ranges::find(trace, "upstream", &TraceEvent::event);
  if (!trace.empty())
    chart.lanes.push_back(
        {"upstream resolver",
         upstream == trace.end()
             ? ""
             : std::string(upstream->fact("upstream").substr(0, upstream->fact("upstream").find('#')))});
  chart.arrows = Drawing(outcome, trace).conduct();
  return chart;
}

std::expected<std::string, std::string> write_chart(const Outcome& outcome, const Options& options) {
  const std::string& file = options.files.chart;
  std::vector<TraceEvent> trace;
  std::string note;
  if (outcome.recording.events.empty()) return "client: no chart was drawn: nothing passed";
  if (!options.files.proxy_trace.empty()) {
    auto read = read_trace(options, outcome.connections.back());
    if (!read) return std::unexpected(read.error());
    trace = std::move(*read);
    if (trace.empty())
      note = fmt::format("; {} tells nothing of this connection", printable(options.files.proxy_trace));
  }
  const SequenceChart chart = chart_of(outcome, options, trace);
  std::ofstream out(file, std::ios::binary);
  out << (file.ends_with(".html") ? to_html(chart) : to_svg(chart)) << std::flush;
  if (!out) return complaint(file, errno);
  return fmt::format("client: the chart is in {}{}", printable(file), note);
}

}  // namespace client
