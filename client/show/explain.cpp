#include "client/show/explain.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "client/show/escape.h"
#include "client/show/explain_handshake.h"
#include "client/show/explain_layers.h"
#include "client/show/explain_message.h"
#include "client/show/explain_record.h"
#include "client/show/explain_short.h"
#include "client/show/key_exchange.h"
#include "client/show/steps.h"
#include "client/show/tls_words.h"
#include "client/show/wrap.h"
#include "common/tls/codes.h"

namespace client {
namespace {

using Kind = WireEvent::Kind;
using net::Transport;

constexpr std::size_t kWidth = 110;

std::string_view arrow(bool sent) {
  return sent ? "->" : "<-";
}

// "one round trip", "2 round trips".
std::string round_trips(unsigned count) {
  return count == 1 ? "one round trip" : fmt::format("{} round trips", count);
}

// Tells one connection.
class Story {
 public:
  Story(const Outcome& outcome, const Options& options, std::size_t connection)
      : outcome_(outcome),
        options_(options),
        index_(connection),
        connection_(outcome.connections[connection]),
        expert_(options.show.explain == Show::Level::expert),
        records_(connection_) {}

  std::string tell(const std::vector<Step>& steps) {
    line(0, fmt::format("CONNECTION to {}, {}", connection_.address.to_string(), way()));
    for (const Step& step : steps)
      if (step.connection == index_) tell(step);
    if (const tls::TlsError* const error = rejection()) {
      blank();
      line(0, fmt::format("{}: {}. Nothing was asked.",
                          error->facts().peer ? "NOT TRUSTED" : "NO TLS CONNECTION",
                          tls::to_string(error->kind())));
    }
    if (const std::string layers = explain_layers(outcome_, index_); !layers.empty()) {
      blank();
      out_ += "OCTETS through the socket, layer by layer\n" + layers;
    }
    return std::move(out_);
  }

 private:
  std::string way() const {
    switch (connection_.transport) {
      case Transport::tls:
        return "TLS over TCP";
      case Transport::tcp:
        return "TCP: everybody on the path can read and change it";
      case Transport::udp:
        return "UDP: everybody on the path can read and change it";
    }
    return {};
  }

  // Indented, and wrapped where it is too long.
  void line(std::size_t indent, std::string_view text) {
    const std::string margin(indent, ' ');
    for (const std::string& row : wrapped(text, kWidth - indent, 4)) out_ += margin + row + '\n';
  }

  // One, however often it is asked for.
  void blank() {
    if (!out_.ends_with("\n\n")) out_ += '\n';
  }

  std::string at(const Step& step) const {
    return fmt::format("at {:.3f} ms", milliseconds(step.when - outcome_.recording.events.front().when));
  }

  void tell(const Step& step) {
    switch (step.kind) {
      case Step::Kind::connecting:
        return connecting(step);
      case Step::Kind::connected:
        return line(0,
                    fmt::format("<- SYN, ACK, {}: the connection is open after one round trip [RFC 9293 3.5]",
                                at(step)));
      case Step::Kind::refused:
        return line(0, fmt::format("<- RST, {}: nobody listens there [RFC 9293 3.5.2]", at(step)));
      case Step::Kind::given_up:
        return line(0, fmt::format("   no answer that we could use, {}", at(step)));
      case Step::Kind::closed:
        return line(0, fmt::format("{} closed by {}, {}", arrow(step.sent), step.sent ? "us" : "the server",
                                   at(step)));
      case Step::Kind::no_tls:
        return line(0, fmt::format("{} {} octets that are no TLS records, {}", arrow(step.sent), step.octets,
                                   at(step)));
      case Step::Kind::unread:
        return line(0, fmt::format("{} {} octets, {}: not read, we had stopped", arrow(step.sent),
                                   step.octets, at(step)));
      case Step::Kind::record:
      case Step::Kind::octets:
      case Step::Kind::datagram:
        return octets(step);
    }
  }

  void connecting(const Step& step) {
    if (connection_.transport == Transport::udp)
      return line(0, "   no connection: the first datagram is the query [RFC 1035 4.2.1]");
    line(0, fmt::format("-> SYN, {}: may I? [RFC 9293 3.5]", at(step)));
  }

