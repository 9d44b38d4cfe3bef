// --query-log, --log-format, and what the log has no line for.
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <functional>
#include <map>
#include <regex>
#include <sys/stat.h>
#include <thread>

#include "common/dns/codes.h"
#include "common/net/tcp.h"
#include "tests/support/catch.h"
#include "tests/support/client_leg.h"

using Catch::Matchers::Contains;
using net::Transport;

namespace {

std::vector<std::string> lines_of(const std::string& file) {
  std::vector<std::string> lines;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

dns::Message query_for(const std::string& name, std::uint16_t id = 1) {
  return make_query(name, dns::type::TXT, id);
}

void wait_for(const std::function<bool()>& holds) {
  const net::Deadline deadline = net::Deadline::in(kPatience);
  while (!holds()) {
    REQUIRE_FALSE(deadline.expired());
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

// The client of each query, in the order in which they were asked, from three connections.
std::vector<std::string> clients_by(const LabResolver& resolver, const std::string& privacy) {
  const TempDir directory;
  const std::string file = directory.file("queries");
  Proxy proxy(resolver, Transport::tcp,
              Arguments{"--query-log", file, "--query-log-privacy", privacy, "--log-format", "json"});
  for (int i = 0; i < 3; ++i) proxy.connect(Transport::tcp).ask(query_for("a.tag.test."));
  REQUIRE(proxy.stop() == 0);
  std::vector<std::string> clients;
  for (const std::string& line : lines_of(file)) {
    std::smatch found;
    REQUIRE(line.ends_with('}'));
    clients.push_back(std::regex_search(line, found, std::regex("\"client\":\"([^\"]*)\"")) ? found[1].str()
                                                                                            : "");
  }
  REQUIRE(clients.size() == 3);
  return clients;
}

}  // namespace

TEST_CASE("the query log has a line for each query on each leg, and whose answer it was") {
  const LabResolver resolver;
  const TempDir directory;
  const std::string file = directory.file("queries");
  Proxy proxy(resolver, Transport::tls, kWithUdp + Arguments{"--query-log", file});
  for (const Transport transport : kAllLegs) {
    ClientLeg leg(proxy, transport);
    leg.ask(query_for("www.tag.test."));
    leg.ask(make_query("resolver.arpa.", dns::type::A));  // the proxy's own answer
  }
  REQUIRE(proxy.stop() == 0);
  CHECK_THAT(proxy.process().error_output(), Contains("names-written file=" + file));
  struct stat facts {};
  REQUIRE(stat(file.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);

  const auto lines = lines_of(file);
  REQUIRE(lines.size() == 6);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    CAPTURE(lines[i]);
    const std::string before = fmt::format(
        R"(\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z query client=127\.0\.0\.1:\d+ transport={})",
        to_string(kAllLegs[i / 2]));
    CHECK(std::regex_match(
        lines[i],
        std::regex(before + (i % 2 == 0
                                 ? R"( name=www\.tag\.test\. type=TXT rcode=NOERROR us=\d+ upstream=tls://.*)"
                                 : R"( name=resolver\.arpa\. type=A rcode=NOERROR us=\d+)"))));
  }
}

TEST_CASE("by its privacy the query log has the client's address, a name in its place, or nothing") {
  const LabResolver resolver;
  for (const std::string& client : clients_by(resolver, "full")) CHECK(client.starts_with("127.0.0.1:"));
  for (const std::string& client : clients_by(resolver, "none")) CHECK(client.empty());
  const auto hashed = clients_by(resolver, "hash");
  CHECK(std::regex_match(hashed[0], std::regex("[0-9a-f]{16}")));
  CHECK(hashed == std::vector<std::string>(3, hashed[0]));  // one client, over three connections
  CHECK(clients_by(resolver, "hash")[0] != hashed[0]);      // another run, another key
}

TEST_CASE("a pipe that nobody reads holds no query up: what does not fit is counted, and said") {
  constexpr unsigned kQueries = 6000;
  constexpr unsigned kAtOnce = 50;
  const LabResolver resolver;
  const TempDir directory;
  const std::string pipe = directory.file("pipe");
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  const net::UniqueFd reader(open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  Proxy proxy(resolver, Transport::tcp, {"--query-log", pipe});
  const std::string part(60, 'x');
  const std::string name = part + "." + part + "." + part + ".tag.test.";
  DotConnection client = proxy.connect(Transport::tcp);
  for (unsigned asked = 0; asked < kQueries; asked += kAtOnce) {
    for (unsigned i = 0; i < kAtOnce; ++i)
      client.send(query_for(name, static_cast<std::uint16_t>(asked + i)));
    for (unsigned i = 0; i < kAtOnce; ++i) client.read_message();
  }
  wait_for([&] { return proxy.process().error_output().find("query-log-dropped") != std::string::npos; });
  const auto begin = std::chrono::steady_clock::now();
  CHECK(proxy.stop() == 0);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(5));

  // What is in the pipe and what is said to be lost are all there were.
  std::string text(1 << 20, '\0');
  const ssize_t size = read(reader.get(), text.data(), text.size());
  REQUIRE(size > 0);
  text.resize(static_cast<std::size_t>(size));
  const std::string log = proxy.process().error_output();
  std::size_t lost = 0;
  const std::regex dropped("query-log-dropped file=\\S+ count=(\\d+)");
  for (std::sregex_iterator found(log.begin(), log.end(), dropped), end; found != end; ++found)
    lost += std::stoul((*found)[1]);
  CHECK(count_of(text, "\n") + lost == kQueries);
  CHECK(count_of(log, "query-log-incomplete") == 1);
}

TEST_CASE("a pipe whose reader goes away takes nothing from anybody, and a new reader gets what is new") {
  const LabResolver resolver;
  const TempDir directory;
  const std::string pipe = directory.file("pipe");
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  net::UniqueFd reader(open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  Proxy proxy(resolver, Transport::tcp, {"--query-log", pipe});
  reader.reset();
  DotConnection client = proxy.connect(Transport::tcp);
  client.ask(query_for("first.tag.test."));
  wait_for([&] { return proxy.process().error_output().find("query-log-incomplete") != std::string::npos; });
  const net::UniqueFd second(open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  client.ask(query_for("second.tag.test."));
  CHECK(proxy.stop() == 0);
  std::string text(65536, '\0');
  const ssize_t size = read(second.get(), text.data(), text.size());
  REQUIRE(size > 0);
  text.resize(static_cast<std::size_t>(size));
  CHECK_THAT(text, Contains("query-log-dropped count=1\n") && Contains("name=second.tag.test."));
}

TEST_CASE("a query log that is taken away and opened again under traffic loses no line") {
  const LabResolver resolver;
  const TempDir directory;
  const std::string folder = directory.file("log");
  std::filesystem::create_directory(folder);
  const std::string file = folder + "/queries";
  const std::string trace = folder + "/trace";
  Proxy proxy(resolver, Transport::tcp, {"--query-log", file, "--trace", trace});
  std::atomic<bool> enough = false;
  unsigned asked = 0;
  std::thread asker([&] {
    DotConnection client = proxy.connect(Transport::tcp);
    for (; !enough; ++asked) client.ask(query_for(fmt::format("q{}.tag.test.", asked)));
  });
  constexpr int kTurns = 3;
  std::exception_ptr failed;
  try {
    for (int turn = 1; turn <= kTurns; ++turn) {
      wait_for([&] {  // not read: it grows as fast
        std::error_code none;
        const auto size = std::filesystem::file_size(file, none);
        return !none && size > 1000;
      });
      for (const std::string& name : {file, trace})
        std::filesystem::rename(name, fmt::format("{}.{}", name, turn));
      proxy.process().signal(SIGUSR1);
      wait_for([&] { return std::filesystem::exists(file) && std::filesystem::exists(trace); });
    }
  } catch (...) {
    failed = std::current_exception();
  }
  enough = true;
  asker.join();
  if (failed) std::rethrow_exception(failed);
  REQUIRE(proxy.stop() == 0);

  std::map<std::string, unsigned> seen;
  unsigned answers = 0;
  const std::regex name(" name=(q\\d+\\.tag\\.test\\.) ");
  for (int turn = 0; turn <= kTurns; ++turn) {
    const std::string suffix = turn == 0 ? "" : fmt::format(".{}", turn);
    for (const std::string& line : lines_of(file + suffix)) {
      std::smatch found;
      REQUIRE(std::regex_search(line, found, name));
      ++seen[found[1]];
    }
    for (const std::string& line : lines_of(trace + suffix)) answers += line.find(" answer ") != line.npos;
  }
  CHECK(seen.size() == asked);
  CHECK(std::ranges::all_of(seen, [](const auto& one) { return one.second == 1; }));
  CHECK(answers == asked);
  CHECK(count_of(proxy.process().error_output(), "log-reopened file=" + file) == kTurns);
}

TEST_CASE("a log that cannot be opened again goes on where it was, and that is said") {
  const LabResolver resolver;
  const TempDir directory;
  const std::string file = directory.file("queries");
  Proxy proxy(resolver, Transport::tcp, {"--query-log", file});
  std::filesystem::rename(file, file + ".1");
  std::filesystem::create_directory(file);
  proxy.process().signal(SIGUSR1);
  wait_for([&] { return proxy.process().error_output().find("log-not-reopened") != std::string::npos; });
  proxy.connect(Transport::tcp).ask(query_for("late.tag.test."));
  REQUIRE(proxy.stop() == 0);
  CHECK_THAT(content_of(file + ".1"), Contains("name=late.tag.test."));
  CHECK_THAT(proxy.process().error_output(), Contains("Is a directory"));
}

// That shell command, which ends in the proxy's, with a query log; asked so many names.
std::vector<std::string> log_by_shell(const std::string& command, int queries) {
  const LabResolver resolver;
  const TempDir directory;
  const std::string file = directory.file("queries");
  Listening proxy({"/bin/sh", "-c", command, PROXYSERVER_PROGRAM, "--listen", "tcp://127.0.0.1:0",
                   "--upstream", resolver.uri(Transport::tcp), "--query-log", file},
                  1);
  DotConnection client(proxy.endpoint(Transport::tcp));
  for (int i = 0; i < queries; ++i) client.ask(query_for(fmt::format("{}.tag.test.", i)));
  CHECK(proxy.stop() == 0);
  return lines_of(file);
}

TEST_CASE("a query log that has reached the limit of a file's size costs lines, and not the proxy") {
  const auto lines = log_by_shell("ulimit -f 1; exec \"$0\" \"$@\"", 20);
  CHECK(lines.size() > 1);
  CHECK(lines.size() < 20);
}

TEST_CASE("started without standard error, what the log says goes into nobody else's file") {
  const auto lines = log_by_shell("exec \"$0\" \"$@\" 2>&-", 1);
  REQUIRE(lines.size() == 1);
  CHECK_THAT(lines[0], Contains(" query client=") && Contains(" name=0.tag.test. "));
}

TEST_CASE("SIGUSR1 without any log file is heeded, and changes nothing") {
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tcp);
  proxy.process().signal(SIGUSR1);
  CHECK(proxy.connect(Transport::tcp).ask(query_for("a.tag.test.")).header.rcode == dns::rcode::NOERROR);
  CHECK(proxy.stop() == 0);
}

TEST_CASE("clients that are idle, end, or break off are no events") {
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tcp, {"--idle-timeout", "200ms"});
  for (const Transport transport : {Transport::tls, Transport::tcp}) {
    DotConnection idle = proxy.connect(transport);
    idle.ask(query_for("a.tag.test."));
    DotConnection ending = proxy.connect(transport);
    ending.finish_sending();
    for (DotConnection* one : {&idle, &ending}) CHECK(one->closed_by_peer());
    ClientLeg breaking_off(proxy, transport);
    breaking_off.reset_when_closed();
    // A scanner, which says nothing, and leaves.
    const net::UniqueFd scanner =
        net::connect_tcp(proxy.endpoint(transport).address, net::Deadline::in(kPatience));
  }
  REQUIRE(proxy.stop() == 0);
  CHECK_THAT(proxy.process().error_output(), !Contains("client"));
}

TEST_CASE("what is wrong with many clients is said once, and then how often") {
  constexpr unsigned kClients = 20;
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tcp, {"--log-format", "json"});
  for (unsigned i = 0; i < kClients; ++i) {
    DotConnection client(net::Endpoint{Transport::tcp, proxy.endpoint(Transport::tls).address, {}});
    const std::string_view text = "GET / HTTP/1.1\r\n\r\n";
    client.send_octets({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    CHECK(client.closed_by_peer());
  }
  REQUIRE(proxy.stop() == 0);
  const std::string log = proxy.process().error_output();
  INFO(log);
  CHECK(count_of(log, R"("event":"client-lost","client":"127.0.0.1:)") == 1);
  CHECK(count_of(log, fmt::format(R"("event":"client-lost","times":{},"seconds":)", kClients - 1)) == 1);
}
