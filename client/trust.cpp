#include "client/trust.h"

#include <unistd.h>

#include "client/failure.h"

namespace client {
namespace {

// The trust anchors of a run that names none. For a server on this machine, the demo's here, or the one that
// was installed; for any other the system's store (empty): everybody has the key to the demo's certificate.
std::string default_ca(const Server& server, bool insecure) {
  if (!is_this_machine(server.host)) return "";
  for (const char* const file : {"cert.pem", INSTALLED_CA})
    if (access(file, F_OK) == 0) return file;
  if (insecure) return "";  // the system's store will do to say what would have been wrong
  throw NoTrustAnchor("neither cert.pem nor " INSTALLED_CA " is there");
}

}  // namespace

Trust::Trust(const Options& options, Recording& recording) : session_file_(options.files.session) {
  std::string file = options.ca;  // empty: the system's store, or none with --pin-only
  if (file == kSystemCa)
    file.clear();
  else if (file.empty() && !options.pin_only)
    file = default_ca(options.server, options.insecure);
  authority_ = options.pin_only ? "its pin" : file.empty() ? std::string(kSystemStore) : file;
  context_ = std::make_unique<tls::ClientContext>(tls::ClientOptions{.ca_file = file,
                                                                     .auth_name = options.server.auth_name,
                                                                     .sni = options.sni,
                                                                     .pins = options.pins,
                                                                     .pin_only = options.pin_only,
                                                                     .cert_file = options.cert,
                                                                     .key_file = options.key,
                                                                     .least = options.least_version,
                                                                     .most = options.most_version,
                                                                     .groups = options.groups,
                                                                     .alpn = options.alpn,
                                                                     .verify = !options.insecure});
  if (!session_file_.empty()) context_->load_session(session_file_);
  if (!options.files.keylog.empty()) key_log_.emplace(options.files.keylog);
  if (!key_log_ && !options.records()) return;
  context_->tell_secrets([this, &options, &recording](std::string_view line) {
    if (key_log_ && key_log_->add(line)) recording.key_log_error = key_log_->error();
    if (options.records()) recording.secrets.emplace_back(line);
  });
}

void Trust::save_session() const {
  if (!session_file_.empty()) context_->save_session(session_file_);
}

}  // namespace client
