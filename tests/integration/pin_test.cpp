// Pins and two-way TLS, with the real programs on both ends.
#include "common/tls/issue/issue.h"
#include "common/tls/tls_context.h"
#include "tests/integration/extended_error.h"
#include "tests/support/catch.h"
#include "tests/support/scripted_upstream.h"

using net::Transport;

namespace {

const std::string kOtherPin = "sha256/v+/c4XhSxq88CQtgS8zTmu73Hv9q7/zGMOdzWgD0q2k=";

// An identity of the test's own, as files.
struct Identity {
  TempDir directory;
  tls::Identity ca = tls::issue_self_signed({.common_name = "the class", .names = {}, .ca = true});
  std::string ca_file = directory.file("ca.pem"), cert_file = directory.file("cert.pem"),
              key_file = directory.file("key.pem");

  explicit Identity(tls::IssueOptions options) {
    const tls::Identity mine = tls::issue(options, ca);
    tls::write_file(ca_file, ca.certificate, false);
    tls::write_file(cert_file, mine.certificate, false);
    tls::write_file(key_file, mine.key, true);
  }
};

dns::Message ask(const Proxy& proxy) {
  return proxy.connect(Transport::tcp).ask(with_edns(make_query("www.tag.test.", dns::type::A)));
}

}  // namespace

TEST_CASE("an upstream whose key is not the pinned one is refused, and the answer says which key it has") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls, {"--pin", kOtherPin});
  const dns::Message reply = ask(proxy);
  CHECK(reply.rcode() == dns::rcode::SERVFAIL);
  const FoundError error = extended_error_in(reply);
  CAPTURE(error.text);
  REQUIRE(error.text.find("pin mismatch: the server's key is sha256/") != std::string::npos);

  // That key pinned, next to a spare one, the answers come; and it is enough where nothing else is to be
  // checked.
  const std::string pin = error.text.substr(error.text.find("sha256/"), 7 + 44);
  CHECK(ask(Proxy(resolver, Transport::tls, {"--pin", kOtherPin, "--pin", pin})).rcode() ==
        dns::rcode::NOERROR);
  const std::string nobody = resolver.endpoint(Transport::tls).to_string() + "#nobody.example";
  CHECK(ask(Proxy({"--upstream", nobody, "--pin", pin, "--pin-only"})).rcode() == dns::rcode::NOERROR);
  CHECK(ask(Proxy({"--upstream", nobody, "--pin", pin})).rcode() == dns::rcode::SERVFAIL);
}

TEST_CASE("with --client-ca only a client with the right certificate is served, and the others learn why") {
  const LabResolver resolver;
  const Identity server({.common_name = "the server", .names = {"IP:127.0.0.1"}});
  const Identity pupil({.common_name = "a pupil", .names = {}, .client = true});
  const Identity stranger({.common_name = "a stranger", .names = {}, .client = true});
  const Listening proxy(
      {PROXYSERVER_PROGRAM, "--listen", "tls://127.0.0.1:0", "--cert", server.cert_file, "--key",
       server.key_file, "--client-ca", pupil.ca_file, "--upstream", resolver.uri(Transport::tcp)},
      1);
  const Arguments question = {"@" + proxy.endpoint(Transport::tls).address.to_string(), "--ca",
                              server.ca_file, "--short", "google.com"};
  const auto shown = [](const Identity& identity) {
    return Arguments{"--cert", identity.cert_file, "--key", identity.key_file};
  };
  const Outcome served = run_client(question + shown(pupil));
  CHECK(served.exit_code == 0);
  CHECK(served.output == "192.0.2.46\n");

  for (const Arguments& other : {Arguments{}, shown(stranger)}) {
    const Outcome refused = run_client(question + other);
    CAPTURE(refused.errors);
    CHECK(refused.exit_code == 21);
    CHECK(refused.output.empty());
    const char* const said =
        other.empty() ? "try --cert and --key" : "does not trust the certificate of --cert";
    CHECK(refused.errors.find(said) != std::string::npos);
  }
}
