// The views of a run, drawn from recordings whose times are fixed.
#include <algorithm>

#include "client/show/eavesdropper.h"
#include "client/show/explain.h"
#include "client/show/steps.h"
#include "client/show/timeline.h"
#include "client/show/tls_words.h"
#include "client/show/wrap.h"
#include "tests/support/catch.h"
#include "tests/unit/client/approved.h"
#include "tests/unit/client/arguments.h"
#include "tests/unit/client/recorded_run.h"

using client::Step;
using net::Transport;

namespace {

constexpr std::string_view kLine = "@192.0.2.53 google.com";

RecordedRun tls12_with_two_questions() {
  RecordedRun run;
  run.open(0);
  run.handshake_12(10'200);
  run.ask(0, 31'000, 43'500, "google.com");
  run.ask(1, 31'000, 71'500, "www.example.org");
  run.close(72'000);
  return run;
}

RecordedRun rejected_certificate() {
  RecordedRun run;
  run.open(0);
  run.record(10'200, true, 22, RecordedRun::client_hello().size(),
             {{RecordedRun::Kind::handshake, RecordedRun::client_hello()}});
  run.event(20'000, RecordedRun::Kind::wire, false, Bytes(300));  // of which one record is read
  run.event(20'000, RecordedRun::Kind::record_header, false, {22, 3, 3, 0, 90});
  run.event(20'000, RecordedRun::Kind::handshake, false, RecordedRun::server_hello(true));
  run.record(20'100, true, 21, 2, {{RecordedRun::Kind::alert, {2, 48}}});
  return run;
}

RecordedRun plain(Transport transport) {
  RecordedRun run(transport);
  const Bytes query = RecordedRun::message("google.com", 0, false);
  const Bytes answer = RecordedRun::message("google.com", 0, true);
  run.event(0, RecordedRun::Kind::connecting, true);
  run.event(100, RecordedRun::Kind::wire, true, query);
  run.event(100, RecordedRun::Kind::message, true, query);
  run.event(5'100, RecordedRun::Kind::wire, false, answer);
  run.event(5'100, RecordedRun::Kind::message, false, answer);
  run.answered(0, query, answer, 5'000);
  return run;
}

// The first address of the server refuses, and so does the second.
RecordedRun refused() {
  RecordedRun run;
  run.event(0, RecordedRun::Kind::connecting, true);
  run.event(150, RecordedRun::Kind::closed, false);
  run.event(200, RecordedRun::Kind::connecting, true);
  run.event(450, RecordedRun::Kind::closed, false);
  return run;
}

RecordedRun waited_in_vain() {
  RecordedRun run;
  run.event(0, RecordedRun::Kind::connecting, true);
  run.event(5'000'000, RecordedRun::Kind::closed, true);
  return run;
}

std::string explanation(const RecordedRun& run) {
  return client::explain(run.outcome, parse_line(kLine).value());
}

std::string eavesdropper(const RecordedRun& run, std::string_view line = kLine) {
  return client::eavesdropper_to_text(run.outcome, parse_line(line).value());
}

std::string timeline(const RecordedRun& run, std::string_view line = kLine) {
  return client::timeline_to_text(run.outcome, parse_line(line).value());
}

std::size_t longest_line(std::string_view text) {
  std::size_t longest = 0;
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
    longest = std::max(longest, text.find('\n', at) - at);
  return longest;
}

}  // namespace

TEST_CASE("somebody on the path sees the ClientHello, sizes and times, and not the name", "[views]") {
  const std::string text = eavesdropper(tls13());
  check_approved("eavesdropper_tls13", text);
  CHECK(longest_line(text) <= 110);
}

TEST_CASE("under TLS 1.2 somebody on the path sees the certificate too", "[views]") {
  check_approved("eavesdropper_tls12",
                 eavesdropper(tls12_with_two_questions(), "@192.0.2.53 google.com www.example.org"));
}

TEST_CASE("a handshake that failed is shown as far as it went", "[views]") {
  check_approved("eavesdropper_rejected", eavesdropper(rejected_certificate()));
  check_approved("timeline_rejected", timeline(rejected_certificate()));
}

TEST_CASE("a HelloRetryRequest is told as such: one more round trip, and all hellos in clear", "[views]") {
  RecordedRun run;
  run.open(0);
  run.handshake_retry(10'200);
  run.ask(0, 31'000, 43'500, "google.com");
  run.close(44'000);
  check_approved("eavesdropper_retry", eavesdropper(run));
  check_approved("timeline_retry", timeline(run));
  const std::string text = explanation(run);
  const std::string head = text.substr(0, text.find("QUERY,"));
  check_approved("explain_retry", head);
  CHECK(longest_line(head) <= 110);
}

TEST_CASE("over UDP nothing is hidden, and there is no other datagram to compare it with", "[views]") {
  const std::string text = eavesdropper(plain(Transport::udp), "@udp://192.0.2.53 google.com");
  check_approved("eavesdropper_udp", text);
  CHECK(text.find("THE SAME QUERY") == std::string::npos);
}

TEST_CASE("the datagram that is shown carries the query's ID, the name, and no padding", "[views]") {
  const std::string text = eavesdropper(tls13());
  CHECK(text.find("0000  12 34 01 20 00 01 00 00 00 00 00 01 06 67 6f 6f  .4. .........goo") !=
        std::string::npos);
  CHECK(text.find("Its 39 octets") != std::string::npos);
}

TEST_CASE("round trips are counted from what passed: TLS 1.3 takes one, TLS 1.2 two", "[views]") {
  check_approved("timeline_tls13", timeline(tls13()));
  const std::string text = timeline(tls12_with_two_questions(), "@192.0.2.53 google.com www.example.org");
  check_approved("timeline_tls12", text);
  CHECK(longest_line(text) <= 110);
  check_approved("timeline_udp", timeline(plain(Transport::udp), "@udp://192.0.2.53 google.com"));
}

TEST_CASE("a connection that is refused is a SYN and a reset, one round trip, and no end of a connection",
          "[views]") {
  check_approved("timeline_refused", timeline(refused()));
  check_approved("eavesdropper_refused", eavesdropper(refused()));
  CHECK(explanation(refused()).find("<- RST, at 0.450 ms: nobody listens there") != std::string::npos);
  CHECK(explanation(refused()).find("closed by") == std::string::npos);
}

TEST_CASE("a connection that nobody answers has its time, and no round trip", "[views]") {
  CHECK(timeline(waited_in_vain()).find(" 5000.000  0  failed\n") != std::string::npos);
  CHECK(eavesdropper(waited_in_vain()).find("FIN") == std::string::npos);
  CHECK(explanation(waited_in_vain()).find("RST") == std::string::npos);
}

TEST_CASE("all views count from the first event", "[views]") {
  RecordedRun run = tls13();
  run.outcome.recording.begin -= std::chrono::milliseconds(4);  // OpenSSL's start
  CHECK(explanation(run).find("-> SYN, at 0.000 ms") != std::string::npos);
  CHECK(eavesdropper(run).find(";;     0.000 ->  TCP SYN") != std::string::npos);
}

TEST_CASE("TLS 1.2 is explained to an expert by its own RFCs, and its records are counted", "[explain]") {
  check_approved("explain_expert_tls12", client::explain(tls12_with_two_questions().outcome,
                                                         parse_line("--explain=expert google.com").value()));
}

TEST_CASE("each version of TLS is explained by its own RFC", "[views]") {
  const std::string text = explanation(tls12_with_two_questions());
  for (const char* const section : {"7.4.1.3", "7.4.2", "7.4.5", "7.4.7", "7.4.9", "7.1"}) {
    INFO(section);
    CHECK(text.find("[RFC 5246 " + std::string(section) + "]") != std::string::npos);
  }
  CHECK(text.find("[RFC 8446", text.find("ServerHello")) == std::string::npos);
  CHECK(explanation(tls13()).find("[RFC 5246") == std::string::npos);
}

TEST_CASE("what came when we read no more is said to be so, in all views", "[views]") {
  CHECK(explanation(rejected_certificate()).find("<- 205 octets, at 20.000 ms: not read, we had stopped") !=
        std::string::npos);
  CHECK(eavesdropper(rejected_certificate()).find("| not read: we had stopped\n") != std::string::npos);
}

TEST_CASE("a server that agreed to no ALPN is said to be so", "[views]") {
  RecordedRun run = tls13();
  CHECK(explanation(run).find("no ALPN") == std::string::npos);
  run.outcome.connections.back().tls->alpn.clear();
  CHECK(explanation(run).find("no ALPN: the server did not say which protocol") != std::string::npos);
}

TEST_CASE("an explanation has no two blank lines in a row, and no line too wide", "[views]") {
  for (const RecordedRun& run : {tls13(), tls12_with_two_questions(), rejected_certificate(),
                                 plain(Transport::udp), plain(Transport::tcp), refused()}) {
    CHECK(explanation(run).find("\n\n\n") == std::string::npos);
    CHECK(longest_line(explanation(run)) <= 110);
  }
}

TEST_CASE("ten thousand questions have their bars, each with its own round trips", "[views]") {
  RecordedRun run(Transport::tcp);
  run.open(0);
  constexpr std::size_t kQuestions = 10'000;
  std::string line = "@tcp://192.0.2.53";
  run.outcome.answers.resize(kQuestions);
  for (std::size_t i = 0; i < kQuestions; ++i) {
    const Bytes query = RecordedRun::message("google.com", i, false);
    const Bytes answer = RecordedRun::message("google.com", i, true);
    const int us = 20'000 + 100 * static_cast<int>(i);
    run.event(us, RecordedRun::Kind::message, true, query);
    run.event(us, RecordedRun::Kind::wire, true, query);
    run.event(us + 50, RecordedRun::Kind::wire, false, answer);
    run.event(us + 50, RecordedRun::Kind::message, false, answer);
    run.answered(i, query, answer, 50);
    line += " google.com";
  }
  const std::string text = timeline(run, line);
  CHECK(text.find(";; query 10000 ") != std::string::npos);
  CHECK(std::ranges::count(text, '\n') == kQuestions + 4);
  CHECK(text.find("  0  google") == std::string::npos);
  CHECK(text.find(" 1019.950 10001\n") != std::string::npos);
}

TEST_CASE("nothing is drawn of a run in which nothing passed", "[views]") {
  CHECK(eavesdropper(RecordedRun()).find("Nothing was asked") != std::string::npos);
  CHECK(timeline(RecordedRun()).empty());
}

TEST_CASE("the steps of a connection add up to the octets that passed its socket", "[views]") {
  for (const RecordedRun& run : {tls13(), tls12_with_two_questions(), rejected_certificate()})
    for (const bool sent : {false, true}) {
      std::size_t wire = 0, steps = 0;
      for (const client::WireEvent& event : run.outcome.recording.events)
        if (event.kind == client::WireEvent::Kind::wire && event.sent == sent) wire += event.octets.size();
      for (const Step& step : client::steps_of(run.outcome))
        if (step.sent == sent) steps += step.octets;
      CHECK(steps == wire);
    }
}

TEST_CASE("a query that does not fit in one record is told once, in the first", "[views]") {
  RecordedRun run;
  run.open(0);
  run.handshake_13(10'200);
  const Bytes query = RecordedRun::message("google.com", 0, false);
  run.event(21'000, RecordedRun::Kind::message, true, query);
  run.record(21'010, true, 23, 17 + 50);
  run.record(21'020, true, 23, 17 + query.size() + 2 - 50);
  const std::vector<Step> steps = client::steps_of(run.outcome);
  CHECK(steps[steps.size() - 2].inside.size() == 1);
  CHECK(steps.back().inside.empty());
}

TEST_CASE("a ClientHello tells its server name and protocols, and a broken one nothing worse", "[views]") {
  const Bytes hello = RecordedRun::client_hello();
  CHECK(client::hello_words(hello).server_name == "lab.test");
  CHECK(client::hello_words(hello).alpn == std::vector<std::string>{"dot"});
  for (std::size_t size = 0; size < hello.size(); ++size) {
    const auto words = client::hello_words(ByteView(hello).first(size));
    CHECK((words.server_name.empty() || words.server_name == "lab.test"));
  }
}

TEST_CASE("text is broken at spaces and newlines, and long words are cut", "[views]") {
  using Lines = std::vector<std::string>;
  CHECK(client::wrapped("", 5).empty());
  CHECK(client::wrapped("one two three", 7) == Lines{"one two", "three"});
  CHECK(client::wrapped("one\ntwo", 7) == Lines{"one", "two"});
  CHECK(client::wrapped("abcdefgh ij", 5) == Lines{"abcde", "fgh", "ij"});
}
