// Each kind of question of the quiz on the golden runs, with the answers that a person found in their octets.
#include "client/show/quiz_questions.h"

#include <set>

#include "tests/unit/client/arguments.h"
#include "tests/unit/client/golden_runs.h"
#include "tests/unit/client/recorded_run.h"

using client::QuizQuestion;
using Form = QuizQuestion::Form;
using namespace golden_runs;

TEST_CASE("each kind of question is asked by a golden run", "[quiz]") {
  std::set<std::string_view> asked;
  for_each_quiz([&](const std::vector<QuizQuestion>& quiz, const client::Options&) {
    for (const QuizQuestion& question : quiz) asked.insert(question.kind);
  });
  for (const client::QuizKind& kind : client::quiz_kinds()) {
    CAPTURE(kind.name);
    CHECK(asked.contains(kind.name));
  }
}

TEST_CASE("the answers are those that a person finds in the golden runs", "[quiz]") {
  struct Row {
    const char* run;
    const char* kind;
    const char* answer;
  };
  const auto row = GENERATE(values<Row>({
      {"first_query", "id", "0x1234"},
      {"first_query", "status", "NOERROR"},
      {"resumed", "status", "NXDOMAIN"},
      {"first_query", "answer-count", "1"},
      {"udp_truncated", "answer-count", "8"},
      {"udp_truncated", "type", "TXT: text"},
      {"first_query", "address", "192.0.2.46"},
      {"first_query", "name", "google.com."},
      {"first_query", "flags", "QR RD RA"},
      {"first_query", "pointer", "12"},
      {"first_query", "saved", "10"},
      {"udp_truncated", "saved", "17"},
      {"first_query", "ttl", "300"},
      {"resumed", "negative-ttl", "60"},
      {"udp_truncated", "udp-size", "1232"},
      {"first_query", "length-prefix", "468"},
      {"udp_truncated", "truncated", "the answer was too long for a datagram"},
      {"first_query", "version", "TLS 1.3"},
      {"tls12", "version", "TLS 1.2"},
      {"first_query", "offered", "TLS 1.3"},
      {"first_query", "suite", "TLS_AES_128_GCM_SHA256"},
      {"first_query", "group", "x25519"},
      {"first_query", "share-size", "32"},
      {"first_query", "quantum", "all of it, the question and the answer"},
      {"first_query", "resumed", "a full handshake, with a certificate"},
      {"resumed", "resumed", "a resumed session, with a ticket of an earlier connection"},
      {"first_query", "ticket", "7200"},
      {"first_query", "record-size", "152"},
      {"tls12", "record-size", "70"},
      {"first_query", "record-length", "487"},
      {"first_query", "who-knows-name", "the server, and nobody on the path to it"},
      {"expired", "who-knows-name", "nobody: it did not leave the client"},
      {"udp_truncated", "who-knows-name", "the server, and everybody on the path to it"},
      {"first_query", "record-type", "application_data"},
      {"first_query", "first-encrypted", "EncryptedExtensions"},
      {"tls12", "first-encrypted", "Finished"},
      {"first_query", "certificate", "no, it was encrypted"},
      {"tls12", "certificate", "yes, it passed in clear"},
      {"resumed", "certificate", "no, the server sent none"},
      {"udp_truncated", "one-bit", "nothing: the client believes what it gets"},
      {"expired", "refusal", "its certificate is out of date"},
      {"wrong_pin", "refusal", "its key is none of those that were pinned"},
      {"expired", "alert", "certificate_expired"},
      {"first_query", "alert", "close_notify"},
      {"expired", "alert-by", "the client"},
      {"first_query", "entry", "IP:127.0.0.1"},
      {"wrong_pin", "pin", "a public key"},
      {"refused", "reset", "no program listens on that port"},
  }));
  CAPTURE(row.run, row.kind);
  const auto question = made(row.run, row.kind);
  REQUIRE(question.has_value());
  CHECK(question->answer == row.answer);
}

