// What systemd, or whoever plays its part, hears from the proxy, and hands to it: sd_notify(3),
// sd_listen_fds(3).
#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/net/tcp.h"
#include "common/net/udp_listener.h"
#include "common/tls/issue/issue.h"
#include "tests/support/catch.h"
#include "tests/support/client_leg.h"
#include "tests/support/variable.h"

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using net::Transport;

namespace {

using namespace std::chrono_literals;

class Manager {
 public:
  explicit Manager(const std::string& place) : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::ranges::copy(place, address.sun_path);
    if (place.starts_with('@')) address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + place.size());
    REQUIRE(bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
  }

  // Empty: nothing has come by then.
  std::string hear(std::chrono::milliseconds patience = kPatience) const {
    pollfd entry{socket_.get(), POLLIN, 0};
    if (poll(&entry, 1, static_cast<int>(patience.count())) <= 0) return {};
    std::array<char, 256> text;
    const ssize_t size = recv(socket_.get(), text.data(), text.size(), 0);
    return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
  }

 private:
  net::UniqueFd socket_;
};

constexpr const char* kHandOver = "export LISTEN_PID=$$; exec \"$0\" \"$@\"";

}  // namespace

TEST_CASE("the manager hears when the proxy serves, that it lives, and that it stops") {
  const TempDir directory;
  const bool has_path = GENERATE(true, false);
  const std::string place =
      has_path ? directory.file("notify") : "@dns-over-tls-test-" + std::to_string(getpid());
  CAPTURE(place);
  const Manager manager(place);
  const LabResolver resolver;
  const Variable notify("NOTIFY_SOCKET", place);
  const Variable watchdog("WATCHDOG_USEC", "200000");
  Proxy proxy(resolver, Transport::tls);
  CHECK(manager.hear() == "READY=1");
  for (int i = 0; i < 3; ++i) CHECK(manager.hear() == "WATCHDOG=1");  // also confined, as it is by now
  CHECK(proxy.connect(Transport::tls).ask(make_query("a.tag.test.", dns::type::TXT)).header.qr);
  const auto next_news = [&] {
    std::string news;
    do news = manager.hear();
    while (news == "WATCHDOG=1");
    return news;
  };
  proxy.process().signal(SIGHUP);
  CHECK_THAT(next_news(), StartsWith("RELOADING=1\nMONOTONIC_USEC="));
  CHECK(next_news() == "READY=1");
  proxy.process().signal(SIGTERM);
  CHECK(next_news() == "STOPPING=1");
}

TEST_CASE("a watchdog that is another process's, or none, hears nothing") {
  const TempDir directory;
  const Manager manager(directory.file("notify"));
  const LabResolver resolver;
  const Variable notify("NOTIFY_SOCKET", directory.file("notify"));
  std::optional<Variable> watchdog, process;
  if (GENERATE(true, false)) {
    watchdog.emplace("WATCHDOG_USEC", "40000");
    process.emplace("WATCHDOG_PID", "1");
  }
  const Proxy proxy(resolver, Transport::tls);
  CHECK(manager.hear() == "READY=1");
  CHECK(manager.hear(300ms).empty());
}

TEST_CASE("a watchdog that can wait as long as a number tells does not keep the proxy busy") {
  const TempDir directory;
  const Manager manager(directory.file("notify"));
  const LabResolver resolver;
  const Variable notify("NOTIFY_SOCKET", directory.file("notify"));
  const Variable watchdog("WATCHDOG_USEC", "9223372036854775807");
  const Proxy proxy(resolver, Transport::tls);
  CHECK(manager.hear() == "READY=1");
  CHECK(manager.hear(300ms).empty());  // not before the second is over
}

TEST_CASE("a manager that cannot be reached keeps nobody from serving") {
  const LabResolver resolver;
  const Variable notify("NOTIFY_SOCKET", GENERATE("/nowhere/notify", "relative", "@", "/"));
  Proxy proxy(resolver, Transport::tls);
  CHECK(proxy.connect(Transport::tcp).ask(make_query("a.tag.test.", dns::type::TXT)).header.qr);
}

