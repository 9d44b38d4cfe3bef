#include "tests/lab/lab_identity.h"

#include <filesystem>

#include "common/tls/issue/issue.h"
#include "tests/support/temp_dir.h"

namespace lab {
namespace {

constexpr std::chrono::hours kDay{24};
constexpr std::chrono::hours kTerm = 30 * kDay;  // a term's classroom may leave its resolver running

tls::Identity make_ca(const std::string& common_name) {
  tls::IssueOptions options;
  options.common_name = common_name;
  options.ca = true;
  options.valid_from = -3 * kDay;
  options.valid_to = kTerm;
  return tls::issue_self_signed(options);
}

}  // namespace

std::unique_ptr<tls::ServerContext> make_identity(const std::vector<std::string>& names,
                                                  const std::string& ca_out, const Faults& faults) {
  const tls::Identity ca = make_ca("labresolver CA");
  tls::IssueOptions options;
  options.common_name = "labresolver";
  options.names = faults.wrong_name ? std::vector<std::string>{"DNS:somebody-else.test"} : names;
  options.valid_from = faults.expired ? -2 * kDay : -kDay;
  options.valid_to = faults.expired ? -kDay : kTerm;
  const tls::Identity server = tls::issue(options, ca);

  const TempDir directory;
  tls::write_file(directory.file("cert.pem"), server.certificate, false);
  tls::write_file(directory.file("key.pem"), server.key, true);
  auto context = std::make_unique<tls::ServerContext>(directory.file("cert.pem"), directory.file("key.pem"));

  if (!ca_out.empty()) {
    const std::string partial = ca_out + ".part";
    tls::write_file(partial, faults.wrong_ca ? make_ca("another CA").certificate : ca.certificate, false);
    std::filesystem::rename(partial, ca_out);
  }
  return context;
}

}  // namespace lab
