#include "client/compare.h"

#include "common/dns/codes.h"

namespace client {
namespace {

Options over(net::Transport transport, Options options) {
  if (transport == net::Transport::tls) return options;
  options.server.transport = transport;
  options.server.port = *options.clear_port;
  if (transport == net::Transport::udp)  // RFC 7828 §3.2.1: never over UDP
    std::erase_if(options.query.options,
                  [](const dns::EdnsOption& option) { return option.code == dns::option::KEEPALIVE; });
  return options;
}

Way ask_over(net::Transport transport, const Options& options) {
  Way way{.options = over(transport, options), .outcome = {}};
  way.outcome = ask(way.options);
  return way;
}

}  // namespace

Comparison compare(const Options& options) {
  return {ask_over(net::Transport::tls, options), ask_over(net::Transport::tcp, options),
          ask_over(net::Transport::udp, options)};
}

cli::ExitCode exit_code(const Comparison& comparison) {
  for (const Way& way : comparison)
    if (way.outcome.failure) return exit_code(*way.outcome.failure);
  return cli::ok;
}

}  // namespace client