TEST_CASE("what does not apply to a run is not asked of it", "[quiz]") {
  struct Row {
    const char* run;
    const char* kind;
  };
  const auto row = GENERATE(values<Row>({
      {"udp_truncated", "version"},
      {"udp_truncated", "record-size"},
      {"udp_truncated", "padding"},
      {"udp_truncated", "address"},
      {"tls12", "suite"},
      {"tls12", "alpn"},
      {"tls12", "padding"},
      {"first_query", "refusal"},
      {"first_query", "alert-by"},
      {"first_query", "truncated"},
      {"first_query", "negative-ttl"},
      {"first_query", "pin"},
      {"resumed", "ttl"},
      {"expired", "id"},
      {"expired", "waiting"},
      {"wrong_pin", "entry"},
      {"refused", "alert"},
      {"refused", "one-bit"},
  }));
  CAPTURE(row.run, row.kind);
  CHECK_FALSE(made(row.run, row.kind).has_value());
}

TEST_CASE("a first answer waits for the round trips that its run took", "[quiz]") {
  const auto trips = [](RecordedRun& run, std::string_view line = "@192.0.2.53 google.com") {
    const auto question = made(run.outcome, parse_line(line).value(), "waiting");
    REQUIRE(question.has_value());
    const std::size_t unit = question->asked.find(" ms. ");
    const std::size_t begin = question->asked.rfind(' ', unit - 1) + 1;
    return std::stoul(question->answer) / std::stoul(question->asked.substr(begin, unit - begin));
  };
  RecordedRun full;
  full.open(0);
  full.handshake_13(10'000);
  full.ask(0, 21'000, 31'000, "google.com");
  CHECK(trips(full) == 3);
  RecordedRun old;
  old.open(0);
  old.handshake_12(10'000);
  old.ask(0, 31'000, 41'000, "google.com");
  CHECK(trips(old) == 4);
  old.outcome.connections[0].tls->resumed = true;
  CHECK(trips(old) == 3);
  RecordedRun retry;
  retry.open(0);
  retry.handshake_retry(10'000);
  retry.ask(0, 31'000, 41'000, "google.com");
  CHECK(trips(retry) == 4);
  RecordedRun plain(net::Transport::tcp);
  plain.answered(0, RecordedRun::message("google.com", 0, false), RecordedRun::message("google.com", 0, true),
                 1);
  CHECK(trips(plain, "@tcp://192.0.2.53 google.com") == 2);
}

TEST_CASE("a certificate with two faults is no question, since it would have two right answers", "[quiz]") {
  client::KeptRun run = golden("expired");
  REQUIRE(made(run.outcome, run.options, "refusal").has_value());
  run.options.server.auth_name = "192.0.2.99";  // no name of it, either
  CHECK_FALSE(made(run.outcome, run.options, "refusal").has_value());
  run = golden("wrong_pin");
  run.outcome.recording.wall_begin += std::chrono::years(3);  // out of date, too
  CHECK_FALSE(made(run.outcome, run.options, "refusal").has_value());
  run = golden("expired");
  run.options.pins = {"sha256/v+/c4XhSxq88CQtgS8zTmu73Hv9q7/zGMOdzWgD0q2k="};  // not its key's, perhaps
  CHECK_FALSE(made(run.outcome, run.options, "refusal").has_value());
}

TEST_CASE("padding takes in a longer name until the block is full", "[quiz]") {
  std::set<std::string> grown;
  for (std::uint64_t seed = 0; seed < 40; ++seed)
    grown.insert(made("first_query", "longer-name", seed)->answer);
  CHECK(grown == std::set<std::string>{"128"});  // 85 octets of padding, at most 9 letters
  // One octet of padding is left.
  dns::Message message = dns::decode(golden("first_query").outcome.answers.front()->query_wire).value();
  message.edns->options.front().value.resize(1);
  message.questions.front().name =
      dns::Name::parse(std::string(60, 'a') + "." + std::string(33, 'b')).value();
  REQUIRE(dns::encode(message).size() == 128);
  client::KeptRun run = golden("first_query");
  run.outcome.answers.front()->query_wire = dns::encode(message);
  grown.clear();
  for (std::uint64_t seed = 0; seed < 40; ++seed)
    grown.insert(made(run.outcome, run.options, "longer-name", seed)->answer);
  CHECK(grown == std::set<std::string>{"128", "256"});  // one letter more, or several
}
