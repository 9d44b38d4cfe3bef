// The message sequence chart and the proxy's story behind its second leg.
#include "client/show/chart.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <regex>

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

// Two queries under way at once, answered in the other order.
RecordedRun pipelined() {
  RecordedRun run;
  run.open(0);
  run.handshake_13(10'200);
  run.ask(0, 21'000, 34'000, "google.com");
  run.ask(1, 21'010, 33'500, "www.example.com");
  run.close(34'500);
  return run;
}

SequenceChart chart(std::string_view trace, const RecordedRun& run = tls13()) {
  return client::chart_of(run.outcome, parse_line("@192.0.2.53 google.com").value(),
                          client::traced_run(client::trace_of(trace), run.outcome));
}

// `text` with each time later by `seconds`.
std::string later(std::string_view text, int seconds) {
  return std::regex_replace(std::string(text), std::regex(R"((^|\n)0\.)"), fmt::format("$01{}.", seconds));
}

std::string notes_of(const SequenceChart& chart) {
  return fmt::format("{}\n", fmt::join(chart.notes, "\n"));
}

std::string arrows_of(const SequenceChart& chart) {
  std::string text;
  for (const SequenceChart::Arrow& arrow : chart.arrows)
    text += fmt::format("{:.3f} {} {} {}{}{}{}\n", arrow.ms, arrow.from, arrow.to,
                        arrow.broken      ? "broken: "
                        : arrow.encrypted ? "encrypted: "
                                          : "",
                        arrow.label, arrow.size.empty() ? "" : ", ", arrow.size);
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
  check_approved("chart_normal.svg", client::to_svg(drawn));
  check_approved("chart_normal.text", client::to_text(drawn));
}

TEST_CASE("a lost and resent query is drawn with both sends, the loss and its cause", "[chart]") {
  const SequenceChart drawn = chart(
      R"(0.005000 accepted client=192.0.2.7:40000 listener=tls://192.0.2.53:853
0.021500 query client=192.0.2.7:40000 id=4660 name=google.com. type=A octets=110
0.021700 upstream client=192.0.2.7:40000 upstream=tls://198.51.100.1:853#lab.test local=192.0.2.53:51000 connection=reused
0.021800 sent client=192.0.2.7:40000 id=4660 upstream_id=17 local=192.0.2.53:51000 octets=128
0.024000 lost client=192.0.2.7:40000 local=192.0.2.53:51000 reason="wait for an answer from 198.51.100.1:853: Connection reset by peer"
0.024100 upstream client=192.0.2.7:40000 upstream=tls://198.51.100.2:853#lab.test local=192.0.2.53:51001 connection=new
0.028000 connected client=192.0.2.7:40000 local=192.0.2.53:51001 version=TLSv1.3 group=x25519 suite=s alpn=dot resumed=no us=3900
0.028100 sent client=192.0.2.7:40000 id=4660 upstream_id=52011 local=192.0.2.53:51001 octets=128
0.033000 received client=192.0.2.7:40000 id=4660 upstream_id=52011 local=192.0.2.53:51001 octets=468 us=4900
0.033100 answer client=192.0.2.7:40000 id=4660 rcode=NOERROR octets=65 us=11600
0.034100 closed client=192.0.2.7:40000 by=client us=29000
)");
  REQUIRE(drawn.lanes.size() == 4);
  CHECK(drawn.lanes[3].role == "resolver 2");
  check_approved("chart_resent.svg", client::to_svg(drawn));
  check_approved("chart_resent.text", client::to_text(drawn));
}

TEST_CASE("pipelined queries keep their IDs apart, and the chart says which thread read for the others",
          "[chart]") {
  const SequenceChart drawn = chart(
      R"(0.021400 query client=192.0.2.7:40000 id=4660 name=google.com. type=A octets=110
0.021500 query client=192.0.2.7:40000 id=4661 name=www.example.com. type=A octets=115
0.021600 upstream client=192.0.2.7:40000 upstream=tls://198.51.100.1:853 local=192.0.2.53:51000 connection=new
0.021650 connected client=192.0.2.9:41111 local=192.0.2.53:51000 version=TLSv1.3 group=g suite=s alpn=dot resumed=no us=9000
0.021650 connected client=192.0.2.9:41111 local=192.0.2.53:59999 version=TLSv1.3 group=g suite=s alpn=dot resumed=no us=9000
0.021700 sent client=192.0.2.7:40000 id=4660 upstream_id=17 local=192.0.2.53:51000 octets=128
0.021700 sent client=192.0.2.7:40000 id=4661 upstream_id=18 local=192.0.2.53:51000 octets=128
0.033000 received client=192.0.2.7:40000 id=4661 upstream_id=18 local=192.0.2.53:51000 reader=192.0.2.9:41111 octets=468 us=11300
0.033100 answer client=192.0.2.7:40000 id=4661 rcode=NOERROR octets=65 us=11600
0.033600 received client=192.0.2.7:40000 id=4660 upstream_id=17 local=192.0.2.53:51000 octets=468 us=11900
0.033700 answer client=192.0.2.7:40000 id=4660 rcode=NOERROR octets=65 us=12300
)",
      pipelined());
  check_approved("chart_pipelined.svg", client::to_svg(drawn));
  check_approved("chart_pipelined.text", client::to_text(drawn));
}

TEST_CASE("what cannot be tied is not drawn, and the chart says so", "[chart]") {
  std::string other(kTrace);  // the same port, another question
  while (other.find("google.com.") != std::string::npos)
    other.replace(other.find("google.com."), 11, "x.test.");
  const SequenceChart drawn = chart(other);
  CHECK(drawn.lanes.size() == 2);
  CHECK(arrows_of(drawn) == arrows_of(chart("")));
  check_approved("chart_untied.svg", client::to_svg(drawn));
  CHECK(
      notes_of(drawn).starts_with("The trace tells of 192.0.2.7:40000, but of other queries or at another"));
  CHECK(notes_of(chart("no trace\n")).starts_with("The trace has no events."));
  CHECK(notes_of(chart("1.000000 accepted client=192.0.2.8:1 listener=x\n"))
            .starts_with("The trace tells nothing of 192.0.2.7:40000, nor of the same queries"));
}

TEST_CASE("of the sessions that had one port the chart takes the one of this run", "[chart]") {
  // An older one with the same ID and question, and a newer one of a restarted machine.
  const std::string text = std::string(kTrace) + later(kTrace, 5);
  const auto same_arrows = arrows_of(chart(kTrace));
  CHECK(arrows_of(chart(text)) == same_arrows);
  CHECK(arrows_of(chart(later(kTrace, 7) + std::string(kTrace))) == same_arrows);
}

TEST_CASE("another clock is brought to the client's, and the chart says by how much", "[chart]") {
  const SequenceChart drawn = chart(later(kTrace, 86'400));
  CHECK(drawn.lanes.size() == 3);
  CHECK(notes_of(drawn).find("its times are moved by -86400.000050 s") != std::string::npos);
  CHECK(notes_of(drawn).find("(exact to 0.450 ms)") != std::string::npos);
  CHECK(count(arrows_of(drawn), "google.com. A, DNS 128 octets") == 1);
}

TEST_CASE("behind a network that gives out other addresses ID and question are the tie", "[chart]") {
  const auto with = [](std::string_view client) {
    return std::regex_replace(std::string(kTrace), std::regex("192\\.0\\.2\\.7:40000"), std::string(client));
  };
  const SequenceChart drawn = chart(with("172.17.0.1:5555"));
  CHECK(drawn.lanes.size() == 3);
  CHECK(notes_of(drawn).find("It saw the same queries come from 172.17.0.1:5555") != std::string::npos);
  const SequenceChart twice = chart(with("172.17.0.1:5555") + with("172.17.0.1:5556"));
  CHECK(twice.lanes.size() == 2);
  CHECK(notes_of(twice).find("2 other clients sent the same queries") != std::string::npos);
}

TEST_CASE("a query or an answer that one side alone tells of is named in the chart", "[chart]") {
  const std::string notes =
      notes_of(chart("0.021400 query client=192.0.2.7:40000 id=4660 name=google.com. type=A octets=110\n"
                     "0.021500 query client=192.0.2.7:40000 id=9 name=strange.test. type=A octets=110\n"
                     "0.021600 answer client=192.0.2.7:40000 id=9 rcode=NOERROR octets=65 us=1\n"
                     "0.0216",
                     pipelined()));
  CHECK(notes.find("does not tell of 4661 www.example.com. A: it was cut") != std::string::npos);
  CHECK(notes.find("tells of 9 strange.test. A, which this run did not send") != std::string::npos);
  CHECK(notes.find("The proxy answered 9 strange.test. A, and the client did not read") != std::string::npos);
  CHECK(notes.find("1 line of the trace is cut or of another form") != std::string::npos);
}

TEST_CASE("copies besides, late answers, the proxy's own answers and its goodbye are told", "[chart]") {
  const std::string text = arrows_of(chart(
      "0.021400 query client=192.0.2.7:40000 id=4660 name=google.com. type=A octets=110\n"
      "0.021700 upstream client=192.0.2.7:40000 upstream=tcp://198.51.100.1:53 local=a:1 connection=reused\n"
      "0.021800 sent client=192.0.2.7:40000 id=4660 upstream_id=1 local=a:1 octets=128\n"
      "0.025800 sent client=192.0.2.7:40000 id=4660 upstream_id=2 local=b:2 octets=128\n"
      "0.026000 received client=192.0.2.7:40000 id=4660 upstream_id=2 local=b:2 octets=99 us=200\n"
      "0.026500 received client=192.0.2.7:40000 id=4660 upstream_id=1 local=a:1 octets=99 us=4700\n"
      "0.028000 query client=192.0.2.7:40000 id=1 name=own.test. type=A octets=110\n"
      "0.028100 answer client=192.0.2.7:40000 id=1 rcode=SERVFAIL octets=65 us=11600\n"
      "0.028200 query client=192.0.2.7:40000 id=2 name=kept.test. type=A octets=110\n"
      "0.028300 answer client=192.0.2.7:40000 id=2 rcode=NOERROR octets=65 us=1 cache=fresh\n"
      "0.029000 closed client=192.0.2.7:40000 by=proxy reason=--idle-timeout us=1\n"));
  for (const char* const line :
       {"21.700 1 1 takes the open connection of port 1\n",
        "21.800 1 2 query 4660/1 google.com. A, DNS 128 octets\n",  // tcp: in clear
        "25.800 1 1 4660 has no answer after 4 ms: asks besides\n",
        "25.800 1 3 again 4660/2 google.com. A, DNS 128 octets\n",
        "26.000 3 1 answer 4660/2 google.com. A, DNS 99 octets\n",
        "26.500 2 1 too late: 4660/1 google.com. A, DNS 99 octets\n",
        "28.100 1 1 answers 1 by itself: SERVFAIL\n", "28.300 1 1 answers 2 from its cache: NOERROR\n",
        "29.000 1 1 the proxy ends it: --idle-timeout\n"})
    CHECK_THAT(text, Catch::Matchers::Contains(line));
}

TEST_CASE("a trace is read as far as it has the form", "[chart]") {
  const client::ProxyTrace trace = client::trace_of(kTrace);
  REQUIRE(trace.events.size() == 10);
  CHECK(trace.unreadable == 1);
  CHECK(trace.events[2].when.time_since_epoch() == 21'500us);
  CHECK(trace.events[2].fact("name") == "google.com.");
  CHECK(trace.events[2].fact("none").empty());
  CHECK(trace.events[4].fact("upstream") == "tls://198.51.100.1:853#lab.test");
  CHECK(client::trace_of("1.000000 lost client=a reason=\"a \\\"b\\\\\" us=1").events[0].fact("us") == "1");
}

TEST_CASE("a hostile trace is counted, not believed", "[chart]") {
  for (const std::string& odd :
       {std::string("1.5 x client=a"), std::string("1.123456"), std::string("x.123456 e client=a"),
        std::string("1.123456 e"), std::string("1.-12345 e client=a"), std::string("-1.123456 e client=a"),
        std::string("9223372036854775807.000000 e client=a"), std::string("1000000001.000000 e client=a"),
        std::string("\xff\xfe\0", 3), "1.000000 e client=" + std::string(5000, 'a')}) {
    CAPTURE(odd.substr(0, 60));
    CHECK(client::trace_of(odd).events.empty());
    CHECK(client::trace_of(odd).unreadable == 1);
  }
  CHECK(client::trace_of("").unreadable == 0);
  CHECK(client::trace_of("\n\n").unreadable == 0);
  for (const char* const odd :
       {"1.123456 x client=\"", "1.123456 e client=a=b\\", "1.123456 e client=\"\\"}) {
    REQUIRE(client::trace_of(odd).events.size() == 1);
    CHECK(client::trace_of(odd).events[0].fact("us").empty());
  }
  // The wrong order, odd octets, values without an end, and as many resolvers as lines.
  std::string text = "999999999.999999 sent client=192.0.2.7:40000 id=\xff local=\"\xc3( octets=<b>\n";
  text += "0.021500 query client=192.0.2.7:40000 id=4660 name=google.com. type=A octets=110\n";
  for (int i = 0; i < 2000; ++i)
    text += fmt::format(
        "0.02{:04} upstream client=192.0.2.7:40000 upstream=tls://[2001:db8::{}]:853 local=a:{} "
        "connection=new\n",
        9999 - i, i, i);
  const SequenceChart drawn = chart(text);
  CHECK(drawn.lanes.size() == 5);
  CHECK(drawn.arrows.size() == 401);
  CHECK(std::ranges::is_sorted(drawn.arrows, {}, &SequenceChart::Arrow::ms));
  CHECK(count(client::to_svg(drawn), "<b>") == 0);
  CHECK(client::to_text(drawn).find("and others") != std::string::npos);
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
      .arrows =
          {{.ms = 1, .from = 0, .to = 1, .label = "<b>\xff" + std::string(500, 'W'), .size = "1 octet"}},
      .notes = {"<i>"}};
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
        "--chart: 'a.png' does not end in .svg, .html or .txt");
}
