// Kept runs: what is written is read as the same, what is wrong is refused with its line, and the golden runs
// in kept/ give each view the same octets on every machine.
#include "client/kept_run.h"

#include <cstdlib>
#include <ctime>

#include "client/show/chart.h"
#include "client/show/eavesdropper.h"
#include "client/show/explain.h"
#include "client/show/failure.h"
#include "client/show/json.h"
#include "client/show/text.h"
#include "client/show/timeline.h"
#include "client/show/wrap.h"
#include "tests/support/catch.h"
#include "tests/unit/client/approved.h"
#include "tests/unit/client/arguments.h"
#include "tests/unit/client/recorded_run.h"

namespace {

client::KeptRun kept(const client::Outcome& outcome, std::string_view line = "@192.0.2.53 google.com") {
  return {.options = parse_line(line).value(), .outcome = outcome, .ended = 1'795'916'070};
}

client::KeptRun through_text(const client::KeptRun& run) {
  auto read = client::kept_from_text(client::kept_to_text(run));
  INFO((read ? "" : read.error()));
  REQUIRE(read.has_value());
  read->options.show.utc = true;
  return std::move(*read);
}

std::string read_golden(const std::string& name) {
  std::ifstream file(std::string(KEPT_DIR) + "/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// All that the program would print of it, each view behind the other.
std::string all_views(client::KeptRun run) {
  const auto& [options, outcome, ended] = run;
  run.options.show.utc = true;
  std::string text;
  for (const std::string& line : client::warnings(outcome, options, ended)) text += line + '\n';
  text += client::outcome_to_text(outcome, options, ended);
  text += client::explain(outcome, options);
  text += client::eavesdropper_to_text(outcome, options);
  text += client::timeline_to_text(outcome, options);
  text += client::outcome_to_json(outcome, options, ended);
  run.options.show.rdata_only = true;
  text += client::outcome_to_text(outcome, options, ended);
  if (!outcome.recording.events.empty()) text += client::to_svg(client::chart_of(outcome, options, {}));
  if (outcome.failure) text += client::failure_to_text(*outcome.failure, options, ended) + '\n';
  return text;
}

client::Outcome failed(client::Cause cause) {
  client::Outcome outcome = tls13().outcome;
  outcome.answers.assign(1, std::nullopt);
  outcome.failure = client::Failure{.phase = client::Phase::tls,
                                    .cause = std::move(cause),
                                    .server = "192.0.2.53:853",
                                    .authority = "cert.pem",
                                    .unanswered = 1,
                                    .asked = 1};
  return outcome;
}

tls::TlsError tls_error(tls::TlsError::Kind kind, std::string reason, std::string alert = "",
                        std::string expected_name = "", std::optional<tls::CertificateFacts> peer = {}) {
  return tls::TlsError({.kind = kind,
                        .reason = std::move(reason),
                        .alert = std::move(alert),
                        .expected_name = std::move(expected_name),
                        .peer = std::move(peer)},
                       "shake hands");
}

struct TimeZone {
  explicit TimeZone(const char* zone) {
    setenv("TZ", zone, 1);
    tzset();
  }
  ~TimeZone() {
    unsetenv("TZ");
    tzset();
  }
};

// The text of a run with one line in place of another.
std::string error_with(std::string_view line, std::string_view instead) {
  std::string text = client::kept_to_text(kept(tls13().outcome));
  const std::size_t at = text.find("\n" + std::string(line) + "\n");
  REQUIRE(at != std::string::npos);
  text.replace(at + 1, line.size(), instead);
  const auto read = client::kept_from_text(text);
  REQUIRE_FALSE(read.has_value());
  return read.error();
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE("a run that was kept gives each view what the live one gave it", "[kept]") {
  client::KeptRun run = kept(tls13().outcome, "@192.0.2.53 google.com --cookie=0123456789abcdef");
  CHECK(all_views(through_text(run)) == all_views(run));
  CHECK(client::kept_to_text(through_text(run)) == client::kept_to_text(run));
}

TEST_CASE("each way to fail is kept with its words", "[kept]") {
  const tls::CertificateFacts peer{.subject = "CN=other.test",
                                   .issuer = "CN=Lab",
                                   .names = {"DNS:other.test", "IP:192.0.2.9"},
                                   .not_before = {},
                                   .not_after = std::chrono::sys_seconds(std::chrono::seconds(1'700'000'000)),
                                   .pin = "AAAA"};
  const client::ReplyFault fault{.kind = client::ReplyFault::Kind::malformed,
                                 .wire = dns::WireError{dns::WireFault::bad_pointer, 12, 2, 1},
                                 .id = 7,
                                 .status = "NOERROR"};
  using Kind = tls::TlsError::Kind;
  const std::vector<client::Cause> causes = {
      client::NoAddress("no such host"),
      client::NoTrustAnchor("cert.pem"),
      net::NetError::from_errno("connect to 192.0.2.53:853", ECONNREFUSED),
      net::NetError(net::NetError::Kind::timeout, "wait"),
      tls_error(Kind::expired, "certificate has expired", "", "", peer),
      tls_error(Kind::name_mismatch, "", "", "lab.test", peer),
      tls_error(Kind::alert, "", "no_application_protocol"),
      tls_error(Kind::internal, "a\nb\\"),
      fault,
      client::ClosedEarly{true},
  };
  for (const client::Cause& cause : causes) {
    const client::KeptRun run = kept(failed(cause));
    const client::KeptRun again = through_text(run);
    CHECK(all_views(again) == all_views(run));
    CHECK(client::exit_code(*again.outcome.failure) == client::exit_code(*run.outcome.failure));
  }
}

TEST_CASE("a run without the check of the server keeps what a strict client would have said", "[kept]") {
  client::KeptRun run = kept(tls13().outcome);
  run.outcome.connections[0].insecure = true;
  run.outcome.connections[0].overlooked = tls_error(tls::TlsError::Kind::untrusted_issuer, "self-signed");
  CHECK(has(all_views(run), "a strict client would have stopped"));
  CHECK(all_views(through_text(run)) == all_views(run));
}

TEST_CASE("the golden runs show what was approved, in every view and every time zone", "[kept]") {
  for (const char* const name : {"first_query", "expired", "udp_truncated"}) {
    auto run = client::kept_from_text(read_golden(std::string(name) + ".run"));
    INFO(name << ": " << (run ? "" : run.error()));
    REQUIRE(run.has_value());
    const std::string text = all_views(*run);
    check_approved("kept_" + std::string(name), text);
    for (const char* const zone : {"UTC0", "Asia/Tokyo", "EST5EDT"}) {
      const TimeZone elsewhere(zone);
      CHECK(all_views(*run) == text);
    }
  }
}

TEST_CASE("the picture in README is what --chart draws of the run and the trace beside it", "[kept]") {
  const std::string picture = std::string(APPROVED_DIR) + "/../picture/google.com.";
  const auto content = [&](const std::string& kind) {
    std::ifstream file(picture + kind, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const auto run = client::kept_from_text(content("run"));
  REQUIRE(run.has_value());
  const std::string trace = content("trace");  // what is drawn views it
  const auto traced = client::traced_run(client::trace_of(trace), run->outcome);
  const std::string drawn = client::to_svg(client::chart_of(run->outcome, run->options, traced));
  if (std::getenv("APPROVE") != nullptr) std::ofstream(picture + "svg", std::ios::binary) << drawn;
  CHECK(drawn == content("svg"));
}

TEST_CASE("the golden runs are explained at each level, and --explain alone is the middle one", "[kept]") {
  const auto told = [](const std::string& name, const std::string& option) {
    const auto run = client::kept_from_text(read_golden(name + ".run"));
    REQUIRE(run.has_value());
    return client::explain(run->outcome, parse_line("--replay x.run " + option).value());
  };
  std::string brief;
  for (const char* const name : {"first_query", "expired", "udp_truncated"})
    brief += told(name, "--explain=short") + '\n';
  check_approved("explain_short", brief);
  check_approved("explain_expert", told("first_query", "--explain=expert"));
  CHECK(told("first_query", "--explain") == told("first_query", "--explain=full"));
  for (const char* const text : {"short", "expert"})
    for (const std::string& row :
         client::wrapped(told("udp_truncated", std::string("--explain=") + text), 1 << 20))
      CHECK(row.size() <= 110);
  CHECK(parse_line("--explain=long google.com").error() ==
        "--explain: 'long' is not one of short, full, expert");
  CHECK(has(parse_line("--explain=short --json google.com").error(), "--json is for programs"));
}

TEST_CASE("the golden runs are what this program would write", "[kept]") {
  for (const char* const name : {"first_query", "expired", "udp_truncated"}) {
    const std::string text = read_golden(std::string(name) + ".run");
    auto run = client::kept_from_text(text);
    REQUIRE(run.has_value());
    CHECK(client::kept_to_text(std::move(*run)) == text);
  }
}

TEST_CASE("a kept run that is damaged is refused with its line and the reason", "[kept]") {
  using client::kept_from_text;
  CHECK(kept_from_text("").error() == "line 1: the file ends where 'client-run:' is due");
  CHECK(kept_from_text("PNG\n").error() == "line 1: 'client-run:' is due here, not 'PNG'");
  CHECK(kept_from_text("client-run: 2\n").error() ==
        "line 1: version 2 of the format; this client reads version 1");
  CHECK(kept_from_text("# words\n\nclient-run: 1").error() == "line 3: the file ends inside this line");
  struct Damage {
    const char* sound;
    const char* damaged;
    const char* complaint;
  };
  const auto damage = GENERATE(values<Damage>({
      {"transport: tls", "transport: quic", ": transport: 'quic' is none of tls, tcp, udp"},
      {"port: 853", "port: 65536", ": port: '65536' is not a number from 0 to 65535"},
      {"alpn: dot", "alpn: \\9", ": alpn: an octet that is not printable"},
      {"alpn: dot", "alpn:dot", ": one space and a value"},
      {"pins: 0", "pins: 1", ": 'pin:' is due here, not 'pin-only: no'"},
      {"name: google.com.", "name: a..b", "is not a question"},
      {"address: 192.0.2.53", "address: 192.0.2", "'192.0.2' is not an address"},
      {"subject: CN=lab.test", "subject: \\027[2J", "printable ASCII alone"},
      {"connection: 0", "connection: 1", "'1' is not a number from 0 to 0"},
      {"  01", "  1", ": a row of 1 octets is due here"},
      {"event: 0 0 sent connecting 0", "event: 0 1 sent connecting 0", "from 0 to 0"},
      {"event: 0 0 sent connecting 0", "event: 0 0 sent connecting 0 0", "and no more"},
      {"event: 0 0 sent connecting 0", "event: 0 0 sent alert 0", "not the size of a alert"},
      {"end:", "end:\nmore: 1", "nothing may follow 'end:'"},
  }));
  CAPTURE(damage.damaged);
  CHECK(has(error_with(damage.sound, damage.damaged), damage.complaint));
}

TEST_CASE("a kept run that ends early is refused, wherever it ends", "[kept]") {
  const std::string text = client::kept_to_text(kept(failed(client::ClosedEarly{})));
  for (std::size_t size = 0; size < text.size(); size += size < 4000 ? 1 : 97)
    CHECK_FALSE(client::kept_from_text(std::string_view(text).substr(0, size)).has_value());
}

TEST_CASE("a kept run is bounded", "[kept]") {
  CHECK(client::kept_from_text(std::string(client::kMostKeptOctets + 1, '\n')).error() ==
        "it is longer than 32 MiB");
}

TEST_CASE("a replay asks nothing, and says so to whoever names a question", "[kept]") {
  CHECK(parse_line("--replay a.run --explain").has_value());
  CHECK(has(parse_line("--replay a.run google.com").error(), "asks nothing"));
  CHECK(has(parse_line("--replay a.run @192.0.2.1").error(), "asks nothing"));
  CHECK(has(parse_line("--replay a.run --save b.run").error(), "sends nothing"));
  CHECK(has(parse_line("--replay a.svg --chart a.svg").error(), "for two things"));
  CHECK(has(parse_line("--replay a.run --json --explain").error(), "--json is for programs"));
  CHECK(parse_line("google.com --save a.run")->records());
  CHECK(has(parse_line("google.com --save a.run --bench 2").error(), "--save"));
}

TEST_CASE("the option --fixed-id gives the first query that ID, and the next ones those behind it",
          "[kept]") {
  const auto options = parse_line("--fixed-id 65535 google.com example.org");
  REQUIRE(options.has_value());
  const client::Queries queries(options->questions, options->query, true);
  CHECK(queries.all()[0].id == 65535);
  CHECK(queries.all()[1].id == 0);
  CHECK(has(parse_line("--fixed-id 65536 google.com").error(), "--fixed-id"));
}
