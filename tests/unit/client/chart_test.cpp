// The message sequence chart and the proxy's story behind its second leg.
#include "client/show/chart.h"

#include <fmt/format.h>

#include "tests/support/catch.h"
#include "tests/unit/client/approved.h"
#include "tests/unit/client/arguments.h"
#include "tests/unit/client/recorded_run.h"

using client::SequenceChart;
using namespace std::chrono_literals;

namespace {

// On the clock of the recording, which begins at 0.
constexpr std::string_view kTrace =
    R"(0.005000 accepted client=192.0.2.7:40000 listener=tls://192.0.2.53:853
0.020900 handshake client=192.0.2.7:40000 version=TLSv1.3 group=x25519 suite=A alpn=dot resumed=no us=15000
0.021500 query client=192.0.2.7:40000 id=4660 name=google.com. type=A octets=110
0.021600 query client=192.0.2.8:40000 id=4660 name=other.example. type=A octets=110
0.021700 upstream client=192.0.2.7:40000 upstream="tls://198.51.100.1:853#lab.test" local=192.0.2.53:51000 connection=new
0.026000 connected client=192.0.2.7:40000 local=192.0.2.53:51000 version=TLSv1.3 group=g suite=s alpn=dot resumed=no us=4300
0.026000 sent client=192.0.2.7:40000 id=4660 upstream_id=1 local=192.0.2.53:51000 octets=128
0.033000 received client=192.0.2.7:40000 id=4660 upstream_id=1 local=192.0.2.53:51000 octets=468 us=11000
0.033100 answer client=192.0.2.7:40000 id=4660 rcode=NOERROR octets=65 us=11600
half a li
0.034100 closed client=192.0.2.7:40000 by=client us=29000
)";

SequenceChart chart(std::string_view trace) {
  static const RecordedRun run = tls13();
  return client::chart_of(run.outcome, parse_line("@192.0.2.53 google.com").value(),
                          client::trace_of(trace, "192.0.2.7:40000"));
}

std::string arrows_of(const SequenceChart& chart) {
  std::string text;
  for (const SequenceChart::Arrow& arrow : chart.arrows)
    text += fmt::format("{:.3f} {} {} {}{}{}{}\n", arrow.ms, arrow.from, arrow.to,
                        arrow.encrypted ? "encrypted: " : "", arrow.label, arrow.size.empty() ? "" : ", ",
                        arrow.size);
  return text;
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("the chart shows the client's leg alone where the proxy told nothing", "[chart]") {
  const SequenceChart drawn = chart("");
  CHECK(drawn.lanes.size() == 2);
  check_approved("chart_one_leg", arrows_of(drawn));
}

TEST_CASE("with the proxy's trace the chart shows both legs on one clock", "[chart]") {
  const SequenceChart drawn = chart(kTrace);
  REQUIRE(drawn.lanes.size() == 3);
  CHECK(drawn.lanes[2].address == "tls://198.51.100.1:853");
  check_approved("chart_two_legs", arrows_of(drawn));
}

TEST_CASE("a reused connection, a lost one and an answer of the proxy's own are told", "[chart]") {
  const SequenceChart drawn = chart(
      "0.021500 query client=192.0.2.7:40000 id=4660 name=google.com. type=A octets=110\n"
      "0.021700 upstream client=192.0.2.7:40000 upstream=tcp://198.51.100.1:53 local=x connection=reused\n"
      "0.021800 sent client=192.0.2.7:40000 id=4660 upstream_id=1 local=x octets=128\n"
      "0.022000 lost client=192.0.2.7:40000 local=x reason=\"read: \\\"gone\\\"\"\n"
      "0.023100 answer client=192.0.2.7:40000 id=4660 rcode=SERVFAIL octets=65 us=11600\n");
  const std::string text = arrows_of(drawn);
  CHECK(text.find("21.700 1 1 takes a connection that is open\n") != std::string::npos);
  CHECK(text.find("21.800 1 2 query google.com. A, DNS 128 octets\n") != std::string::npos);  // tcp: in clear
  CHECK(text.find("22.000 2 1 lost: read: \"gone\"\n") != std::string::npos);
  CHECK(text.find("23.100 1 1 answers by itself: SERVFAIL\n") != std::string::npos);
}

TEST_CASE("a trace is read as far as it has the form, and for one client alone", "[chart]") {
  const auto events = client::trace_of(kTrace, "192.0.2.7:40000");
  REQUIRE(events.size() == 9);
  CHECK(events[2].when.time_since_epoch() == 21'500us);
  CHECK(events[2].fact("name") == "google.com.");
  CHECK(events[2].fact("none").empty());
  CHECK(events[3].fact("upstream") == "tls://198.51.100.1:853#lab.test");
  for (const char* const odd : {"", "\n\n", "1.5 x client=a", "1.123456", "1.123456 x client=\"",
                                "x.123456 e client=a", "1.123456 e client=a=b\\", "1.123456 e client=\"\\"})
    CHECK(client::trace_of(odd, "a").empty());
}

TEST_CASE("a chart is one file: no script, and no address but that of SVG itself", "[chart]") {
  for (const std::string& text : {client::to_svg(chart(kTrace)), client::to_html(chart(kTrace))}) {
    CHECK(count(text, "http") == 1);
    CHECK(count(text, "xmlns=\"http://www.w3.org/2000/svg\"") == 1);
    for (const char* const foreign : {"<script", "url(", "@import", "href", "src="})
      CHECK(count(text, foreign) == 0);
    CHECK(count(text, "prefers-color-scheme:dark") >= 1);
  }
}

TEST_CASE("what others named is escaped in a chart, and cut to its place", "[chart]") {
  const SequenceChart hostile{
      .title = "</title><script>",
      .lanes = {{"client", "a"}, {"server", "\"&'\x1b"}},
      .arrows = {
          {.ms = 1, .from = 0, .to = 1, .label = "<b>\xff" + std::string(500, 'W'), .size = "1 octet"}}};
  const std::string text = client::to_svg(hostile);
  CHECK(count(text, "<script") == 0);
  CHECK(count(text, "<b>") == 0);
  CHECK(count(text, "&lt;b&gt;\\255WWW") == 1);
  CHECK(count(text, "&quot;&amp;'\\027") == 1);
  CHECK(count(text, std::string(60, 'W')) == 0);
}

TEST_CASE("a proxy's trace without a chart to draw it into is refused", "[chart]") {
  CHECK(parse_line("google.com --proxy-trace trace").error() ==
        "--proxy-trace is drawn into a --chart: name one");
  CHECK(parse_line("google.com --proxy-trace trace --chart a.svg"));
  CHECK(parse_line("google.com --chart a.png").error() ==
        "--chart: 'a.png' ends neither in .svg nor in .html");
}
