// proxyserver --trace: the story of each connection, told by the events that its header
// (proxyserver/watching/trace.h) lists.
#include <fmt/format.h>
#include <fstream>
#include <map>
#include <regex>
#include <sys/stat.h>

#include "common/dns/codes.h"
#include "common/net/tcp.h"
#include "tests/support/approved.h"
#include "tests/support/catch.h"
#include "tests/support/client_leg.h"
#include "tests/support/groups.h"

using net::Transport;

namespace {

struct Event {
  double time = 0;
  std::string name;
  std::map<std::string, std::string> values;  // as they stand, quotes and all

  std::string operator[](const std::string& key) const {
    const auto found = values.find(key);
    return found != values.end() ? found->second : "";
  }
};

// SECONDS EVENT KEY=VALUE …, where a value in quotes may hold spaces.
Event parse(const std::string& line) {
  std::vector<std::string> words(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') quoted = !quoted;
    if (line[i] == ' ' && !quoted) {
      words.emplace_back();
      continue;
    }
    words.back() += line[i];
    if (line[i] == '\\') words.back() += line.at(++i);  // whatever it is, a quote too
  }
  REQUIRE(words.size() > 2);
  Event event{std::stod(words[0]), words[1], {}};
  for (std::size_t i = 2; i < words.size(); ++i) {
    const auto equals = words[i].find('=');
    REQUIRE(equals != std::string::npos);
    event.values[words[i].substr(0, equals)] = words[i].substr(equals + 1);
  }
  return event;
}

// The file of a proxy that has stopped: sessions write their last line after the client has seen the end.
class Story {
 public:
  explicit Story(const std::string& file) {
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) events_.push_back(parse(line));
    REQUIRE_FALSE(events_.empty());
  }

  // All of one client: that which asked for the name.
  std::vector<Event> of(const std::string& name) const {
    for (const Event& event : events_)
      if (event["name"] == name) return of_client(event["client"]);
    FAIL("nobody asked for " << name);
    return {};
  }
  std::vector<Event> of_client(const std::string& client) const {
    std::vector<Event> story;
    for (const Event& event : events_)
      if (event["client"] == client) story.push_back(event);
    return story;
  }
  const std::vector<Event>& events() const { return events_; }

 private:
  std::vector<Event> events_;
};

std::string names_of(const std::vector<Event>& story) {
  std::string names;
  for (const Event& event : story) names += (names.empty() ? "" : " ") + event.name;
  return names;
}

const Event& find(const std::vector<Event>& story, std::string_view name) {
  for (const Event& event : story)
    if (event.name == name) return event;
  FAIL("no event " << name << " among: " << names_of(story));
  return story.front();
}

// The lines of one client as they stand, but for what differs from run to run.
std::string lines_of(const std::string& file, const std::string& client) {
  std::ifstream in(file);
  std::string text;
  for (std::string line; std::getline(in, line);)
    if (line.find("client=" + client + " ") != std::string::npos) text += line + '\n';
  text = std::regex_replace(text, std::regex(R"((^|\n)\d+\.\d+ )"), "$1TIME ");
  return std::regex_replace(text, std::regex(R"((us|upstream_id)=\d+)"), "$1=N");
}

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// What holds of every query that was answered by the resolver.
void check_ids_and_sizes(const std::vector<Event>& story, std::uint16_t id) {
  const Event &sent = find(story, "sent"), &received = find(story, "received"),
              &answer = find(story, "answer");
  for (const Event& event : {find(story, "query"), sent, received, answer})
    CHECK(event["id"] == std::to_string(id));
  CHECK(sent["upstream_id"] == received["upstream_id"]);
  CHECK(sent["local"] == find(story, "upstream")["local"]);
  CHECK(received["local"] == sent["local"]);
  CHECK(std::stoi(answer["us"]) >= std::stoi(received["us"]));
  CHECK(std::stoi(answer["octets"]) > std::stoi(find(story, "query")["octets"]));
  CHECK(answer["rcode"] == "NOERROR");
  CHECK(find(story, "query")["type"] == "A");
}

}  // namespace

