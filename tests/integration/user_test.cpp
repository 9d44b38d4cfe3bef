// --user: bound and opened as root, served as somebody else. Needs root, which CI has.
#include <array>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <grp.h>
#include <iterator>
#include <pwd.h>
#include <set>
#include <sstream>
#include <sys/xattr.h>
#include <unistd.h>

#include "tests/support/approved.h"
#include "tests/support/catch.h"
#include "tests/support/lab.h"

using Catch::Matchers::Contains;
using net::Transport;

namespace {

bool is_root() {
  if (geteuid() == 0) return true;
  WARN("skipped: only root can become somebody else");
  return false;
}

using Words = std::vector<std::string>;

// A line of /proc/PID/status, by words: "Uid: real effective saved of-files" (proc(5)).
Words status(pid_t pid, const std::string& key) {
  std::ifstream file(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key + ":")) continue;
    std::istringstream words(line.substr(key.size() + 1));
    return {std::istream_iterator<std::string>(words), {}};
  }
  return {};
}

std::string run_to_end(const Arguments& command) {
  Process process(command);
  const auto code = process.wait_exit(net::Deadline::in(kPatience));
  return fmt::format("exit code {}\n{}", code.value_or(-1), process.error_output());
}

// Port 853 on an address of this process's own, as other tests run beside it.
std::string privileged_address() {
  const auto pid = static_cast<unsigned>(getpid());
  return fmt::format("127.{}.{}.{}", 64 + (pid >> 16 & 0x3f), pid >> 8 & 0xff, pid & 0xff);
}

const passwd& nobody() {
  return *getpwnam("nobody");
}

}  // namespace

TEST_CASE("with --user it serves on a port below 1024 with nothing of root left") {
  if (!is_root()) return;
  const LabResolver resolver;
  const TempDir files;
  const auto listen = net::parse_endpoint("tcp://" + privileged_address() + ":853").value();
  // The key is root's alone to read, and so are the files that grow.
  Proxy proxy(resolver, Transport::tls,
              {"--user", "nobody", "--listen", listen.to_string(), "--listen", "udp://127.0.0.1:0",
               "--capture", files.file("packets"), "--trace", files.file("trace")});
  DotConnection by_tcp(listen);  // both stay, and so do the threads that serve them
  DotConnection by_tls = proxy.connect(Transport::tls);
  CHECK(by_tcp.ask(make_query("www.tag.test.", dns::type::A)).header.rcode == 0);
  CHECK(by_tls.ask(make_query("www.tag.test.", dns::type::A)).header.rcode == 0);

  const pid_t pid = proxy.process().pid();
  // Every thread: the credentials of each are its own.
  for (const auto& task : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid))) {
    const pid_t thread = std::stoi(task.path().filename());
    const std::string user = std::to_string(nobody().pw_uid);
    const std::string group = std::to_string(nobody().pw_gid);
    CHECK(status(thread, "Uid") == Words(4, user));
    CHECK(status(thread, "Gid") == Words(4, group));
    CHECK(status(thread, "Groups") == Words{group});
    CHECK(status(thread, "NoNewPrivs") == Words{"1"});
    for (const char* const set : {"CapInh", "CapPrm", "CapEff", "CapAmb"})
      CHECK(status(thread, set) == Words{"0000000000000000"});
  }
  CHECK(proxy.stop() == 0);
  CHECK(std::filesystem::file_size(files.file("packets")) > 1000);
  CHECK(std::filesystem::file_size(files.file("trace")) > 100);
}

TEST_CASE("with --user NAME:GROUP it has that group alone") {
  if (!is_root()) return;
  const group* const tty = getgrnam("tty");
  REQUIRE(tty != nullptr);
  const std::string only = std::to_string(tty->gr_gid);
  Proxy proxy({"--user", "nobody:tty"});
  CHECK(status(proxy.process().pid(), "Gid") == Words(4, only));
  CHECK(status(proxy.process().pid(), "Groups") == Words{only});
}

TEST_CASE("a user that cannot be had is one line, and exit code 1") {
  if (!is_root()) return;
  std::string told;
  for (const char* const user : {"no-such-user", "nobody:no-such-group", "root", "nobody:root"})
    told += run_to_end({PROXYSERVER_PROGRAM, "--listen", "tcp://127.0.0.1:0", "--user", user});
  // Somebody else starts a copy that he can reach.
  const TempDir folder;
  std::filesystem::permissions(folder.file("."), std::filesystem::perms(0755));
  std::filesystem::copy_file(PROXYSERVER_PROGRAM, folder.file("proxyserver"));
  told += run_to_end({"/usr/bin/setpriv", "--reuid", "nobody", "--clear-groups", folder.file("proxyserver"),
                      "--listen", "tcp://127.0.0.1:0", "--user", "nobody"});
  check_approved("proxy_user_complaints", told);
}

TEST_CASE("root without --user is warned where others can come in") {
  if (!is_root()) return;
  const Proxy loopback({});
  CHECK_THAT(const_cast<Proxy&>(loopback).process().error_output(), !Contains("running-as-root"));
  Proxy open({"--listen", "tcp://0.0.0.0:0"});
  CHECK_THAT(open.process().error_output(), Contains("running-as-root"));
  Proxy other({"--listen", "tcp://0.0.0.0:0", "--user", "nobody"});
  CHECK_THAT(other.process().error_output(), !Contains("running-as-root"));
}

TEST_CASE("a program with a file capability serves on a port below 1024, started by anybody") {
  if (!is_root()) return;
  const TempDir directory;
  const std::string program = directory.file("proxyserver");
  std::filesystem::permissions(std::filesystem::path(program).parent_path(), std::filesystem::perms(0755));
  std::filesystem::copy_file(PROXYSERVER_PROGRAM, program);
  std::filesystem::permissions(program, std::filesystem::perms(0755));
  // capabilities(7), as setcap(8) writes them for "cap_net_bind_service+ep": version 2 and "effective";
  // permitted and inheritable, the low 32 of each before the high 32.
  const std::array<std::uint32_t, 5> capabilities = {0x02000001, 1U << 10, 0, 0, 0};
  REQUIRE(setxattr(program.c_str(), "security.capability", capabilities.data(), sizeof capabilities, 0) == 0);
  const std::string uri = "tcp://" + privileged_address() + ":853";
  Listening proxy({"/usr/bin/setpriv", "--reuid", "nobody", "--clear-groups", program, "--listen", uri,
                   "--upstream", "tcp://127.0.0.1:9"},
                  1);
  CHECK(proxy.endpoint(Transport::tcp).to_string() == uri);
}
