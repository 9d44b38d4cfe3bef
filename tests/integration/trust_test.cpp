// The client's words about who is trusted, against real servers: anchors, pins, --insecure, versions, ALPN.
#include <filesystem>

#include "tests/support/catch.h"
#include "tests/support/lab.h"

using net::Transport;

namespace {

// A run of the client against a labresolver's TLS port, with words of its own.
struct Asking {
  explicit Asking(const LabResolver& resolver)
      : server("@" + resolver.uri(Transport::tls)), ca(resolver.ca_file()) {}

  Outcome with(const Arguments& words) const {
    return run_client(Arguments{server, "--ca", ca} + words + kQuestion);
  }
  Outcome without_ca(const Arguments& words) const {
    return run_client(Arguments{server} + words + kQuestion);
  }

  // The pin that the server's key has, as the client itself reports it when another is pinned.
  std::string pin() const { return pin_in(with({"--pin", kOtherPin}).errors); }

  static std::string pin_in(const std::string& text) {
    const auto at = text.find("sha256/");
    return at == std::string::npos ? "" : text.substr(at, kOtherPin.size());
  }

  static inline const Arguments kQuestion = {"google.com", "+noall", "+answer", "+stats"};
  static inline const std::string kOtherPin = "sha256/v+/c4XhSxq88CQtgS8zTmu73Hv9q7/zGMOdzWgD0q2k=";
  std::string server;
  std::string ca;
};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("client --pin holds a server to its key, though the CA vouches for it") {
  const LabResolver resolver;
  const Asking asking(resolver);
  const std::string pin = asking.pin();
  REQUIRE(pin.size() == Asking::kOtherPin.size());

  CHECK(asking.with({"--pin", pin}).exit_code == 0);
  CHECK(asking.with({"--pin", Asking::kOtherPin, "--pin", pin}).exit_code == 0);  // any one will do
  const Outcome refused = asking.with({"--pin", Asking::kOtherPin});
  CHECK(refused.exit_code == 25);
  CHECK(refused.output.empty());
}

TEST_CASE("client --pin-only looks at the key and at nothing else") {
  const LabResolver resolver({"--fault", "expired"});
  const Asking asking(resolver);
  const std::string pin = Asking::pin_in(asking.without_ca({"--insecure", "--json"}).output);
  REQUIRE(pin.size() == Asking::kOtherPin.size());

  const Outcome trusted = asking.without_ca({"--pin-only", "--pin", pin});
  CHECK(trusted.exit_code == 0);
  CHECK(has(trusted.output, "by its pin"));
  CHECK(asking.without_ca({"--pin-only", "--pin", Asking::kOtherPin}).exit_code == 25);
}

TEST_CASE("client --insecure takes the answer, and says what a strict client would have said") {
  const auto [fault, words] = GENERATE(table<std::string, std::string>({
      {"expired", "has expired"},
      {"wrong-name", "is for another name"},
      {"wrong-ca", "was issued by nobody we trust"},
  }));
  CAPTURE(fault);
  const LabResolver resolver({"--fault", fault});
  const Asking asking(resolver);
  CHECK(asking.with({}).exit_code != 0);
  const Outcome outcome = asking.with({"--insecure"});
  CHECK(outcome.exit_code == 0);
  CHECK(has(outcome.output, "NOT authenticated (--insecure)"));
  CHECK(has(outcome.errors, "WARNING: --insecure"));
  CHECK(has(outcome.errors, "a strict client would have stopped"));
  CHECK(has(outcome.errors, words));
}

TEST_CASE("client --insecure with a server that is sound warns all the same") {
  const LabResolver resolver;
  const Outcome outcome = Asking(resolver).with({"--insecure"});
  CHECK(outcome.exit_code == 0);
  CHECK(has(outcome.errors, "a strict client would have accepted it"));
}

TEST_CASE("client offers the versions of TLS that it is told to") {
  const LabResolver resolver;
  const Asking asking(resolver);
  CHECK(has(asking.with({"--tls-max", "1.2"}).output, "TLSv1.2"));
  CHECK(has(asking.with({"--tls-min", "1.3"}).output, "TLSv1.3"));
  const Outcome refused = asking.with({"--tls-max", "1.1"});  // labresolver speaks 1.2 at least
  CHECK(refused.exit_code == 21);
  CHECK(has(refused.errors, "protocol_version"));
  CHECK(has(refused.errors, "try --tls-max 1.3"));
}

TEST_CASE("client that agrees on a forbidden version of TLS says so (RFC 8996)") {
  const LabResolver resolver({"--fault", "tls11-only"});
  const Asking asking(resolver);
  CHECK(asking.with({}).exit_code == 21);
  const Outcome outcome = asking.with({"--tls-min", "1.0"});
  CHECK(outcome.exit_code == 0);
  CHECK(has(outcome.output, "TLS: TLSv1.1"));
  CHECK(has(outcome.errors, "WARNING: TLSv1.1"));
}

TEST_CASE("client offers the protocol that it is told to, or none") {
  const LabResolver resolver;
  const Asking asking(resolver);
  CHECK(has(asking.with({}).output, "ALPN dot"));
  CHECK(has(asking.with({"--alpn", "none"}).output, "no ALPN"));
  const Outcome refused = asking.with({"--alpn", "h2"});
  CHECK(refused.exit_code == 21);
  CHECK(has(refused.errors, "refuses ALPN \"h2\""));
  CHECK(has(refused.errors, "try to leave --alpn out"));
}

TEST_CASE("cert.pem vouches for a server on this machine alone, the system's store for every other") {
  const LabResolver resolver;
  const TempDir here;
  std::filesystem::copy_file(resolver.ca_file(), here.file("cert.pem"));
  std::filesystem::create_directory(here.file("empty"));
  const std::string port = std::to_string(resolver.endpoint(Transport::tls).address.port());
  // The address 0.0.0.0 leads here too, and is not of 127.0.0.0/8. `store` is what the system trusts.
  const auto ask = [&](const std::string& host, const std::string& store, const Arguments& words = {}) {
    Process client(Arguments{"/usr/bin/env", "-C", here.file(""), "SSL_CERT_DIR=" + here.file("empty"),
                             "SSL_CERT_FILE=" + store, CLIENT_PROGRAM, "@" + host + ":" + port, "--tls-name",
                             "lab.test", "--timeout", "25s"} +
                   words + Asking::kQuestion);
    const auto code = client.wait_exit(net::Deadline::in(std::chrono::seconds(30)));
    REQUIRE(code);
    return Outcome{*code, client.take_output(), client.error_output()};
  };
  const std::string nothing = here.file("nothing");
  const std::string by_file = "Authenticated: lab.test by cert.pem\n";
  const std::string by_store = "Authenticated: lab.test by the system's store\n";

  for (const char* const host : {"127.0.0.1", "localhost"}) {
    CAPTURE(host);
    CHECK(has(ask(host, nothing).output, by_file));
    CHECK(ask(host, resolver.ca_file(), {"--ca", "system"}).output.find(by_store) != std::string::npos);
  }
  const Outcome other = ask("0.0.0.0", resolver.ca_file());
  CHECK(other.exit_code == 0);
  CHECK(has(other.output, by_store));
  const Outcome refused = ask("0.0.0.0", nothing);
  CHECK(refused.exit_code == 22);
  CHECK(has(refused.errors, "trust anchors of the system's store"));
  CHECK(has(refused.errors, "try --ca FILE with the issuer's certificate"));
  CHECK(has(ask("0.0.0.0", nothing, {"--ca", "cert.pem"}).output, by_file));
  CHECK(has(ask("0.0.0.0", nothing, {"+tls-ca=cert.pem"}).output, by_file));
  CHECK(has(ask("0.0.0.0", nothing, {"--insecure"}).errors, "a strict client would have stopped"));
  const Outcome json = ask("0.0.0.0", resolver.ca_file(), {"--json"});
  CHECK(has(json.output, "the system's store"));

  std::filesystem::remove(here.file("cert.pem"));
  CHECK(has(ask("0.0.0.0", resolver.ca_file()).output, by_store));
}
