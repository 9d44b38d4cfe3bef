#include "client/show/explain_short.h"

#include <algorithm>
#include <fmt/format.h>

#include "client/show/escape.h"
#include "client/show/explain_handshake.h"
#include "client/show/step_words.h"
#include "client/show/tls_words.h"
#include "client/show/wrap.h"

namespace client {
namespace {

using Kind = WireEvent::Kind;

constexpr std::size_t kWidth = 110;
constexpr std::string_view kMargin =
    "                             ";  // as wide as what is before a step's words

// The purpose of a handshake message without its RFC, which is for a later lesson.
std::string purpose_of(ByteView message, bool tls13) {
  std::string purpose = handshake_purpose(message, tls13);
  if (const std::size_t rfc = purpose.find(" [RFC"); rfc != std::string::npos) purpose.resize(rfc);
  return purpose;
}

class ShortStory {
 public:
  ShortStory(const Outcome& outcome, std::size_t connection)
      : outcome_(outcome), index_(connection), connection_(outcome.connections[connection]) {}

  std::string tell(const std::vector<Step>& steps) {
    const auto ours = std::ranges::count(steps, index_, &Step::connection);
    out_ = fmt::format("CONNECTION to {}, {}\n", connection_.address.to_string(),
                       ours == 1 ? "one step" : fmt::format("{} steps", ours));
    for (const Step& step : steps)
      if (step.connection == index_) tell(step);
    const bool last = index_ + 1 == outcome_.connections.size();
    if (const auto* error =
            outcome_.failure && last ? std::get_if<tls::TlsError>(&outcome_.failure->cause) : nullptr)
      aside(fmt::format("{}: {}. Nothing was asked",
                        error->facts().peer ? "NOT TRUSTED" : "NO TLS CONNECTION",
                        tls::to_string(error->kind())));
    return std::move(out_);
  }

 private:
  void tell(const Step& step) {
    if (!asked_ && !step.inside.empty() && step.inside.front()->kind == Kind::message) {
      asked_ = true;
      trust();
    }
    out_ += cut(fmt::format("{:3} {} {:9} {:>5} {:6}  {}", ++number_, step.sent ? "->" : "<-",
                            who_reads(step), step.octets > 0 ? fmt::to_string(step.octets) : "",
                            step.octets > 0 ? "octets" : "", words(step)),
                kWidth) +
            '\n';
  }

  static std::string_view who_reads(const Step& step) {
    const bool carries = step.kind == Step::Kind::record || step.kind == Step::Kind::octets ||
                         step.kind == Step::Kind::datagram;
    return !carries ? "" : step.encrypted ? "encrypted" : "in clear";
  }

  std::string words(const Step& step) {
    switch (step.kind) {
      case Step::Kind::connecting:
        return connection_.transport == net::Transport::udp ? "no connection: the question goes at once"
                                                            : "SYN: may we talk?";
      case Step::Kind::connected:
        return "SYN, ACK: yes";
      case Step::Kind::refused:
        return "RST: nobody listens there";
      case Step::Kind::given_up:
        return "no answer that we could use";
      case Step::Kind::closed:
        return step.sent ? "we end it" : "the server ends it";
      case Step::Kind::no_tls:
        return "no TLS";
      case Step::Kind::unread:
        return "not read: we had stopped";
      case Step::Kind::record:
      case Step::Kind::octets:
      case Step::Kind::datagram:
        break;
    }
    if (step.kind == Step::Kind::record && step.content == content::kChangeCipherSpec)
      return tls13_ ? "change_cipher_spec: no meaning in TLS 1.3; old firewalls expect it"
                    : "change_cipher_spec: from here on encrypted";
    if (step.inside.empty()) return step.encrypted ? "a part of a longer message" : "";
    std::string text;
    for (const WireEvent* const event : step.inside) {
      if (is_hello(*event)) tls13_ = hello_words(event->octets).tls13;
      text += (text.empty() ? "" : "; ") + content(*event);
    }
    return text;
  }

  std::string content(const WireEvent& event) const {
    if (event.kind == Kind::message) {  // its size is not the record's, and would need more words
      const std::string text = words_of(event);
      return text.substr(0, text.rfind(", "));
    }
    if (event.kind != Kind::handshake) return words_of(event);
    const std::string purpose = purpose_of(event.octets, tls13_);
    return handshake_name(event.octets) + (purpose.empty() ? "" : ": " + purpose);
  }

  // Before the question: why we ask this server.
  void trust() {
    if (!connection_.tls) return;
    aside(connection_.overlooked     ? "NOT TRUSTED, and asked all the same (--insecure)"
          : connection_.tls->resumed ? "TRUSTED: it has the keys of an earlier connection"
          : connection_.authority.empty()
              ? "TRUSTED: its key is the one that was given"
              : "TRUSTED: " + printable(connection_.authority) + " vouches for its certificate");
  }

  void aside(const std::string& text) {
    for (const std::string& row : wrapped(text, kWidth - kMargin.size(), 4))
      out_ += fmt::format("{}{}\n", kMargin, row);
  }

  const Outcome& outcome_;
  const std::size_t index_;
  const Connection& connection_;
  std::string out_;
  unsigned number_ = 0;
  bool tls13_ = false;  // as the newest hello has it
  bool asked_ = false;
};

}  // namespace

std::string explain_short(const Outcome& outcome, std::size_t connection, const std::vector<Step>& steps) {
  return ShortStory(outcome, connection).tell(steps);
}

}  // namespace client
