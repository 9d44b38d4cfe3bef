// What looks over the proxy's shoulder: each is there where it was asked for, and null elsewhere. Built
// before threads start, then shared by all.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "common/tls/key_log.h"
#include "proxyserver/watching/capture.h"
#include "proxyserver/watching/trace.h"

struct InstrumentFiles {  // empty: not asked for
  std::string key_log;
  std::string capture;
  std::string trace;
};

// A file that the proxy needs and cannot use, and why.
class UnusableFile : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Instruments {
  // Opens the files, and warns of those that give secrets away. Throws UnusableFile.
  explicit Instruments(const InstrumentFiles& files);

  // From now on this context's secrets go where they were asked for. Before its first connection; the context
  // must not outlive this.
  template <typename Context>
  void hear_secrets(Context& context) const {
    if (key_log || capture) context.tell_secrets([this](std::string_view line) { add_secret(line); });
  }

  std::unique_ptr<tls::KeyLog> key_log;
  std::unique_ptr<Capture> capture;
  std::unique_ptr<Trace> trace;

 private:
  void add_secret(std::string_view line) const noexcept;
  void log_incomplete_key_log() const noexcept;

  const std::string key_log_file_;
};
