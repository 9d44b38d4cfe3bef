#include "tests/lab/lab_identity.h"

#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "common/tls/issue/issue.h"
#include "tests/support/temp_dir.h"

namespace lab {
namespace {

constexpr std::chrono::hours kDay{24};
constexpr std::chrono::hours kTerm = 30 * kDay;     // a term's classroom may leave its resolver running
constexpr std::chrono::hours kYears = 3650 * kDay;  // a CA that is kept is not looked after

tls::Identity make_ca(const std::string& common_name, std::chrono::hours valid_to = kTerm) {
  tls::IssueOptions options;
  options.common_name = common_name;
  options.ca = true;
  options.valid_from = -3 * kDay;
  options.valid_to = valid_to;
  return tls::issue_self_signed(options);
}

void publish(const std::string& path, const std::string& certificate) {
  const std::string partial = path + ".part";
  tls::write_file(partial, certificate, false);
  std::filesystem::rename(partial, path);
}

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::string content{std::istreambuf_iterator<char>(file), {}};
  if (content.empty()) throw std::runtime_error("cannot read " + path);
  return content;
}

tls::Identity kept_ca(const std::string& directory) {
  const std::string certificate = directory + "/ca.pem";
  const std::string key = directory + "/ca.key";
  if (std::filesystem::exists(certificate)) return {read_file(certificate), read_file(key)};
  std::filesystem::create_directories(directory);
  tls::Identity ca = make_ca("labresolver CA", kYears);
  tls::write_file(key, ca.key, true);
  publish(certificate, ca.certificate);
  return ca;
}

// The resolver's own identity, and the certificate of the CA that vouches for it.
std::pair<tls::Identity, std::string> issue(const tls::IssueOptions& wanted, const std::string& ca_dir) try {
  const tls::Identity ca = ca_dir.empty() ? make_ca("labresolver CA") : kept_ca(ca_dir);
  return {tls::issue(wanted, ca), ca.certificate};
} catch (const std::exception& error) {
  if (ca_dir.empty()) throw;
  throw std::runtime_error(fmt::format(
      "--ca-dir {}: {}; name another folder, or delete this one for a new CA", ca_dir, error.what()));
}

}  // namespace

std::unique_ptr<tls::ServerContext> make_identity(const LabOptions& options) {
  const Faults& faults = options.faults;
  tls::IssueOptions wanted;
  wanted.common_name = "labresolver";
  wanted.names = faults.wrong_name ? std::vector<std::string>{"DNS:somebody-else.test"} : options.names;
  wanted.valid_from = faults.expired ? -2 * kDay : -kDay;
  wanted.valid_to = faults.expired ? -kDay : kTerm;
  const auto [server, ca] = issue(wanted, options.ca_dir);

  const TempDir directory;
  tls::write_file(directory.file("cert.pem"), server.certificate, false);
  tls::write_file(directory.file("key.pem"), server.key, true);
  auto context = std::make_unique<tls::ServerContext>(directory.file("cert.pem"), directory.file("key.pem"));
  context->agree_only_on(options.groups);
  if (faults.tls11_only) context->speak_only(tls::Version::tls11);

  if (!options.ca_out.empty())
    publish(options.ca_out, faults.wrong_ca ? make_ca("another CA").certificate : ca);
  return context;
}

}  // namespace lab
