// A file of ticket keys: two servers that have it take each other's tickets; and what is refused in it.
#include <algorithm>
#include <fmt/format.h>
#include <memory>
#include <sys/stat.h>

#include "common/tls/ticket_key_file.h"
#include "tests/support/catch.h"
#include "tests/unit/tls/wire.h"

using tls::ClientContext;
using tls::ServerContext;
using namespace tls_test;

namespace {

// 80 octets of one value each, 0xFB for '+' and 0xFF for '/' included.
const std::string kOnes = std::string(106, '/') + "8=";            // 0xFF
const std::string kZeros = std::string(107, 'A') + "=";            // 0x00
const std::string kOthers = "BBBB" + std::string(103, 'A') + "=";  // another name

std::string secret_file(const TempDir& folder, const std::string& content) {
  const std::string file = folder.write("tickets", content);
  chmod(file.c_str(), 0640);
  return file;
}

std::unique_ptr<ServerContext> copy(const std::string& keys, const std::string& client_ca = {}) {
  return std::make_unique<ServerContext>(classroom().cert_file, classroom().key_file, client_ca, keys);
}

// A handshake, and the ticket that comes with it; whether it was a resumption.
bool resumes(const ServerContext& server_context, const ClientContext& client_context) {
  End server(server_context), client(client_context);
  shake(client, server);
  client.read();
  CHECK(client.stream.handshaken());
  return client.stream.facts().resumed;
}

std::string complaint(const std::string& file) {
  try {
    return fmt::format("{} keys", tls::count_ticket_keys(file));
  } catch (const tls::TlsError& error) {
    CHECK(error.facts().kind == tls::TlsError::Kind::file);
    CHECK(error.facts().reason.starts_with(file + ": "));
    return error.facts().reason.substr(file.size() + 2);
  }
}

}  // namespace

TEST_CASE("Copies that share ticket keys resume each other's sessions, and renew by the first key") {
  const TempDir first, second;
  const ClientContext client(classroom().options());
  const std::string old_keys = secret_file(first, kOnes + "\n");
  CHECK_FALSE(resumes(*copy(old_keys), client));
  CHECK(resumes(*copy(old_keys), client));
  // Rotated: the old key still opens, and what comes back is sealed with the new one.
  CHECK(resumes(*copy(secret_file(second, kZeros + "\n" + kOnes + "\n")), client));
  CHECK(resumes(*copy(secret_file(second, kZeros + "\n")), client));
  // A key that nobody has any more: a full handshake.
  CHECK_FALSE(resumes(*copy(old_keys), client));
}

TEST_CASE(
    "Copies that share ticket keys but demand other certificates of clients do not take each other's "
    "tickets") {
  const TempDir folder;
  const std::string keys = secret_file(folder, kOnes);
  const Classroom other;
  tls::ClientOptions options = classroom().options();
  const auto pupil = tls::issue({.common_name = "a pupil", .names = {}, .client = true}, classroom().ca);
  options.cert_file = folder.write("pupil.pem", pupil.certificate);
  options.key_file = folder.write("pupil.key", pupil.key);
  const ClientContext client(options);
  CHECK_FALSE(resumes(*copy(keys), client));
  CHECK_FALSE(
      resumes(*copy(keys, classroom().ca_file), client));  // its ticket comes from one that asked nothing
  CHECK(resumes(*copy(keys, classroom().ca_file), client));
}

TEST_CASE("Whether servers have the same ticket keys is told for a reload") {
  const TempDir one, two;
  const std::string ones = secret_file(one, kOnes), both = secret_file(two, kZeros + "\n" + kOnes);
  CHECK(copy(ones)->has_ticket_keys_of(*copy(ones)));
  CHECK_FALSE(copy(ones)->has_ticket_keys_of(*copy(both)));
  CHECK_FALSE(copy(ones)->has_ticket_keys_of(*copy("")));
  CHECK(copy("")->has_ticket_keys_of(*copy("")));
}

TEST_CASE("A ticket key file has 16 octets of name, 32 of HMAC, 32 of AES, as HAProxy and nginx have them") {
  const TempDir folder;
  // 0x00 16 times, 0xFF 32 times, 0x00 32 times.
  const std::string text = std::string(21, 'A') + "P" + std::string(42, '/') + std::string(43, 'A') + "=";
  const auto keys = tls::read_ticket_keys(secret_file(folder, text));
  REQUIRE(keys.size() == 1);
  CHECK(std::ranges::all_of(keys[0].name, [](auto octet) { return octet == 0; }));
  CHECK(std::ranges::all_of(keys[0].authentication, [](auto octet) { return octet == 0xff; }));
  CHECK(std::ranges::all_of(keys[0].encryption, [](auto octet) { return octet == 0; }));
}

TEST_CASE("A ticket key file that cannot be used is refused with its line, which is not quoted") {
  const std::string not_a_key =
      "not 80 octets in base64, as 'openssl rand 80 | openssl base64 -A' makes them";
  std::string many;
  for (int i = 0; i < 17; ++i) many += fmt::format("{:A<4}{}\n", 10 + i, kZeros.substr(4));
  const std::vector<std::pair<std::string, std::string>> rejected = {
      {"", "no key in it"},
      {"# none\n\n\r\n", "no key in it"},
      {kOnes + "\n\n" + kOnes.substr(1) + "\n", "line 3: " + not_a_key},
      {kOnes + "A", "line 1: " + not_a_key},
      {std::string(108, '/'), "line 1: " + not_a_key},
      {std::string(106, '/') + "==", "line 1: " + not_a_key},
      {"=" + kOnes.substr(1), "line 1: " + not_a_key},
      {"*" + kOnes.substr(1), "line 1: " + not_a_key},
      {" " + kOnes, "line 1: " + not_a_key},
      {std::string(80, '\0'), "line 1: " + not_a_key},
      {kOnes + "\n# and again\n" + kOnes, "line 3: this key is there already"},
      {many, "line 17: more than 16 keys"},
      {std::string(20000, '#'), "larger than 16384 octets"}};
  for (const auto& [content, reason] : rejected) {
    CAPTURE(content);
    const TempDir folder;
    CHECK(complaint(secret_file(folder, content)) == reason);
  }
  const TempDir folder;
  CHECK(complaint(secret_file(folder, "# of May\r\n" + kOnes + "\r\n\r\n" + kOthers)) == "2 keys");
  CHECK(complaint("/nowhere/tickets") == "No such file or directory");
}

TEST_CASE("A ticket key file that everybody can read is refused") {
  const TempDir folder;
  const std::string file = secret_file(folder, kOnes);
  CHECK(complaint(file) == "1 keys");
  chmod(file.c_str(), 0644);
  CHECK(complaint(file) == "everybody can read it: chmod o= " + file);
}
