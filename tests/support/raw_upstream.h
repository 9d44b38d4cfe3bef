// A resolver that misbehaves below DNS as well: after each query its script does what it likes with the
// connection, by TLS or past it. On tls://127.0.0.1, with a certificate of its own; one thread per
// connection.
#pragma once

#include <functional>
#include <list>
#include <thread>

#include "common/tls/issue/raw_peer.h"
#include "tests/support/lab.h"

// One connection of the proxy, as the script holds it.
class RawLink {
 public:
  explicit RawLink(net::UniqueFd socket, const tls::RawPeer& listener);

  tls::RawPeer& tls() { return tls_; }
  void send(const dns::Message& message);     // a frame
  void send_sealed(ByteView octets);          // by TLS
  void send_raw(ByteView octets);             // past it
  void push() { send_raw(tls_.transmit()); }  // what tls() has made
  void hang_up();

 private:
  friend class RawUpstream;
  net::UniqueFd socket_;
  tls::RawPeer tls_;
  Bytes received_;  // not a whole query yet
};

class RawUpstream {
 public:
  // Called by the connections' threads. `first` is called when a connection has been accepted, before its
  // handshake.
  using Script = std::function<void(RawLink&, const dns::Message& query)>;
  using First = std::function<void(RawLink&)>;
  explicit RawUpstream(Script script, First first = {});
  ~RawUpstream();

  Arguments as_upstream() const;  // a Proxy's --upstream and --upstream-ca

 private:
  void accept_all();
  void serve(net::UniqueFd socket);
  bool take(RawLink& link);  // false: closed
  bool wait(int fd) const;   // false: to stop

  const Script script_;
  const First first_;
  TempDir directory_;
  net::UniqueFd listener_;
  net::UniqueFd stopping_;  // an eventfd, readable for all threads once written
  std::optional<tls::RawPeer> peer_;
  std::list<std::thread> connections_;  // the accepting thread's alone
  std::thread accepting_;               // last: it uses all the others
};
