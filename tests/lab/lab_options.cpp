#include "tests/lab/lab_options.h"

#include <filesystem>
#include <fmt/format.h>
#include <getopt.h>
#include <system_error>

#include "common/cli.h"
#include "common/tls/tls_context.h"

namespace lab {
namespace {

constexpr const char* kProgram = "labresolver";

constexpr const char* kUsage = R"(Usage: labresolver [OPTION]...
A small DNS resolver over TLS, TCP and UDP for classroom and tests: it answers from zone files, makes its own
certificates, and does wrong on purpose what you ask it to.

  --listen URI           tls://, tcp:// or udp://ADDRESS[:PORT], repeatable; port 0 picks one
                         (default tls://127.0.0.1:8853)
  --zone FILE            a zone to answer from, repeatable (default classroom.zone)
  --ca-out FILE          write the CA that vouches for the certificate here
  --ca-dir DIR           use the CA in DIR, ca.pem and ca.key, which is made if there is none: so that who
                         trusts it does so after a restart too (default: a new CA with each start)
  --names SAN,SAN...     names in the certificate (default DNS:localhost,DNS:lab.test,IP:127.0.0.1,IP:::1)
  --groups LIST          agree on these groups alone for the key exchange, by OpenSSL's names
  --delay MS             answer each query so much later; queries do not wait for each other
  --seed N               of the dice that some faults throw (default 1)
  --fault NAME[=VALUE]   do this wrong, repeatable; see below
  --help                 this text

Names with a meaning: delay-NNN.NAME is answered as NAME, NNN milliseconds later; TXT, A and AAAA of every
name below tag.test are made from the name itself, so that an answer in the wrong place is noticed.

Faults (WHEN: a name it is kept to, with all below it, or a percentage of answers; else every answer):
)";

std::string default_zone() {
  std::error_code ignored;
  const auto beside =
      std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path() / "classroom.zone";
  return std::filesystem::exists(beside, ignored) ? beside.string() : LAB_DEFAULT_ZONE;
}

std::vector<std::string> split_commas(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto comma = text.find(',');
    if (comma != 0) parts.emplace_back(text.substr(0, comma));
    text = comma == std::string_view::npos ? "" : text.substr(comma + 1);
  }
  return parts;
}

// One option into `options`; the error is a clause for the complaint.
std::expected<void, std::string> apply(int option, std::string_view value, LabOptions& options) {
  switch (option) {
    case 'l': {
      auto endpoint = net::parse_endpoint(value, net::Transport::tls);
      if (!endpoint) return std::unexpected("--listen: " + endpoint.error());
      options.listen.push_back(std::move(*endpoint));
      return {};
    }
    case 'd':
    case 's': {
      const auto number = cli::parse_number(value, 0, option == 'd' ? 3'600'000 : 2'147'483'647);
      if (!number) return std::unexpected((option == 'd' ? "--delay: " : "--seed: ") + number.error());
      if (option == 'd')
        options.delay = std::chrono::milliseconds(*number);
      else
        options.seed = static_cast<unsigned>(*number);
      return {};
    }
    case 'f':
      return add_fault(value, options.faults);
    case 'g': {
      auto groups = tls::parse_groups(value);
      if (!groups) return std::unexpected("--groups: " + groups.error());
      options.groups = std::move(*groups);
      return {};
    }
    case 'z':
      options.zones.emplace_back(value);
      return {};
    case 'c':
      options.ca_out = value;
      return {};
    case 'C':
      options.ca_dir = value;
      return {};
    default:
      options.names = split_commas(value);
      return {};
  }
}

}  // namespace

std::variant<LabOptions, int> parse_options(int argc, char** argv) {
  static const option kLong[] = {
      {"listen", required_argument, nullptr, 'l'},
      {"zone", required_argument, nullptr, 'z'},
      {"ca-out", required_argument, nullptr, 'c'},
      {"ca-dir", required_argument, nullptr, 'C'},
      {"names", required_argument, nullptr, 'n'},
      {"delay", required_argument, nullptr, 'd'},
      {"seed", required_argument, nullptr, 's'},
      {"fault", required_argument, nullptr, 'f'},
      {"groups", required_argument, nullptr, 'g'},
      {"help", no_argument, nullptr, 'h'},
      {nullptr, 0, nullptr, 0},
  };
  LabOptions options;
  options.names = {"DNS:localhost", "DNS:lab.test", "IP:127.0.0.1", "IP:::1"};
  opterr = 0;
  for (int letter; (letter = getopt_long(argc, argv, "", kLong, nullptr)) != -1;) {
    if (letter == 'h') {
      fmt::print("{}{}", kUsage, describe_faults());
      return cli::ok;
    }
    if (letter == '?')
      return cli::complain(kProgram, fmt::format("'{}' is no option, or lacks its value", argv[optind - 1]));
    if (const auto result = apply(letter, optarg, options); !result)
      return cli::complain(kProgram, result.error());
  }
  if (optind < argc) return cli::complain(kProgram, fmt::format("'{}' is no option", argv[optind]));
  if (options.listen.empty()) options.listen.push_back(*net::parse_endpoint("tls://127.0.0.1:8853"));
  if (options.zones.empty()) options.zones.push_back(default_zone());
  return options;
}

}  // namespace lab
