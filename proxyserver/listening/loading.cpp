#include "proxyserver/listening/loading.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace {

std::string default_file(const char* name, const char* option) {
  std::string installed = fmt::format("{}/{}", DOT_SYSCONFDIR, name);
  if (std::filesystem::exists(name)) return name;
  if (std::filesystem::exists(installed)) return installed;
  throw UnusableFile(fmt::format("neither {} here nor {}: name one with {}", name, installed, option));
}

}  // namespace

bool serves_tls(const Options& options) {
  return options.listens(net::Transport::tls);
}

void name_default_files(Options& options) {
  if (!serves_tls(options)) return;
  if (options.cert_file.empty()) options.cert_file = default_file("cert.pem", "--cert");
  if (options.key_file.empty()) options.key_file = default_file("key.pem", "--key");
}

std::shared_ptr<tls::ServerContext> load_identity(const Options& options, const Instruments& instruments) {
  auto context = std::make_shared<tls::ServerContext>(options.cert_file, options.key_file, options.client_ca,
                                                      options.ticket_key_file);
  // RFC 9462 says nothing of a name, but who is told one will want to see it.
  if (!options.announce.empty() && !context->carries(options.announce))
    throw UnusableFile(fmt::format("--announce {}: {} is no certificate of that name, but of {}",
                                   options.announce, options.cert_file,
                                   fmt::join(context->certificate().names, " ")));
  instruments.hear_secrets(*context);
  return context;
}

std::shared_ptr<const tls::ClientContext> load_trust(const UpstreamOptions& upstream, const Options& options,
                                                     const Instruments& instruments) {
  tls::ClientOptions trust;
  trust.ca_file = options.upstream_ca;
  trust.auth_name = upstream.uri.auth_name.empty() ? upstream.uri.host : upstream.uri.auth_name;
  trust.pins = upstream.pins;
  trust.pin_only = options.pin_only;
  auto context = std::make_shared<tls::ClientContext>(trust);
  instruments.hear_secrets(*context);
  return context;
}

std::vector<std::string> certificate_files(const Options& options) {
  std::vector<std::string> files;
  if (serves_tls(options))
    files = {options.cert_file, options.key_file, options.client_ca, options.ticket_key_file};
  if (!options.pin_only) files.push_back(options.upstream_ca);
  std::erase(files, "");
  return files;
}

std::vector<std::string> folders_of(const std::vector<std::string>& files) {
  std::vector<std::string> folders;
  std::error_code ignored;  // of a file that is not there
  for (const std::string& file : files)
    for (const auto& path :
         {std::filesystem::absolute(file, ignored), std::filesystem::canonical(file, ignored)}) {
      const auto folder = path.parent_path();
      if (!path.empty()) folders.push_back(folder == folder.root_path() ? path.string() : folder.string());
    }
  return folders;
}
