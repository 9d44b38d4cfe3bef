// Files that cannot be used: the error names the file and says what is wrong with it.
#include <chrono>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/catch.h"
#include "tests/unit/tls/wire.h"

using namespace tls_test;
using Kind = tls::TlsError::Kind;

namespace {

std::string complaint(const std::string& cert, const std::string& key) {
  try {
    tls::ServerContext(cert, key);
  } catch (const tls::TlsError& error) {
    CHECK(error.kind() == Kind::file);
    return error.what();
  }
  return "";
}

std::string ca_complaint(const std::string& file) {
  try {
    tls::ClientContext(tls::ClientOptions{.ca_file = file, .auth_name = "dot.example", .sni = {}});
  } catch (const tls::TlsError& error) {
    CHECK(error.kind() == Kind::file);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("Contexts tell by their certificates and anchors whether they are alike") {
  const Classroom& room = classroom();
  const tls::ServerContext one = room.server();
  const tls::ServerContext same = room.server();
  const tls::ServerContext asks(room.cert_file, room.key_file, room.ca_file);
  CHECK(one.chain() == same.chain());
  CHECK(one.client_anchors().empty());
  CHECK(asks.client_anchors().size() == 32);

  const tls::Identity other = tls::issue_self_signed({.common_name = "other", .names = {"DNS:other"}});
  const TempDir directory;
  const std::string cert = directory.write("cert.pem", other.certificate);
  const tls::ServerContext different(cert, directory.write("key.pem", other.key));
  CHECK(one.chain() != different.chain());

  const std::string order = directory.write("a.pem", other.certificate + room.ca.certificate);
  const std::string another = directory.write("b.pem", room.ca.certificate + other.certificate);
  const auto anchors = [&](const std::string& file) {
    tls::ClientOptions options = room.options();
    options.ca_file = file;
    return tls::ClientContext(options).anchors();
  };
  CHECK(anchors(order) == anchors(another));
  CHECK(anchors(order) != anchors(room.ca_file));
  CHECK(anchors(room.ca_file) == asks.client_anchors());
}

TEST_CASE("A server's files: what cannot be used is named, with the reason") {
  const Classroom& c = classroom();
  const TempDir& d = c.directory;
  CHECK(complaint(c.cert_file, c.key_file).empty());
  CHECK(complaint("/nowhere/c.pem", c.key_file) ==
        "load the certificate: /nowhere/c.pem: No such file or directory");
  CHECK(complaint(c.cert_file, "/nowhere/k.pem") ==
        "load the private key: /nowhere/k.pem: No such file or directory");
  const std::string text = d.write("text.pem", "hello\n"), empty = d.write("empty.pem", "");
  CHECK(complaint(text, c.key_file) == "load the certificate: " + text + ": no certificate in PEM format");
  CHECK(complaint(empty, c.key_file) == "load the certificate: " + empty + ": no certificate in PEM format");
  CHECK(complaint(c.cert_file, text) == "load the private key: " + text + ": no private key in PEM format");
  CHECK(complaint(c.cert_file, c.cert_file) ==
        "load the private key: " + c.cert_file + ": no private key in PEM format");
  CHECK(complaint(c.key_file, c.key_file) ==
        "load the certificate: " + c.key_file + ": no certificate in PEM format");
  const std::string broken =
      d.write("broken.pem", "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIU\n-----END CERTIFICATE-----\n");
  CHECK_THAT(complaint(broken, c.key_file),
             Catch::Matchers::StartsWith("load the certificate: " + broken + ": "));
  CHECK_THAT(complaint("/", c.key_file), Catch::Matchers::StartsWith("load the certificate: /: "));
}

TEST_CASE("A key that belongs to another certificate is refused at start") {
  const tls::Identity other =
      tls::issue_self_signed({.common_name = "other", .names = {"DNS:other.example"}});
  const std::string key = classroom().directory.write("other-key.pem", other.key);
  CHECK(complaint(classroom().cert_file, key) ==
        "load the private key: " + key + ": does not match the certificate " + classroom().cert_file);
}

TEST_CASE("A file without read permission is told from one that is missing") {
  if (geteuid() == 0) return;  // root may read everything
  const std::string file = classroom().directory.write("unreadable.pem", "");
  REQUIRE(chmod(file.c_str(), 0) == 0);
  CHECK(ca_complaint(file) == "load the trust anchors: " + file + ": Permission denied");
}

TEST_CASE("A CA file: what cannot be used is named, with the reason") {
  CHECK(ca_complaint(classroom().ca_file).empty());
  CHECK(ca_complaint("/nowhere/ca.pem") ==
        "load the trust anchors: /nowhere/ca.pem: No such file or directory");
  const std::string text = classroom().directory.write("text-ca.pem", "hello\n");
  CHECK(ca_complaint(text) == "load the trust anchors: " + text + ": no certificate in PEM format");
  CHECK_THAT(ca_complaint(classroom().key_file),
             Catch::Matchers::EndsWith(classroom().key_file + ": no certificate in PEM format"));
}

TEST_CASE("An encrypted key is refused rather than asked for on the terminal") {
  const std::string key =
      classroom().directory.write("encrypted.pem",
                                  "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                                  "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjIOzG0WMfmPgICCAAw\n"
                                  "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEKYwmBTSOZpsdrrT1ArnLCcEgZBS\n"
                                  "8hn/yDqw9iyqdWyvQH3JEzG8FThDwwV6HKMta/BMAEBH/ccJcc6pK3jbBFgG7/Mo\n"
                                  "TRQiQ/Y4hwQcz+7ZYo5Ni8vAgUy2Nf1CeO9SM5F7hqr3XnHSyPIPjiyzYTIYjCE2\n"
                                  "SbkrGkomB67i0hvVaDqAwIlGosUG5RnGhv2Lb7ErO5JVdXDv3FN1MxEt577pBVo=\n"
                                  "-----END ENCRYPTED PRIVATE KEY-----\n");
  CHECK(complaint(classroom().cert_file, key) == "load the private key: " + key + ": it is encrypted");
}

TEST_CASE("A secret file is readable by its owner alone, even if it was there before with a wider mode") {
  const TempDir directory;
  const std::string file = directory.write("key.pem", "old");
  tls::write_file(file, "new", true);
  struct stat status {};
  REQUIRE(stat(file.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK(status.st_size == 3);
}

TEST_CASE("A session that cannot be saved says where, and leaves nothing half written behind") {
  const tls::ServerContext server_context = classroom().server();
  const tls::ClientContext client_context(classroom().options());
  End server(server_context), client(client_context);
  shake(client, server);
  client.read();  // its ticket
  const TempDir directory;
  const std::string taken = directory.file("taken");
  REQUIRE(mkdir(taken.c_str(), 0700) == 0);
  CHECK_THROWS_WITH(client_context.save_session(taken),
                    "write the TLS session " + taken + ": Is a directory");
  CHECK(access((taken + ".part").c_str(), F_OK) != 0);
}
