// The file that --config names: what is taken, what is refused with file and line, and who wins.
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>

#include "proxyserver/options.h"
#include "tests/support/catch.h"
#include "tests/support/parse_options.h"
#include "tests/support/temp_dir.h"

namespace {

struct ConfigFile {
  explicit ConfigFile(std::string_view text) : name(folder.file("proxy.conf")) {
    std::ofstream(name, std::ios::binary) << text;
  }

  std::expected<Options, std::string> with(std::vector<std::string> words = {}) const {
    words.insert(words.begin(), {"--config", name});
    return parse(std::move(words));
  }

  TempDir folder;
  std::string name;
};

const std::string kPin = "v+/c4XhSxq88CQtgS8zTmu73Hv9q7/zGMOdzWgD0q2k=";

}  // namespace

TEST_CASE("a file has options by their long names, a line each, in the order that counts") {
  const ConfigFile file(
      "# a comment\n"
      "listen tls://127.0.0.1:0   # and one behind a value\n"
      "\tlisten\t tcp://127.0.0.1:5300\n"
      "\n"
      "upstream tls://192.0.2.1#dns.example\n"
      "upstream tls://192.0.2.2#b.example\n"
      "pin sha256/" +
      kPin +
      "\n"
      "upstream tls://192.0.2.3\n"
      "cert my certificate.pem \t\n"
      "idle-timeout 2.5s");
  const auto options = file.with();
  REQUIRE(options.has_value());
  CHECK(options->config_file == file.name);
  REQUIRE(options->listen.size() == 2);
  CHECK(options->listen[1].to_string() == "tcp://127.0.0.1:5300");
  REQUIRE(options->upstreams.size() == 3);
  CHECK(options->upstreams[0].uri.auth_name == "dns.example");
  CHECK(options->upstreams[0].pins.empty());
  CHECK(options->upstreams[1].pins == std::vector{kPin});
  CHECK(options->upstreams[2].pins.empty());
  CHECK(options->cert_file == "my certificate.pem");
  CHECK(options->limits.idle == std::chrono::milliseconds(2500));
}

TEST_CASE("lines may end as on Windows, and a byte order mark may come first") {
  const auto options =
      ConfigFile("\xef\xbb\xbflisten udp://127.0.0.1:0\r\n\r\nudp-workers 3\r\n# end\r").with();
  REQUIRE(options.has_value());
  CHECK(options->listen[0].to_string() == "udp://127.0.0.1:0");
  CHECK(options->limits.udp_workers == 3);
}

TEST_CASE("a file that is empty, or comments alone, changes nothing") {
  for (const char* text : {"", "\n", "#", " # x", "\r\n", "\xef\xbb\xbf"}) {
    const auto options = ConfigFile(text).with();
    REQUIRE(options.has_value());
    CHECK(options->listen[0].to_string() == "tls://127.0.0.1:8443");
  }
}

TEST_CASE("the command line wins, what can be repeated it replaces as a whole") {
  const ConfigFile file(
      "listen tcp://127.0.0.1:1\nlisten tcp://127.0.0.1:2\nupstream tls://192.0.2.1\npin sha256/" + kPin +
      "\nallow 192.0.2.0/24\nallow 198.51.100.0/24\nidle-timeout 7\npool-size 9\n");
  const auto options =
      file.with({"--listen", "tcp://127.0.0.1:3", "--upstream", "tls://192.0.2.9", "--idle-timeout", "8"});
  REQUIRE(options.has_value());
  REQUIRE(options->listen.size() == 1);
  CHECK(options->listen[0].to_string() == "tcp://127.0.0.1:3");
  REQUIRE(options->upstreams.size() == 1);
  CHECK(options->upstreams[0].uri.host == "192.0.2.9");
  CHECK(options->upstreams[0].pins.empty());  // the pin was for the other one
  CHECK(options->limits.idle == std::chrono::seconds(8));
  CHECK(options->limits.pool_size == 9);
  const auto from = [](const char* address) { return net::SocketAddress::parse(address, 1).value(); };
  CHECK(options->allow.permits(from("192.0.2.1")));
  CHECK(options->allow.permits(from("198.51.100.1")));
  CHECK_FALSE(file.with({"--allow", "203.0.113.0/24"})->allow.permits(from("192.0.2.1")));
  CHECK(file.with({"--pin", "sha256/" + kPin}).error() ==
        "--pin sha256/" + kPin + ": a pin must come after the --upstream that it is for");
}

TEST_CASE("what holds is known with where it comes from") {
  const ConfigFile file("# one\nidle-timeout 7\nlog-level debug\nlisten tls://127.0.0.1:0\n");
  setenv("SSLKEYLOGFILE", "/secrets", 1);
  const auto options = file.with({"--log-level", "error"});
  unsetenv("SSLKEYLOGFILE");
  REQUIRE(options.has_value());
  std::string all;
  for (const Setting& one : options->settings)
    if (one.name != "config") all += fmt::format("{} {} <- {}\n", one.name, one.value, one.origin);
  CHECK(all ==
        fmt::format(
            "idle-timeout 7 <- {0}:2\nlisten tls://127.0.0.1:0 <- {0}:4\nlog-level error <- command line\n"
            "keylog /secrets <- environment SSLKEYLOGFILE\n",
            file.name));
}