TEST_CASE("sockets that the manager hands over are the listeners, and outlive the proxy") {
  const LabResolver resolver;
  const TempDir directory;
  tls::IssueOptions issue;
  issue.common_name = "handed sockets";
  issue.names = {"DNS:localhost"};
  const tls::Identity identity = tls::issue_self_signed(issue);
  tls::write_file(directory.file("cert.pem"), identity.certificate, false);
  tls::write_file(directory.file("key.pem"), identity.key, true);

  const auto any = net::SocketAddress::parse("127.0.0.1", 0).value();
  const net::UniqueFd unnamed = net::listen_tcp(any, 16);
  const net::UniqueFd plain = net::listen_tcp(any, 16);
  const net::UdpListener datagrams(any);
  const Variable count("LISTEN_FDS", "3");
  const Variable names("LISTEN_FDNAMES", "proxyserver.socket:tcp:proxyserver.socket");
  const Process::Limits handing{.descriptors = {unnamed.get(), plain.get(), datagrams.fd()}};
  const Arguments command = {"/bin/sh",    "-c",
                             kHandOver,    PROXYSERVER_PROGRAM,
                             "--upstream", resolver.uri(Transport::tcp),
                             "--cert",     directory.file("cert.pem"),
                             "--key",      directory.file("key.pem")};
  const net::Endpoint at{Transport::tcp, net::SocketAddress::of_socket(plain.get()), {}};
  std::optional<DotConnection> waiting;
  for (int life = 0; life < 2; ++life) {
    CAPTURE(life);
    Listening proxy(command, 3, handing);
    CHECK(proxy.endpoint(Transport::tls).address.port() ==
          net::SocketAddress::of_socket(unnamed.get()).port());
    CHECK(proxy.endpoint(Transport::tcp).address.port() == at.address.port());
    DotConnection over_tls(proxy.endpoint(Transport::tls), trust(directory.file("cert.pem")));
    CHECK(over_tls.ask(make_query("a.tag.test.", dns::type::TXT)).header.rcode == dns::rcode::NOERROR);
    Datagrams over_udp(proxy.endpoint(Transport::udp));
    CHECK(over_udp.ask(make_query("b.tag.test.", dns::type::TXT)).header.rcode == dns::rcode::NOERROR);
    if (waiting) CHECK(waiting->read_message().header.id == 7);
    over_tls.finish_sending();
    CHECK(proxy.stop() == 0);
    waiting.emplace(at);  // nobody is there
    waiting->send(make_query("c.tag.test.", dns::type::TXT, 7));
  }
}

TEST_CASE(
    "a handed socket that can be no listener is an error, and one for another process is none of ours") {
  std::array<int, 2> pair{};
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) == 0);
  const net::UniqueFd one(pair[0]), other(pair[1]);
  const net::UdpListener datagrams(net::SocketAddress::parse("127.0.0.1", 0).value());
  const net::UniqueFd listener = net::listen_tcp(net::SocketAddress::parse("127.0.0.1", 0).value(), 1);
  const net::UniqueFd unbound(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const net::UniqueFd connection =
      net::connect_tcp(net::SocketAddress::of_socket(listener.get()), net::Deadline::in(kPatience));
  struct Case {
    int fd;
    const char* name;
    const char* complaint;
  };
  for (const auto& [fd, name, complaint] :
       {Case{one.get(), "tls", "descriptor 3 of LISTEN_FDS: it is no socket of an IP network"},
        Case{connection.get(), "tcp", "Accept=no is needed"},
        Case{datagrams.fd(), "tls", "its name is 'tls', but it is for datagrams"},
        Case{listener.get(), "udp", "its name is 'udp', but it is for connections"},
        Case{unbound.get(), "udp", "it is bound to no port"}}) {
    const Variable count("LISTEN_FDS", "1");
    const Variable names("LISTEN_FDNAMES", name);
    Process::Limits handing;
    handing.descriptors.push_back(fd);
    Process proxy({"/bin/sh", "-c", kHandOver, PROXYSERVER_PROGRAM}, handing);
    CHECK(proxy.wait_exit(net::Deadline::in(kPatience)) == 1);
    CHECK_THAT(proxy.error_output(), Contains(complaint));
  }

  const Variable count("LISTEN_FDS", "1");
  const Variable process("LISTEN_PID", "1");
  const LabResolver resolver;
  const Proxy not_its_own(resolver, Transport::tls);
  CHECK(not_its_own.connect(Transport::tcp).ask(make_query("a.tag.test.", dns::type::TXT)).header.qr);
}
