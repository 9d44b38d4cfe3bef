#include "client/recording.h"

namespace client {

void Recorder::note(WireEvent::Kind kind, bool sent, ByteView octets, Time when) noexcept {
  if (octets.size() > kMostOctets - kept_) return;
  kept_ += octets.size();
  recording_.events.push_back({.when = when,
                               .connection = connection_,
                               .kind = kind,
                               .sent = sent,
                               .octets = Bytes(octets.begin(), octets.end())});
}

void Recorder::passed(bool sent, tls::Content content, ByteView octets) noexcept {
  using Kind = WireEvent::Kind;
  switch (content) {
    case tls::Content::record_header:
      return note(Kind::record_header, sent, octets);
    case tls::Content::inner_type:
      return note(Kind::inner_type, sent, octets);
    case tls::Content::handshake:
      return note(Kind::handshake, sent, octets);
    case tls::Content::change_cipher_spec:
      return note(Kind::change_cipher_spec, sent, octets);
    case tls::Content::alert:
      return note(Kind::alert, sent, octets);
  }
}

}  // namespace client
