// The other end of a TLS connection for tests, without a socket: octets for the wire come out of transmit()
// and those from the wire go into receive(). It does what TlsStream never would: speak only one version,
// offer strange protocols, flood with key updates or tickets, try to renegotiate. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/bytes.h"
#include "common/tls/handles.h"

namespace tls {

struct RawOptions {
  std::string cert_file;  // with key_file: a server; without: a client, which verifies nothing
  std::string key_file;
  int version = 0;                // 0x0302 for TLS 1.1 alone, and so on; 0: any
  std::vector<std::string> alpn;  // client: offered; server: the first is selected, none: no answer
  std::string suites;             // of TLS 1.2, as OpenSSL spells them; empty: its defaults
  std::string groups;             // a list as SSL_CTX_set1_groups_list(3) has it; empty: OpenSSL's own
};

class RawPeer {
 public:
  explicit RawPeer(const RawOptions& options);  // throws std::runtime_error, as all below
  RawPeer again() const;  // the next connection of the same peer; a client offers the session it has now

  void receive(ByteView octets);
  Bytes transmit();  // all that is waiting to go out

  bool handshake();  // one step; true when done
  void write(ByteView octets);
  Bytes read();  // what has come, perhaps nothing
  void key_update(bool ask_back = false);
  void send_ticket();
  void renegotiate();  // TLS 1.2: what a client says to begin again
  void close();        // close_notify

  std::string alert_received() const { return alert_; }  // the last one's registry number, decimal; or empty
  std::string server_name() const;                       // a server's view of SNI
  std::string cipher() const;
  bool resumed() const;

 private:
  struct Shared;
  explicit RawPeer(std::shared_ptr<Shared> shared);
  int checked(int result, const char* action);

  std::shared_ptr<Shared> shared_;
  Ssl ssl_;
  std::string alert_;
};

}  // namespace tls
