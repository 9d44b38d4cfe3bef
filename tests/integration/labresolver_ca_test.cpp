// labresolver's CA, kept in a folder across its starts.
#include <filesystem>
#include <fstream>

#include "common/tls/tls_error.h"
#include "tests/support/catch.h"
#include "tests/support/lab.h"

using net::Transport;

TEST_CASE("labresolver started again with the same --ca-dir is trusted as before, and without it is not") {
  const TempDir directory;
  const Arguments same_ca = {"--ca-dir", directory.file("ca")};
  const LabResolver first(same_ca);
  const LabResolver second(same_ca);
  const LabResolver stranger;
  CHECK(content_of(first.ca_file()) == content_of(second.ca_file()));
  const auto trusted = trust(first.ca_file(), "lab.test");
  const dns::Message query = make_query("google.com.", dns::type::A);
  CHECK(DotConnection(second.endpoint(Transport::tls), trusted).ask(query).answers.size() == 1);
  CHECK_THROWS_AS(DotConnection(stranger.endpoint(Transport::tls), trusted), tls::TlsError);
  using std::filesystem::perms;
  CHECK(std::filesystem::status(directory.file("ca/ca.key")).permissions() ==
        (perms::owner_read | perms::owner_write));
}

TEST_CASE("labresolver says what is wrong with its --ca-dir, and what to try") {
  const TempDir directory;
  const std::string folder = directory.file("ca");
  const LabResolver resolver({"--ca-dir", folder});
  const auto spoil =
      GENERATE(as<std::string>(), "without key", "with a key that is none", "no folder at all");
  CAPTURE(spoil);
  std::string given = folder;
  if (spoil == "without key") std::filesystem::remove(folder + "/ca.key");
  if (spoil == "with a key that is none") std::ofstream(folder + "/ca.key") << "none\n";
  if (spoil == "no folder at all") given = folder + "/ca.pem";
  Process process({LABRESOLVER_PROGRAM, "--listen", "tls://127.0.0.1:0", "--ca-dir", given});
  CHECK(process.wait_exit(net::Deadline::in(kPatience)) == 10);
  CHECK_THAT(process.error_output(), Catch::Matchers::StartsWith("labresolver: --ca-dir " + given + ": "));
  CHECK_THAT(process.error_output(), Catch::Matchers::EndsWith("delete this one for a new CA\n"));
}
