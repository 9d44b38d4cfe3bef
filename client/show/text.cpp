#include "client/show/text.h"

#include <algorithm>
#include <fmt/format.h>

#include "client/show/escape.h"
#include "client/show/key_exchange.h"
#include "common/dns/codes.h"
#include "common/dns/presentation.h"

namespace client {
namespace {

std::string_view upper_case(net::Transport transport) {
  return transport == net::Transport::tls ? "TLS" : transport == net::Transport::tcp ? "TCP" : "UDP";
}

// "Sun Nov 22 02:45:13 UTC 2026": dig's form.
std::string when_text(std::time_t when, bool utc) {
  std::tm parts{};
  utc ? gmtime_r(&when, &parts) : localtime_r(&when, &parts);
  char text[64];
  return {text, std::strftime(text, sizeof text, utc ? "%a %b %d %H:%M:%S UTC %Y" : "%a %b %d %H:%M:%S %Z %Y",
                              &parts)};
}

std::string tls_text(const tls::ConnectionFacts& tls) {
  return fmt::format(";; TLS: {}, {}{}{}, {}, {}\n", tls.version, tls.cipher, tls.group.empty() ? "" : ", ",
                     group_text(tls.group), tls.alpn.empty() ? "no ALPN" : "ALPN " + printable(tls.alpn),
                     tls.resumed ? "resumed" : "full handshake");
}

std::string times_text(const Answer& answer, const Connection& connection, bool first) {
  const double query = milliseconds(answer.time);
  if (connection.transport == net::Transport::udp) return fmt::format(";; Times: query {:.1f} ms\n", query);
  if (!first) return fmt::format(";; Times: query {:.1f} ms, on the same connection\n", query);
  std::string out = fmt::format(";; Times: connect {:.1f} ms, ", milliseconds(connection.connect));
  if (connection.tls) out += fmt::format("handshake {:.1f} ms, ", milliseconds(connection.handshake));
  return out + fmt::format("query {:.1f} ms\n", query);
}

ByteView cookie(const QueryOptions& query) {
  const auto found = std::ranges::find(query.options, dns::option::COOKIE, &dns::EdnsOption::code);
  return found == query.options.end() ? ByteView() : ByteView(found->value);
}

std::string rdata_lines(const dns::Message& message) {
  std::string out;
  for (const dns::Record& record : message.answers) out += dns::rdata_to_text(record.rdata) += '\n';
  return out;
}

}  // namespace

std::string footer_to_text(const Answer& answer, const Connection& connection, const Server& server,
                           bool first, std::time_t when, bool utc) {
  const std::string_view transport = upper_case(connection.transport);
  std::string out = fmt::format(";; Query time: {:.0f} msec\n", milliseconds(answer.time));
  out += fmt::format(";; SERVER: {}#{}({}) ({})\n", connection.address.host(), connection.address.port(),
                     printable(server.host), transport);
  if (connection.tls) {
    out += tls_text(*connection.tls);
    out += connection.insecure ? ";; NOT authenticated (--insecure)\n"
                               : fmt::format(";; Authenticated: {} by {}\n", printable(server.auth_name),
                                             printable(connection.authority));
  } else {
    out += fmt::format(";; NOT authenticated ({})\n",
                       connection.transport == net::Transport::tcp ? "tcp" : "udp");
  }
  out += times_text(answer, connection, first);
  out += fmt::format(";; WHEN: {}\n", when_text(when, utc));
  return out + fmt::format(";; MSG SIZE  sent: {}, rcvd: {}\n\n", answer.sent, answer.received);
}

std::string outcome_to_text(const Outcome& outcome, const Options& options, std::time_t when) {
  std::string out;
  const Show& show = options.show;
  if (std::ranges::none_of(outcome.answers, &std::optional<Answer>::has_value)) return out;
  if (show.command && !show.rdata_only)
    out += fmt::format("\n; <<>> client {} <<>> {}\n", CLIENT_VERSION, printable(options.command));
  std::vector<bool> told(outcome.connections.size());
  for (std::size_t i = 0; i < outcome.answers.size(); ++i) {
    const std::optional<Answer>& answer = outcome.answers[i];
    if (!answer) continue;
    if (show.rdata_only) {
      out += rdata_lines(answer->message);
      continue;
    }
    const Connection& connection = outcome.connections[answer->connection];
    if (show.sections.comments) {
      if (answer->connection > 0) out += ";; Truncated over UDP, asked again over TCP.\n";
      if (answer->message.questions.empty())
        out += fmt::format(";; It repeats no question; its ID is that of the query for {}.\n",
                           to_string(options.questions[i]));
      out += ";; Got answer:\n";
    }
    out += dns::to_text(answer->message, show.sections, cookie(options.query));
    if (show.statistics)
      out += footer_to_text(*answer, connection, options.server, !told[answer->connection], when, show.utc);
    told[answer->connection] = true;
  }
  return out;
}

}  // namespace client
