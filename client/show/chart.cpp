#include "client/show/chart.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/show/escape.h"
#include "client/show/key_exchange.h"
#include "client/show/proxy_leg.h"
#include "client/show/step_words.h"
#include "client/show/tls_words.h"
#include "common/dns/message.h"
#include "common/net/unique_fd.h"

namespace client {
namespace {

using Arrow = SequenceChart::Arrow;
using Time = WireEvent::Clock::time_point;

constexpr std::size_t kClient = 0, kServer = 1;  // lanes
constexpr std::size_t kMostArrows = 400;         // what a browser draws at once, and a person scrolls through
constexpr off_t kMostTrace = 8 << 20;  // octets at a trace's end that are read: this run is the newest

std::string octets_text(std::size_t octets) {
  return fmt::format("{} octets", octets);
}

// "query 4660 google.com. A": the ID of the logs.
std::string with_id(const WireEvent& event) {
  std::string label = label_of(event);
  if (event.kind == WireEvent::Kind::message && dns::decode(event.octets))
    label.insert(std::min(label.find(' '), label.size()),
                 fmt::format(" {}", event.octets[0] << 8 | event.octets[1]));
  return label;
}

std::string label_of(const Step& step, bool with_ids) {
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
  for (const WireEvent* event : step.inside)
    (text += text.empty() ? "" : ", ") += with_ids ? with_id(*event) : label_of(*event);
  if (!text.empty()) return text;
  return step.kind == Step::Kind::record ? content_type_name(step.content) : "a part of a message";
}

class Drawing {
 public:
  // `with_ids`: the messages of the client's leg show their IDs, as those of the other leg do.
  Drawing(const Outcome& outcome, bool with_ids) : outcome_(outcome), with_ids_(with_ids) {}

  std::vector<Arrow> conduct(std::vector<Arrow> other_leg) {
    for (const Step& step : steps_of(outcome_)) first_leg(step);
    for (const WireEvent& event : outcome_.recording.events) key_exchange(event);
    std::ranges::move(other_leg, std::back_inserter(arrows_));
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
                       .label = label_of(step, with_ids_),
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

  const Outcome& outcome_;
  const bool with_ids_;
  std::vector<Arrow> arrows_;
};

std::unexpected<std::string> complaint(const std::string& file, int error) {
  return std::unexpected(
      fmt::format("client: [chart] {}: {}; try another file", printable(file), strerrordesc_np(error)));
}

// The last kMostTrace octets; `whole` says whether that is all.
std::expected<std::string, std::string> read_file(const std::string& file, bool& whole) {
  // Not to wait for who writes into a pipe.
  const net::UniqueFd opened(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat facts {};
  if (!opened.valid() || fstat(opened.get(), &facts) != 0) return complaint(file, errno);
  if (S_ISDIR(facts.st_mode)) return complaint(file, EISDIR);
  if (!S_ISREG(facts.st_mode))
    return std::unexpected(
        fmt::format("client: [chart] {}: it is no ordinary file; try one that proxyserver --trace wrote",
                    printable(file)));
  const off_t begin = std::max<off_t>(facts.st_size - kMostTrace, 0);
  whole = begin == 0;
  std::string text(static_cast<std::size_t>(facts.st_size - begin), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t count =
        pread(opened.get(), text.data() + done, text.size() - done, begin + static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return complaint(file, errno);
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  text.resize(done);
  if (!whole) text.erase(0, std::min(text.find('\n'), text.size()));  // a line that is cut
  return text;
}

// The proxy may still be writing of a connection that we have just ended: its last word is `closed`.
bool is_told_to_the_end(const TracedRun& run, const Outcome& outcome) {
  return run.events.empty() || outcome.connections.back().transport == net::Transport::udp ||
         std::ranges::find(run.events, "closed", &TraceEvent::event) != run.events.end();
}

// `text` is what the result views.
std::expected<TracedRun, std::string> read_trace(const Outcome& outcome, const std::string& file,
                                                 std::string& text) {
  const net::Deadline deadline = net::Deadline::in(std::chrono::seconds(1));
  for (int wait_ms = 5;; wait_ms *= 2) {
    bool whole = false;
    auto read = read_file(file, whole);
    if (!read) return std::unexpected(std::move(read.error()));
    text = std::move(*read);
    TracedRun run = traced_run(trace_of(text), outcome);
    if (!whole) run.notes.push_back("The trace is long: only its last 8 MiB were read.");
    if (is_told_to_the_end(run, outcome) || deadline.expired()) return run;
    poll(nullptr, 0, wait_ms);  // a file cannot be waited for
  }
}

}  // namespace

SequenceChart chart_of(const Outcome& outcome, const Options& options, const TracedRun& traced) {
  const Connection& connection = outcome.connections.back();
  const std::string server = connection.address.to_string();
  ProxyLeg leg = proxy_leg(traced.events, outcome.recording.events.front().when);
  const bool two_legs = !traced.events.empty();
  SequenceChart chart;
  chart.title = options.questions.empty() ? "DNS" : to_string(options.questions.front());
  if (options.questions.size() > 1) chart.title += fmt::format(" and {} more", options.questions.size() - 1);
  chart.title += fmt::format(", over {}", connection.tls ? connection.tls->version
                                                         : std::string(net::to_string(connection.transport)));
  if (connection.tls && connection.tls->resumed) chart.title += ", resumed";
  chart.lanes = {{"client", connection.local ? connection.local->to_string() : ""},
                 {two_legs ? "proxy" : "server", server}};
  std::ranges::move(leg.resolvers, std::back_inserter(chart.lanes));
  chart.arrows = Drawing(outcome, two_legs).conduct(std::move(leg.arrows));
  if (two_legs)
    chart.notes = {
        "4660/17: 4660 is the query's ID between client and proxy, 17 the one between proxy and resolver. "
        "A port is the proxy's end of a connection to a resolver, `local` in its trace."};
  chart.notes.insert(chart.notes.end(), traced.notes.begin(), traced.notes.end());
  return chart;
}

std::expected<std::string, std::string> write_chart(const Outcome& outcome, const Options& options) {
  const std::string& file = options.files.chart;
  TracedRun traced;
  std::string text, note;
  if (outcome.recording.events.empty()) return "client: no chart was drawn: nothing passed";
  if (!options.files.proxy_trace.empty()) {
    auto read = read_trace(outcome, options.files.proxy_trace, text);
    if (!read) return std::unexpected(read.error());
    traced = std::move(*read);
    if (traced.events.empty())
      note = fmt::format("; {} tells nothing of this connection", printable(options.files.proxy_trace));
  }
  const SequenceChart chart = chart_of(outcome, options, traced);
  std::ofstream out(file, std::ios::binary);
  out << (file.ends_with(".html")  ? to_html(chart)
          : file.ends_with(".txt") ? to_text(chart)
                                   : to_svg(chart))
      << std::flush;
  if (!out) return complaint(file, errno);
  return fmt::format("client: the chart is in {}{}", printable(file), note);
}

}  // namespace client
