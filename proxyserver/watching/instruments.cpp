#include "proxyserver/watching/instruments.h"

#include <cstring>
#include <fmt/format.h>
#include <new>

#include "common/log.h"
#include "common/net/net_error.h"

namespace {

void warn(const char* event, const std::string& file, const char* advice) {
  logging::write(logging::Level::warning, event,
                 fmt::format("{} {}", logging::field("file", file), logging::field("advice", advice)));
}

}  // namespace

Instruments::Instruments(const InstrumentFiles& files) try : key_log_file_(files.key_log) {
  constexpr const char* kSecrets =
      "anybody who has this file can read what was encrypted: keep it safe, then delete it";
  if (!files.key_log.empty()) {
    key_log = std::make_unique<tls::KeyLog>(files.key_log);
    warn("secrets-written", files.key_log, kSecrets);
  }
  if (!files.capture.empty()) {
    capture = std::make_unique<Capture>(files.capture);
    warn("secrets-written", files.capture, kSecrets);
  }
  if (!files.trace.empty()) {
    trace = std::make_unique<Trace>(files.trace);
    warn("names-written", files.trace, "this file tells who asked for what");
  }
  if (!files.query_log.empty()) {
    query_log = std::make_unique<QueryLog>(files.query_log, files.query_log_privacy);
    warn("names-written", files.query_log,
         files.query_log_privacy == ClientPrivacy::full ? "this file tells who asked for what"
                                                        : "this file tells what was asked for");
  }
  if (files.metrics) metrics = std::make_unique<Metrics>();
} catch (const net::NetError& error) {
  throw UnusableFile(error.what());
}

void Instruments::log_incomplete_key_log() const noexcept {
  try {
    logging::write(logging::Level::warning, "keylog-incomplete",
                   fmt::format("{} {}", logging::field("file", key_log_file_),
                               logging::field("reason", strerrordesc_np(key_log->error()))));
  } catch (const std::bad_alloc&) {
    // Nor is there memory to say so.
  }
}

void Instruments::add_secret(std::string_view line) const noexcept {
  if (key_log && key_log->add(line)) log_incomplete_key_log();
  if (capture) capture->add_secret(line);
}

void Instruments::start() const {
  if (query_log) query_log->start();
}

std::vector<std::string> Instruments::folders_of_logs() const {
  std::vector<std::string> folders;
  if (trace) folders.push_back(trace->file().folder());
  if (query_log) folders.push_back(query_log->folder());
  std::erase(folders, "");
  return folders;
}

void Instruments::reopen_logs() const {
  if (trace) trace->file().reopen();
  if (query_log) query_log->reopen();
}

void Instruments::tell_query(const ClientName& client, net::Transport transport, ByteView message) const {
  if (metrics) metrics->query(transport);
  if (trace) trace->query(client.text(), message);
}

void Instruments::tell_answered(const Answered& what) const {
  const auto time = Answered::Clock::now() - what.came;
  if (metrics)
    metrics->answered(what.transport, what.answer.qtype, what.answer.rcode(),
                      what.cached != CacheUse::none ? Metrics::Origin::cache
                      : what.upstream != nullptr    ? Metrics::Origin::upstream
                                                    : Metrics::Origin::proxy,
                      time);
  if (trace) trace->answer(what.client.text(), what.octets, time, what.cached);
  if (query_log) query_log->add(what, time);
}
