#include "client/show/steps.h"

#include <algorithm>
#include <deque>

#include "client/show/sealing.h"
#include "client/show/tls_words.h"
#include "common/tls/codes.h"

namespace client {
namespace {

using Kind = WireEvent::Kind;
using net::Transport;

constexpr std::size_t kRecordHeader = 5;
constexpr std::size_t kLengthPrefix = 2;  // before each DNS message of a stream (RFC 7766 §8)

// One connection, one direction.
struct Lane {
  std::size_t wire = 0;     // octets that passed the socket,
  std::size_t records = 0;  // and those of them that were told as records
  std::size_t last = 0;     // index of the newest step that holds octets
  bool any = false;
  bool ciphered = false;                 // after ChangeCipherSpec, before TLS 1.3 (RFC 5246 §7.1)
  std::deque<const WireEvent*> waiting;  // messages sent, before the octets that carry them
  std::size_t begun = 0;                 // of waiting.front(): octets that have gone
};

class Steps {
 public:
  explicit Steps(const Outcome& outcome)
      : outcome_(outcome),
        stands_(outcome.connections.size()),
        tls13_(outcome.connections.size()),
        lanes_(outcome.connections.size() * 2) {}

  std::vector<Step> conduct() {
    for (const WireEvent& event : outcome_.recording.events)
      if (event.connection < outcome_.connections.size()) add(event);
    for (std::size_t i = 0; i < lanes_.size(); ++i) settle(lanes_[i], i / 2, i % 2 == 1);
    std::ranges::stable_sort(steps_, {}, &Step::when);
    return std::move(steps_);
  }

 private:
  Lane& lane_of(const WireEvent& event) { return lanes_[event.connection * 2 + (event.sent ? 1 : 0)]; }
  const Connection& connection_of(const WireEvent& event) const {
    return outcome_.connections[event.connection];
  }

  Step& push(const WireEvent& event, Step::Kind kind, std::size_t octets = 0) {
    return steps_.emplace_back(Step{.kind = kind,
                                    .when = event.when,
                                    .connection = event.connection,
                                    .sent = event.sent,
                                    .octets = octets});
  }

  void add(const WireEvent& event) {
    const Transport transport = connection_of(event).transport;
    switch (event.kind) {
      case Kind::connecting:
        push(event, Step::Kind::connecting);
        return;
      case Kind::connected:
        stands_[event.connection] = true;
        push(event, Step::Kind::connected);
        return;
      case Kind::closed:
        push(event, stands_[event.connection] ? Step::Kind::closed
                    : event.sent              ? Step::Kind::given_up
                                              : Step::Kind::refused);
        return;
      case Kind::wire:
        lane_of(event).wire += event.octets.size();
        if (transport == Transport::tls) return;
        push(event, transport == Transport::udp ? Step::Kind::datagram : Step::Kind::octets,
             event.octets.size());
        return opened(lane_of(event), event.octets.size());
      case Kind::record_header:
        return record(event);
      case Kind::message:
        if (event.sent && transport != Transport::udp)
          lane_of(event).waiting.push_back(&event);
        else
          hold(event);
        return;
      case Kind::handshake:
        if (!event.sent)
          tls13_[event.connection] = tls13_[event.connection] || hello_words(event.octets).tls13;
        return hold(event);
      case Kind::alert:
        return hold(event);
      case Kind::change_cipher_spec:
      case Kind::inner_type:
      case Kind::handshaken:
        return;
    }
  }

  void record(const WireEvent& event) {
    const Bytes& header = event.octets;
    if (header.size() != kRecordHeader || !is_content_type(header[0])) return;
    Lane& lane = lane_of(event);
    const std::size_t length = static_cast<std::size_t>(header[3] << 8 | header[4]);
    Step& step = push(event, Step::Kind::record, kRecordHeader + length);
    step.content = header[0];
    step.version = static_cast<std::uint16_t>(header[1] << 8 | header[2]);
    step.encrypted = step.content == content::kApplicationData ||
                     (lane.ciphered && step.content != content::kChangeCipherSpec);
    // In TLS 1.3 it changes nothing: after a HelloRetryRequest both hellos are still in clear (RFC 8446
    // §D.4).
    if (step.content == content::kChangeCipherSpec) lane.ciphered = !tls13_[event.connection];
    lane.records += step.octets;
    const std::size_t added = sealing_of(connection_of(event)).total();
    opened(lane, step.content == content::kApplicationData && length > added ? length - added : 0);
  }

  // The newest step has room for `room` octets of messages.
  void opened(Lane& lane, std::size_t room) {
    lane.last = steps_.size() - 1;
    lane.any = true;
    while (room > 0 && !lane.waiting.empty()) {
      const WireEvent& message = *lane.waiting.front();
      if (lane.begun == 0) steps_.back().inside.push_back(&message);
      const std::size_t taken = std::min(room, message.octets.size() + kLengthPrefix - lane.begun);
      lane.begun += taken;
      room -= taken;
      if (lane.begun < message.octets.size() + kLengthPrefix) return;
      lane.waiting.pop_front();
      lane.begun = 0;
    }
  }

  void hold(const WireEvent& event) {
    if (Lane& lane = lane_of(event); lane.any) steps_[lane.last].inside.push_back(&event);
  }

  // A peer that does not speak TLS, a record that came in part, or one that nobody read any more.
  void settle(Lane& lane, std::size_t connection, bool sent) {
    if (outcome_.connections[connection].transport != Transport::tls) return;
    if (lane.records > lane.wire) steps_[lane.last].octets -= lane.records - lane.wire;
    if (lane.records >= lane.wire) return;
    // Behind the last record of that side, if there is any.
    Step rest{.kind = lane.any ? Step::Kind::unread : Step::Kind::no_tls,
              .when = {},
              .connection = connection,
              .sent = sent};
    for (const WireEvent& event : outcome_.recording.events)
      if (event.connection == connection && event.sent == sent && event.kind == Kind::wire)
        rest.when = event.when;
    if (lane.any) rest.when = std::max(rest.when, steps_[lane.last].when);
    rest.octets = lane.wire - lane.records;
    steps_.push_back(std::move(rest));
  }

  const Outcome& outcome_;
  std::vector<bool> stands_;  // by connection: it has come to stand
  std::vector<bool> tls13_;   // by connection: the server has chosen it
  std::vector<Lane> lanes_;
  std::vector<Step> steps_;
};

}  // namespace

bool is_hello(const WireEvent& event) {
  if (event.kind != Kind::handshake || event.octets.empty()) return false;
  return event.octets[0] == tls::handshake::kClientHello || event.octets[0] == tls::handshake::kServerHello;
}

std::vector<Step> steps_of(const Outcome& outcome) {
  return Steps(outcome).conduct();
}

}  // namespace client