TEST_CASE("the trace tells a full handshake and a new upstream, then a resumed one and the same upstream") {
  const TempDir directory;
  const std::string file = directory.file("trace");
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls, {"--trace", file});
  const double begin = now();
  proxy.connect(Transport::tls).ask(make_query("google.com.", dns::type::A, 4660));
  proxy.connect(Transport::tls).ask(make_query("www.tag.test.", dns::type::A, 4661));
  REQUIRE(proxy.stop() == 0);
  const double end = now();
  const Story story(file);

  const auto first = story.of("google.com.");
  CHECK(names_of(first) == "accepted handshake query upstream connected sent received answer closed");
  check_ids_and_sizes(first, 4660);
  check_approved("proxy_trace", lines_of(file, first.front()["client"]));
  CHECK(find(first, "accepted")["listener"] == proxy.endpoint(Transport::tls).to_string());
  const Event& handshake = find(first, "handshake");
  CHECK(handshake["version"] == "TLSv1.3");
  CHECK(handshake["group"] == preferred_group());
  CHECK(handshake["suite"] == "TLS_AES_128_GCM_SHA256");
  CHECK(handshake["alpn"] == "dot");
  CHECK(handshake["resumed"] == "no");
  CHECK(find(first, "upstream")["upstream"] == resolver.uri(Transport::tls));
  CHECK(find(first, "upstream")["connection"] == "new");
  CHECK(find(first, "connected")["version"] == "TLSv1.3");
  CHECK(find(first, "closed")["by"] == "client");

  const auto second = story.of("www.tag.test.");
  CHECK(names_of(second) == "accepted handshake query upstream sent received answer closed");
  check_ids_and_sizes(second, 4661);
  CHECK(find(second, "handshake")["resumed"] == "yes");
  CHECK(find(second, "upstream")["connection"] == "reused");
  CHECK(find(second, "upstream")["local"] == find(first, "upstream")["local"]);

  // The clock is the one that this program has, too.
  double last = begin;
  for (const Event& event : first) {
    CHECK(event.time >= last - 1e-6);
    last = event.time;
  }
  CHECK(last <= end);
  struct stat facts {};
  REQUIRE(stat(file.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);
}

TEST_CASE("the trace tells of clients over TCP and UDP in the same words") {
  const TempDir directory;
  const std::string file = directory.file("trace");
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tcp, kWithUdp + Arguments{"--trace", file});
  proxy.connect(Transport::tcp).ask(make_query("google.com.", dns::type::A, 1));
  ClientLeg(proxy, Transport::udp).ask(make_query("www.tag.test.", dns::type::A, 2));
  REQUIRE(proxy.stop() == 0);
  const Story story(file);

  const auto tcp = story.of("google.com.");
  CHECK(names_of(tcp) == "accepted query upstream connected sent received answer closed");
  check_ids_and_sizes(tcp, 1);
  CHECK(find(tcp, "connected")["version"].empty());
  const auto udp = story.of("www.tag.test.");
  CHECK(names_of(udp) == "query upstream sent received answer");
  check_ids_and_sizes(udp, 2);
}

TEST_CASE("the trace tells what the proxy answers itself, and why") {
  const TempDir directory;
  const std::string file = directory.file("trace");
  const std::uint16_t nobody = [] {  // a port that was free a moment ago
    const net::UniqueFd socket = net::listen_tcp(net::SocketAddress::parse("127.0.0.1", 0).value(), 1);
    return net::SocketAddress::of_socket(socket.get()).port();
  }();
  Proxy proxy(
      {"--upstream", fmt::format("tcp://127.0.0.1:{}", nobody), "--query-timeout", "500ms", "--trace", file});
  DotConnection connection = proxy.connect(Transport::tcp);
  dns::Message nothing = make_query("google.com.", dns::type::A, 3);
  nothing.questions.clear();
  CHECK(connection.ask(nothing).rcode() == dns::rcode::FORMERR);
  CHECK(connection.ask(make_query("a\\032b\\\".test.", dns::type::A, 4)).rcode() == dns::rcode::SERVFAIL);
  connection.finish_sending();
  REQUIRE(connection.closed_by_peer());
  REQUIRE(proxy.stop() == 0);

  const Story story(file);
  const auto events = story.of_client(story.events().front()["client"]);
  REQUIRE(events.size() > 5);
  CHECK(names_of(events).starts_with("accepted query answer query upstream lost"));
  CHECK(events[1]["id"] == "3");
  CHECK(events[1]["name"].empty());
  CHECK(events[2]["rcode"] == "FORMERR");
  CHECK(events[3]["name"] == R"("a\\032b\\\".test.")");
  CHECK(find(events, "lost")["reason"] ==
        fmt::format("\"connect to 127.0.0.1:{}: Connection refused\"", nobody));
  CHECK(events[events.size() - 2].name == "answer");
  CHECK(events[events.size() - 2]["rcode"] == "SERVFAIL");
  CHECK(events.back()["by"] == "client");
}

TEST_CASE("the trace tells who closed a connection, and why") {
  const TempDir directory;
  const std::string file = directory.file("trace");
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tcp, {"--trace", file, "--idle-timeout", "100ms"});
  CHECK(proxy.connect(Transport::tls).closed_by_peer());
  const std::string server = "@" + proxy.endpoint(Transport::tls).address.to_string();
  CHECK(run_client({server, "--ca", resolver.ca_file(), "google.com"}).exit_code == 22);
  REQUIRE(proxy.stop() == 0);

  const Story story(file);
  std::vector<Event> ends;
  for (const Event& event : story.events())
    if (event.name == "closed") ends.push_back(event);
  REQUIRE(ends.size() == 2);
  CHECK(ends[0]["by"] == "proxy");
  CHECK(ends[0]["reason"] == "--idle-timeout");
  CHECK(ends[1]["by"] == "client");
  CHECK(ends[1]["reason"].find("alert unknown_ca") != std::string::npos);
}