  void octets(const Step& step) {
    count_round_trip(step);
    const bool asks = !asked_ && !step.inside.empty() && step.inside.front()->kind == Kind::message;
    if (asks) {
      asked_ = true;
      trust();
    }
    announce_encryption(step);
    line(0, fmt::format("{} {}, {}", arrow(step.sent), what_passes(step), at(step)));
    if (step.kind == Step::Kind::record && step.content == content::kChangeCipherSpec)
      line(3, tls13_ ? "says nothing: it is there for middleboxes that expect TLS 1.2 [RFC 8446 D.4]"
                     : "all that follows is encrypted with the new keys [RFC 5246 7.1]");
    for (const WireEvent* const event : step.inside)
      if (is_hello(*event)) tls13_ = hello_words(event->octets).tls13;
    if (expert_ && step.kind == Step::Kind::record)
      for (const std::string& part : records_.lines(step, tls13_)) line(3, part);
    for (const WireEvent* const event : step.inside) inside(*event, step.encrypted);
  }

  void count_round_trip(const Step& step) {
    if (!step.sent && waiting_) ++round_trips_;
    waiting_ = step.sent;
  }

  std::string what_passes(const Step& step) const {
    if (step.kind == Step::Kind::octets) return fmt::format("{} octets in clear", step.octets);
    if (step.kind == Step::Kind::datagram) return fmt::format("datagram of {} octets in clear", step.octets);
    return fmt::format("record {}, {} octets, {}", content_type_name(step.content), step.octets,
                       step.encrypted ? "encrypted" : "in clear");
  }

  // TLS 1.3 encrypts all after the ServerHello, TLS 1.2 all after ChangeCipherSpec.
  void announce_encryption(const Step& step) {
    bool& told = encrypted_[step.sent ? 1 : 0];
    if (!step.encrypted || told) return;
    told = true;
    line(3, fmt::format(
                "---- from here on all that {} is encrypted: the path sees record headers and sizes ----",
                step.sent ? "we send" : "the server sends"));
  }

  void inside(const WireEvent& event, bool encrypted) {
    switch (event.kind) {
      case Kind::handshake:
        return handshake(event.octets, encrypted, event.sent);
      case Kind::alert:
        return line(
            3, fmt::format("alert: {} [RFC {}]", alert_text(event.octets), tls13_ ? "8446 6" : "5246 7.2"));
      case Kind::message:
        return message(event);
      default:
        return;
    }
  }

  void handshake(ByteView octets, bool encrypted, bool sent) {
    if (octets.empty()) return;
    const std::string purpose = handshake_purpose(octets, tls13_);
    line(3, fmt::format("{}, {} octets{}{}", handshake_name(octets), octets.size(),
                        purpose.empty() ? "" : ": ", purpose));
    for (const std::string& content : handshake_contents(octets, tls13_, expert_)) line(6, content);
    const bool shows_certificate =
        octets[0] == tls::handshake::kCertificate || octets[0] == tls::handshake::kCompressedCertificate;
    if (shows_certificate && !sent) certificate(encrypted);
  }

  // What OpenSSL read in the certificate, when it is at hand: after a failure, with the reason.
  void certificate(bool encrypted) {
    const tls::TlsError* const error = rejection();
    const auto& peer = connection_.tls ? connection_.tls->peer
                       : error         ? error->facts().peer
                                       : std::optional<tls::CertificateFacts>();
    if (!peer) return;
    line(6, "subject: " + peer->subject);
    line(6, "issuer: " + peer->issuer);
    line(6, fmt::format("names: {}", fmt::join(peer->names, ", ")));
    line(6, fmt::format("valid: from {:%Y-%m-%d %H:%M:%S} to {:%Y-%m-%d %H:%M:%S} UTC",
                        tls::utc(peer->not_before), tls::utc(peer->not_after)));
    line(6, "pin: sha256/" + peer->pin + ", of its key [RFC 7858 4.2]");
    if (!encrypted) line(6, "in clear: before TLS 1.3 the path sees which server we ask");
  }

  const tls::TlsError* rejection() const {
    const bool last = index_ + 1 == outcome_.connections.size();
    return outcome_.failure && last ? std::get_if<tls::TlsError>(&outcome_.failure->cause) : nullptr;
  }

