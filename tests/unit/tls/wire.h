// What the TLS tests stand on: certificates made on the spot, and a wire in the test's own hands. Each end of
// a connection talks to a socket whose other end the test holds, so that it decides which octets arrive when.
// All in one thread, without a single wait.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>

#include "common/bytes.h"
#include "common/net/unique_fd.h"
#include "common/tls/issue/issue.h"
#include "common/tls/issue/raw_peer.h"
#include "common/tls/tls_context.h"
#include "common/tls/tls_error.h"
#include "common/tls/tls_stream.h"

namespace tls_test {

// A directory that goes when the test ends.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  std::string file(const std::string& name) const { return path_ + "/" + name; }
  std::string write(const std::string& name, const std::string& content) const;  // its path

 private:
  std::string path_;
};

// A CA and files of what it issued. Made once per process: keys cost time.
struct Classroom {
  TempDir directory;
  tls::Identity ca;
  std::string ca_file;
  std::string cert_file;  // DNS:dot.example, IP:127.0.0.1, IP:::1
  std::string key_file;

  Classroom();
  tls::ServerContext server() const { return {cert_file, key_file}; }
  tls::ClientOptions options(const std::string& name = "dot.example") const;
};
const Classroom& classroom();

// One end's socket, and the test's end of it. Octets that were written are there at once, in one piece.
class Cable {
 public:
  Cable();
  net::UniqueFd plug() { return std::move(plug_); }  // for the TlsStream
  Bytes take();                                      // what the stream has sent
  void give(ByteView octets);                        // what the stream shall receive
  bool ended();                                      // the stream has shut its side
  void cut();                                        // EOF, without close_notify
  int held() const { return held_.get(); }

 private:
  net::UniqueFd plug_;
  net::UniqueFd held_;
};

// A TlsStream at the end of a cable.
struct End {
  Cable cable;
  tls::TlsStream stream;
  std::optional<tls::TlsError> error;  // how its handshake failed

  explicit End(const tls::ServerContext& context) : stream(cable.plug(), context, "peer") {}
  explicit End(const tls::ClientContext& context) : stream(cable.plug(), context, "peer") {}

  bool handshake();                            // one step; true when done; failure goes into `error`
  std::string read(std::size_t size = 65536);  // "" if nothing has come
  void write(const std::string& text);
};

// Carries octets until both have finished, one way or the other. `at_a_time`: how many octets per step.
void shake(End& client, End& server, std::size_t at_a_time = 65536);
// False: the raw peer failed; its error is thrown away, ours is in `end.error`.
bool shake(End& end, tls::RawPeer& peer);

void carry(End& from, End& to);
void carry(End& from, tls::RawPeer& to);
void carry(tls::RawPeer& from, End& to);

inline ByteView octets(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace tls_test
