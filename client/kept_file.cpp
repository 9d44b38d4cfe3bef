// A kept run's file: written for its owner alone, read up to the limit.
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <vector>

#include "client/kept_run.h"
#include "client/show/escape.h"
#include "common/net/net_error.h"
#include "common/net/private_file.h"
#include "common/net/unique_fd.h"

namespace client {
namespace {

constexpr std::string_view kTooLong = "it is longer than 32 MiB";

std::expected<std::string, std::string> read_file(const std::string& file) {
  const net::UniqueFd opened(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!opened.valid()) return std::unexpected(strerrordesc_np(errno));
  std::string text;
  std::vector<char> buffer(65536);
  for (;;) {
    const ssize_t count = read(opened.get(), buffer.data(), buffer.size());
    if (count == 0) return text;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::unexpected(strerrordesc_np(errno));
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() > kMostKeptOctets) return std::unexpected(std::string(kTooLong));
  }
}

}  // namespace

std::expected<void, std::string> save_run(const KeptRun& run) {
  const std::string& name = run.options.files.save;
  const auto complaint = [](std::string_view reason) {
    return std::unexpected(
        fmt::format("client: [save] the run cannot be kept; {}; try another place", printable(reason)));
  };
  const std::string text = kept_to_text(run);
  if (text.size() > kMostKeptOctets)
    return std::unexpected(
        fmt::format("client: [save] the run cannot be kept; {}; try fewer questions", kTooLong));
  try {
    net::PrivateFile file(name);
    if (file.append({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()})) return {};
    file.remove();
    return complaint(fmt::format("write {}: {}", name, strerrordesc_np(file.error())));
  } catch (const net::NetError& error) {
    return complaint(error.what());
  }
}

std::expected<KeptRun, std::string> load_run(const Options& options) {
  const std::string& name = options.files.replay;
  const auto text = read_file(name);
  if (!text) return std::unexpected(fmt::format("the kept run '{}' cannot be read: {}", name, text.error()));
  auto run = kept_from_text(*text);
  if (!run) return std::unexpected(fmt::format("the kept run '{}' cannot be read: {}", name, run.error()));
  run->options.show = options.show;
  run->options.show.utc = true;
  run->options.quiz = options.quiz;
  run->options.files.chart = options.files.chart;
  run->options.files.proxy_trace = options.files.proxy_trace;
  return run;
}

}  // namespace client