  // Before the first query: what the handshake took, and why we go on.
  void trust() {
    if (!connection_.tls) return;
    blank();
    line(0, fmt::format("TLS is open: {}, {}{}{}; {}, {:.3f} ms", connection_.tls->version,
                        connection_.tls->cipher, connection_.tls->group.empty() ? "" : ", ",
                        group_text(connection_.tls->group), round_trips(round_trips_),
                        milliseconds(connection_.handshake)));
    key_exchange();
    line(0, reason());
    if (!options_.pin_only) line(3, "trust anchors: " + printable(connection_.authority));
    if (connection_.tls->alpn.empty())
      line(3, "no ALPN: the server did not say which protocol it speaks here [RFC 7301 3.1]");
    blank();
  }

  void key_exchange() {
    const std::string_view group = connection_.tls->group;
    if (group.empty()) return;
    line(3, future_text(group));
    if (!is_post_quantum(group)) return;
    const ShareSum shares = share_sum(outcome_, index_);
    line(3, fmt::format("The price: {} octets of key shares sent and {} received, where x25519 takes 32 and "
                        "32; our first flight had {} octets, and a packet of Ethernet carries 1460.",
                        shares.sent, shares.received, first_flight()));
  }

  // Octets that we sent before the server said anything.
  std::size_t first_flight() const {
    std::size_t octets = 0;
    for (const WireEvent& event : outcome_.recording.events) {
      if (event.connection != index_ || event.kind != Kind::wire) continue;
      if (!event.sent) break;
      octets += event.octets.size();
    }
    return octets;
  }

  std::string reason() const {
    const std::string name = printable(options_.server.auth_name);
    if (connection_.overlooked)
      return fmt::format("NOT TRUSTED, and used all the same (--insecure): a strict client says \"{}\".",
                         tls::to_string(connection_.overlooked->kind()));
    if (connection_.tls->resumed)
      return fmt::format(
          "TRUSTED without a certificate: the keys come from an earlier connection, by its ticket, and "
          "the certificate that {} showed there passes the same checks. [RFC {}]",
          name, tls13_ ? "8446 2.2" : "5077 3.1");
    if (options_.pin_only)
      return "TRUSTED: the key of its certificate is one of the pins; name, issuer and dates were not "
             "looked at. [RFC 7858 4.2]";
    return fmt::format(
        "TRUSTED: {} is among the certificate's names, a trust anchor vouches for it, today is within its "
        "dates{}, and the server has its private key. [RFC 8310 8.1]",
        name, options_.pins.empty() ? "" : ", a key of the chain is one of the pins");
  }

  void message(const WireEvent& event) {
    const std::size_t size = event.octets.size();
    std::string title = fmt::format("{}, {} octets", event.sent ? "QUERY" : "ANSWER", size);
    if (connection_.transport != Transport::udp)
      title += fmt::format("; the two octets before it, {:02x} {:02x}, give its length [RFC 7766 8]",
                           size >> 8, size & 0xff);
    blank();
    out_ += explain_message(event.octets, title, expert_) + '\n';
  }

  const Outcome& outcome_;
  const Options& options_;
  const std::size_t index_;
  const Connection& connection_;
  const bool expert_;
  RecordCount records_;
  std::string out_;
  bool encrypted_[2] = {};  // whether that has been told: of what came, of what was sent
  bool tls13_ = false;      // as the newest hello has it: offered, then chosen
  bool asked_ = false;
  bool waiting_ = false;  // we sent last
  unsigned round_trips_ = 0;
};

}  // namespace

std::string explain(const Outcome& outcome, const Options& options) {
  std::string out;
  if (outcome.recording.events.empty()) return out;
  const std::vector<Step> steps = steps_of(outcome);
  for (std::size_t i = 0; i < outcome.connections.size(); ++i) {
    if (i > 0) out += "\n";
    out += options.show.explain == Show::Level::brief ? explain_short(outcome, i, steps)
                                                      : Story(outcome, options, i).tell(steps);
  }
  if (outcome.failure) out += "\nThe run failed here; the error message says why.\n";
  return out;
}

}  // namespace client