TEST_CASE("it can be read again, as a reload does: what it said before is forgotten") {
  const ConfigFile file("listen tcp://127.0.0.1:1\nidle-timeout 7\n");
  REQUIRE(file.with()->limits.idle == std::chrono::seconds(7));
  std::ofstream(file.name) << "listen tcp://127.0.0.1:2\n";
  const auto again = file.with();
  REQUIRE(again.has_value());
  CHECK(again->limits.idle == Limits{}.idle);
  REQUIRE(again->listen.size() == 1);
  CHECK(again->listen[0].port == 2);
}

TEST_CASE("a wrong file is told what is wrong with which of its lines") {
  const std::string nul(1, '\0');
  const auto [text, complaint] = GENERATE_COPY(table<std::string, std::string>({
      {"\n\nlissen tls://127.0.0.1", ":3: unknown option 'lissen' (did you mean 'listen'?)"},
      {"zebra", ":1: unknown option 'zebra'"},
      {"Listen tls://127.0.0.1", ":1: unknown option 'Listen' (did you mean 'listen'?)"},
      {"lis tls://127.0.0.1", ":1: unknown option 'lis'"},  // no short forms: files are for long
      {"--listen tls://127.0.0.1", ":1: '--listen': options have no dashes in a file"},
      {"listen=tls://127.0.0.1", "blanks, and no '=', stand between an option and its value"},
      {"listen = tls://127.0.0.1", "blanks, and no '=', stand between an option and its value"},
      {"listen", ":1: 'listen' needs a value"},
      {"listen # tls://127.0.0.1", ":1: 'listen' needs a value"},
      {"pin-only yes", ":1: 'pin-only' takes no value, but 'yes' follows"},
      {"config other.conf", ":1: a file names no other: --config is for the command line"},
      {"check", ":1: 'check' is no setting: it belongs on the command line"},
      {"check online", "belongs on the command line"},
      {"print-config", "belongs on the command line"},
      {"help", "belongs on the command line"},
      {"version", "belongs on the command line"},
      {"idle-timeout 5\n\nidle-timeout 6", ":3: 'idle-timeout' is given twice: first in "},
      {"idle-timeout 5x", ":1: idle-timeout 5x: '5x' is not a time"},
      {"listen tcp://127.0.0.1\nlisten tcp://127.0.0.1:53", ":2: listen tcp://127.0.0.1:53: given twice"},
      {"pin sha256/" + kPin + "\nupstream tls://192.0.2.1",
       ":1: pin sha256/" + kPin + ": a pin must come after"},
      {"listen tls://127.0.0.1:1\nlisten proxy+tls://127.0.0.1:2\n",
       ":2: --listen proxy+tls://127.0.0.1:2: whose"},
      {"listen tcp://127.0.0.1:1\r\ncert x\r\n", ":2: --cert, but no --listen tls://"},
      {"upstream tls://192.0.2.1\npin-only", ":2: --pin-only: an upstream without --pin"},
      {"cert a" + nul + "b", ":1: octet 0x00 has no place in a text"},
      {"\n\x1b[2J", ":2: octet 0x1b has no place in a text"},
      {"cert a\rkey b", ":1: octet 0x0d has no place in a text"},
      {"cert " + std::string(5000, 'x'), ":1: the line is longer than 4096 octets"},
      {std::string(2'000'000, '\n'), ": it has more than 1048576 octets"},
  }));
  const ConfigFile file(text);
  const auto options = file.with();
  REQUIRE_FALSE(options.has_value());
  CAPTURE(options.error());
  CHECK(options.error().find(file.name) != std::string::npos);
  CHECK(options.error().find(complaint) != std::string::npos);
}

TEST_CASE("what the command line replaces has to be right in the file, too") {
  const ConfigFile file("idle-timeout never\n");
  CHECK(file.with({"--idle-timeout", "5"}).error().starts_with(file.name + ":1: idle-timeout never: "));
}

TEST_CASE("a file that cannot be read is named, with the reason") {
  const TempDir folder;
  CHECK(parse({"--config", folder.file("none")}).error() ==
        "--config " + folder.file("none") + ": No such file or directory");
  CHECK(parse({"--config", folder.file("")}).error() == "--config " + folder.file("") + ": it is a folder");
  CHECK(parse({"--config", "/dev/null"}).error() == "--config /dev/null: it is not a regular file");
  CHECK(parse({"--config"}).error() == "--config needs a value");
  const ConfigFile file("");
  CHECK(file.with({"--config", file.name}).error() == "--config " + file.name + ": one file only");
}

TEST_CASE("a slip on the command line is told what was meant") {
  CHECK(parse({"--upstraem", "tls://192.0.2.1"}).error() ==
        "unknown option '--upstraem' (did you mean '--upstream'?)");
  CHECK(parse({"--check", "online"}).error() == "'online' is not an option: write --check=online");
  CHECK(parse({"--check=offline"}).error() == "--check offline: 'offline' is not online");
}
