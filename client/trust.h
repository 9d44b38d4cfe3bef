// Whom a run trusts, and what of its secrets it lets out: the options of a run as a TLS context.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "client/options.h"
#include "client/recording.h"
#include "common/tls/key_log.h"
#include "common/tls/tls_context.h"

namespace client {

class Trust {
 public:
  // `recording` gets the secrets if the run records, and what goes wrong with the key log; it must outlive
  // this. Throws NoTrustAnchor; TlsError of Kind::file; NetError if the key log cannot be opened.
  Trust(const Options& options, Recording& recording);

  const tls::ClientContext& context() const { return *context_; }
  const std::string& authority() const { return authority_; }  // a file's name, or "the system's store"

  void save_session() const;  // if the run keeps one, and the server gave one

 private:
  std::string authority_;
  std::string session_file_;
  std::optional<tls::KeyLog> key_log_;
  std::unique_ptr<tls::ClientContext> context_;
};

}  // namespace client
