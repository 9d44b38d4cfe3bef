// What the client puts on the wire and prints for programs, held to what others do: dig's EDNS options octet
// by octet, and JSON as Python's parser reads it.
#include <algorithm>
#include <fstream>

#include "common/dns/codes.h"
#include "tests/interop/peer.h"
#include "tests/support/scripted_upstream.h"

using net::Transport;

namespace {

// The options of a query in the order of their codes; BIND has its own order.
std::vector<dns::EdnsOption> options_of(const ScriptedUpstream::Seen& seen) {
  std::vector<dns::EdnsOption> options = seen.message().edns->options;
  std::ranges::stable_sort(options, {}, &dns::EdnsOption::code);
  return options;
}

std::string output_of(const Arguments& command) {
  Process process(command);
  const auto code = process.wait_exit(net::Deadline::in(std::chrono::seconds(20)));
  INFO(process.error_output());
  REQUIRE(code == 0);
  return process.take_output();
}

}  // namespace

TEST_CASE("client's EDNS options are dig's, octet by octet") {
  const auto dig = find_peer("dig");
  if (!dig) return;
  const ScriptedUpstream upstream(Transport::tcp, [](const ScriptedUpstream::Seen& query) {
    return dns::encode(answer_to(query.message()));
  });
  const std::string uri = upstream.as_upstream()[1];
  const std::string port = uri.substr(uri.rfind(':') + 1);
  const std::vector<Arguments> rows = {
      {"+nocookie"},
      {"+nsid", "+nocookie"},
      {"+cookie=0102030405060708"},
      {"+cookie=01020304050607080102030405060708"},
      {"+nocookie", "+subnet=192.0.2.255/20"},
      {"+nocookie", "+subnet=192.0.2.1"},
      {"+nocookie", "+subnet=2001:db8:ffff::1/33"},
      {"+nocookie", "+subnet=0"},
      {"+nocookie", "+keepalive"},
      {"+nocookie", "+ednsopt=65001:0102", "+ednsopt=65002"},
      {"+nocookie", "+padding=128"},
      {"+dnssec", "+nsid", "+cookie=0102030405060708", "+subnet=192.0.2.0/24", "+keepalive", "+padding=468"},
  };
  for (const Arguments& row : rows) {
    CAPTURE(row);
    output_of(Arguments{*dig, "-r", "@127.0.0.1", "-p", port, "+tcp", "+tries=1", "a.example"} + row);
    const ScriptedUpstream::Seen theirs = upstream.last_seen();
    REQUIRE(run_client(Arguments{"@" + uri, "a.example"} + row).exit_code == 0);
    const ScriptedUpstream::Seen ours = upstream.last_seen();
    CHECK(ours.connection != theirs.connection);
    CHECK(options_of(ours) == options_of(theirs));
    CHECK(ours.octets.size() == theirs.octets.size());
    CHECK(ours.message().edns->dnssec_ok == theirs.message().edns->dnssec_ok);
  }
}

TEST_CASE("JSON is what Python's parser takes it for, whatever the peer sent") {
  const auto python = find_peer("python3");
  if (!python) return;
  const ScriptedUpstream upstream(Transport::tcp, [](const ScriptedUpstream::Seen& query) {
    dns::Message answer = answer_to(query.message());
    Bytes every(256);
    for (std::size_t i = 0; i < every.size(); ++i) every[i] = static_cast<std::uint8_t>(i);
    answer.edns->options = {{dns::option::NSID, every}, {dns::option::NSID, {}}, {12345, every}};
    Bytes text(every.begin(), every.end() - 1);
    text.insert(text.begin(), 255);
    answer.answers = {{answer.questions[0].name, dns::type::TXT, 1, 60, {dns::type::TXT, text}}};
    return dns::encode(answer);
  });
  const TempDir directory;
  const std::string file = directory.file("answers.jsonl");
  const Outcome outcome =
      run_client({"@" + upstream.as_upstream()[1], "--json", "a\\\"\\\\\\009.example", "TXT", "b.example"});
  REQUIRE(outcome.exit_code == 0);
  std::ofstream(file, std::ios::binary) << outcome.output;
  const char* const script = R"(
import json, sys

def unique(pairs):  # RFC 8259 section 4: names within an object should be unique
    names = [name for name, value in pairs]
    assert len(names) == len(set(names)), names
    return dict(pairs)

rows = [json.loads(line, object_pairs_hook=unique) for line in open(sys.argv[1], 'rb')]
assert len(rows) == 2
assert rows[0]['QNAME'] == 'a\\"\\\\\\009.example.', rows[0]['QNAME']
for row in rows:
    record, = row['answerRRs']
    assert bytes.fromhex(record['RDATAHEX'])[1:] == bytes(range(255))
    assert len(record['RDATAHEX']) == 2 * record['RDLENGTH']
    first, second = row['EDNS']['NSID']
    assert bytes.fromhex(first['HEX']) == bytes(range(256))
    assert first['TEXT'] == bytes(range(128)).decode() + '\ufffd' * 128, first['TEXT']
    assert second == {'HEX': '', 'TEXT': ''}
    assert row['EDNS']['OPT12345'] == first['HEX']
    assert row['transport']['sizes']['received'] == row['msgLength']
    assert 0 <= row['transport']['phases']['query_ms'] < 60000
    assert row['QR'] is True and row['RCODE'] == 0
print('read')
)";
  CHECK(output_of({*python, "-c", script, file}) == "read\n");
}
