// logrotate(8), by the configuration that comes with the proxy, under traffic: no line is lost. And its lines
// as JSON, read by Python.
#include <atomic>
#include <csignal>
#include <filesystem>
#include <fmt/format.h>
#include <thread>

#include "tests/interop/peer.h"

using net::Transport;

namespace {

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const auto at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), by);
}

// By its size: who reads it, while it grows as fast, may never be done.
bool has_grown(const std::string& file) {
  std::error_code none;
  const auto size = std::filesystem::file_size(file, none);
  return !none && size > 1000;
}

}  // namespace

TEST_CASE("logrotate turns the query log over, under traffic, and every line is one JSON object") {
  const auto logrotate = find_peer("logrotate");
  const auto python = find_peer("python3");
  if (!logrotate || !python) return;
  const LabResolver resolver;
  const TempDir directory;
  const std::string folder = directory.file("log");
  std::filesystem::create_directory(folder);
  const std::string file = folder + "/queries.log";
  Proxy proxy(resolver, Transport::tcp, {"--query-log", file, "--log-format", "json"});

  // As it is, but for the folder, and for which proxyserver is told.
  std::string rules = content_of(DEPLOY "/logrotate.conf");
  rules = replaced(rules, "\n/var/log/proxyserver/*.log {", fmt::format("\n{}/*.log {{", folder));
  rules = replaced(rules, "pkill -USR1 -x proxyserver", fmt::format("kill -USR1 {}", proxy.process().pid()));
  const std::string configuration = write_file(directory, "logrotate.conf", rules);

  std::atomic<bool> enough = false;
  std::ptrdiff_t asked = 0;
  std::thread asker([&] {
    DotConnection client = proxy.connect(Transport::tcp);
    for (; !enough; ++asked) client.ask(make_query("www.tag.test.", dns::type::TXT));
  });
  bool turned = true;
  for (int turn = 0; turn < 3 && turned; ++turn) {
    const net::Deadline deadline = net::Deadline::in(kPatience);
    while (!has_grown(file) && !deadline.expired()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    Process run({*logrotate, "--force", "--state", directory.file("state"), configuration});
    turned = run.wait_exit(net::Deadline::in(kPatience)) == 0;
    UNSCOPED_INFO(run.error_output());
  }
  enough = true;
  asker.join();
  CHECK(turned);
  REQUIRE(proxy.stop() == 0);

  const std::string count =
      "import glob,gzip,json,sys\n"
      "n = 0\n"
      "for f in glob.glob(sys.argv[1] + '*'):\n"
      "  for line in (gzip.open if f.endswith('.gz') else open)(f):\n"
      "    n += json.loads(line)['event'] == 'query'\n"
      "print(n)\n";
  CHECK(run_to_end({*python, "-c", count, file}) == fmt::format("{}\n", asked));
  CHECK(std::filesystem::exists(file + ".1"));
  CHECK(std::filesystem::exists(file + ".2.gz"));
  write_file(directory, "log.json", proxy.process().error_output());
  CHECK(
      run_to_end({*python, "-c", "import json,sys\nfor line in open(sys.argv[1]): json.loads(line)['level']",
                  directory.file("log.json")})
          .empty());
}
