#include "client/show/eavesdropper.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "client/show/escape.h"
#include "client/show/hex.h"
#include "client/show/step_words.h"
#include "client/show/tls_words.h"
#include "client/show/wrap.h"
#include "common/tls/codes.h"

namespace client {
namespace {

using net::Transport;

constexpr std::size_t kLeft = 46;   // columns of what the path sees
constexpr std::size_t kRight = 45;  // and of what the ends see

bool is_resumed(const Connection& connection) {
  return connection.tls && connection.tls->resumed;
}

bool speaks_tls12(const Connection& connection) {
  return connection.tls && connection.tls->version != "TLSv1.3";
}

std::string words_of_all(const std::vector<const WireEvent*>& inside) {
  std::string text;
  for (const WireEvent* event : inside) (text += text.empty() ? "" : "\n") += words_of(*event);
  return text;
}

std::string peer_subject(const Connection& connection) {
  return connection.tls && connection.tls->peer ? connection.tls->peer->subject : "";
}

bool holds_certificate(const Step& step) {
  return std::ranges::any_of(step.inside, [](const WireEvent* event) {
    return event->kind == WireEvent::Kind::handshake && !event->octets.empty() &&
           (event->octets[0] == tls::handshake::kCertificate ||
            event->octets[0] == tls::handshake::kCompressedCertificate);
  });
}

// What is inside a record, for those who can read it.
std::string contents(const Step& step, const Connection& connection) {
  std::string text = words_of_all(step.inside);
  if (holds_certificate(step) && !step.sent && !peer_subject(connection).empty())
    text += " of " + peer_subject(connection);
  return text;
}

std::string seen_on_path(const Step& step, const Connection& connection) {
  const std::string server = connection.address.to_string();
  switch (step.kind) {
    case Step::Kind::connecting:
      return "TCP SYN to " + server;
    case Step::Kind::connected:
      return "TCP SYN, ACK: the connection is open";
    case Step::Kind::refused:
      return "TCP RST: nobody listens there";
    case Step::Kind::given_up:
      return "no answer that the client could use";
    case Step::Kind::closed:
      return step.sent ? "TCP FIN: the client ends it" : "TCP FIN: the server ends it";
    case Step::Kind::octets:
      return fmt::format("TCP, {} octets in clear: {}", step.octets, words_of_all(step.inside));
    case Step::Kind::datagram:
      return fmt::format("UDP, {} octets in clear: {}", step.octets, words_of_all(step.inside));
    case Step::Kind::no_tls:
    case Step::Kind::unread:
      return fmt::format("{} octets", step.octets);
    case Step::Kind::record:
      break;
  }
  const std::string record = fmt::format("{}, {} octets", content_type_name(step.content), step.octets);
  if (step.encrypted) return record + ", encrypted";
  const std::string held = contents(step, connection);
  return held.empty() ? record : fmt::format("{}: {}", record, held);
}

std::string seen_at_the_ends(const Step& step, const Connection& connection) {
  if (step.kind == Step::Kind::no_tls) return "no TLS records: nobody reads them";
  if (step.kind == Step::Kind::unread) return "not read: we had stopped";
  if (step.kind != Step::Kind::record) return step.inside.empty() ? "" : "the same";
  if (step.content == content::kChangeCipherSpec) {
    if (!connection.tls) return "";
    return speaks_tls12(connection) ? "all that follows is encrypted"
                                    : "no meaning: old middleboxes expect it";
  }
  if (step.inside.empty()) return "a part of a message";
  return step.encrypted ? contents(step, connection) : "the same";
}

std::string table(const Outcome& outcome) {
  std::string out;
  const std::vector<Step> steps = steps_of(outcome);
  if (steps.empty()) return out;
  std::size_t shown = outcome.connections.size();  // the connection that the last rows were about
  for (const Step& step : steps) {
    const Connection& connection = outcome.connections[step.connection];
    if (connection.transport == Transport::udp && step.kind == Step::Kind::connecting) continue;
    if (step.connection != shown) {
      shown = step.connection;
      const std::string local = connection.local ? connection.local->to_string() : "here";
      out += fmt::format(";; {} -> {}\n", local, connection.address.to_string());
      out += fmt::format(";; {:>9}     {:<{}} | {}\n", "ms", "SOMEBODY ON THE PATH SEES", kLeft,
                         "THE TWO ENDS SEE");
    }
    const auto left = wrapped(seen_on_path(step, connection), kLeft);
    const auto right = wrapped(seen_at_the_ends(step, connection), kRight);
    for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
      const std::string when = i > 0
                                   ? std::string(12, ' ')
                                   : fmt::format("{:>9.3f} {}", milliseconds(step.when - steps.front().when),
                                                 step.sent ? "->" : "<-");
      std::string line = fmt::format(";; {}  {:<{}} | {}", when, i < left.size() ? left[i] : "", kLeft,
                                     i < right.size() ? right[i] : "");
      line.erase(line.find_last_not_of(' ') + 1);
      out += line + '\n';
    }
  }
  return out;
}

std::string by_udp(const Outcome& outcome, const Options& options) {
  if (options.questions.empty() || outcome.answers.empty()) return "";
  const dns::Question& question = options.questions.front();
  QueryOptions plain = options.query;
  plain.padding_block = 0;
  Bytes query = Queries({question}, plain, false).all().front().wire;
  // The same message has the same ID; none was drawn if nothing was asked.
  const auto& answer = outcome.answers.front();
  const Bytes id = answer ? answer->query_wire : Bytes();
  for (std::size_t i = 0; i < 2; ++i) query[i] = i < id.size() ? id[i] : 0;
  std::string out = ";;\n;; THE SAME QUERY OVER PLAIN UDP (an example, it was not sent)\n";
  out += in_paragraph(
      fmt::format("It would be one datagram to port 53. Everybody on the path could read \"{}\" in it, and "
                  "the answer as well. Its {} octets:",
                  to_string(question), query.size()));
  for (const std::string& row : hex_dump(query)) out += ";;   " + row + '\n';
  return out;
}

std::string verdict(const Outcome& outcome) {
  const Connection& connection = outcome.connections.back();
  const bool asked = std::ranges::any_of(outcome.recording.events, [](const WireEvent& event) {
    return event.kind == WireEvent::Kind::message && event.sent;
  });
  if (!asked) return "Nothing was asked: it failed before a question could leave, so that none leaked.";
  if (connection.transport != Transport::tls)
    return "Hidden: nothing. Who asked, which server, when, for what name, and what the answer was: all of "
           "it passed in clear, and somebody on the path could have changed it.";
  std::string text = "Hidden: the question and its answer";
  if (!speaks_tls12(connection) && !is_resumed(connection))
    text += ", and (TLS 1.3) the server's certificate";
  text += ". Not hidden: that ";
  text += connection.local ? connection.local->host() : "this host";
  text += fmt::format(" spoke with {}, port {}", connection.address.host(), connection.address.port());
  if (connection.address.port() == 853) text += ", which is DNS over TLS (RFC 7858)";
  text += "; when, how often and for how long";
  bool query_padded = false, answer_padded = false, told = false;
  for (const WireEvent& event : outcome.recording.events) {
    if (event.kind == WireEvent::Kind::message)
      (event.sent ? query_padded : answer_padded) = is_padded(event.octets);
    if (event.kind != WireEvent::Kind::handshake || !event.sent) continue;
    if (std::exchange(told, true)) continue;  // the hello after a HelloRetryRequest says the same
    const HelloWords hello = hello_words(event.octets);
    if (!hello.alpn.empty())
      text += fmt::format(". ALPN {} in the ClientHello shows which protocol this is",
                          fmt::join(hello.alpn, " "));
    if (!hello.server_name.empty()) text += ". SNI shows the server's name " + hello.server_name;
  }
  if (speaks_tls12(connection) && !is_resumed(connection))
    text += ". With TLS 1.2 the server's certificate is in clear: " + peer_subject(connection);
  text += ". The sizes can be seen: ";
  text += query_padded ? "padding gives queries for many names the same size"
                       : "the query is not padded, so its size shows the length of the name";
  text += answer_padded ? ", and answers as well."
                        : ", but the answer is not padded: its size may give the name away.";
  return text;
}

}  // namespace

std::string eavesdropper_to_text(const Outcome& outcome, const Options& options) {
  if (outcome.connections.empty()) return "";
  std::string out = table(outcome);
  if (options.server.transport != Transport::udp) out += by_udp(outcome, options);
  return out + ";;\n" + in_paragraph(verdict(outcome)) + '\n';
}

}  // namespace client
