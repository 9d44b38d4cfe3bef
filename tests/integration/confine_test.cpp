// Once it serves, the proxy can open no file. Seen from outside by the only file that it has a reason to open
// then: an anchor of the system's trust store, which OpenSSL looks for as it verifies, on a session's thread.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/tls/issue/issue.h"
#include "tests/support/catch.h"
#include "tests/support/lab.h"

using net::Transport;

namespace {

#ifdef DOT_UNCONFINED
constexpr bool kMayBeConfined = false;
#else
constexpr bool kMayBeConfined = true;
#endif

bool is_to_be_confined() {
  return kMayBeConfined &&
         syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

// A system's trust store, and a place beside it for what its links lead to.
struct Store {
  Store() {
    std::filesystem::create_directory(folder);
    setenv("SSL_CERT_DIR", folder.c_str(), 1);
  }
  ~Store() { unsetenv("SSL_CERT_DIR"); }

  std::string place_of(const LabResolver& resolver) const {
    std::ifstream file(resolver.ca_file());
    return folder + "/" + tls::anchor_file_name({std::istreambuf_iterator<char>(file), {}});
  }

  TempDir temp;
  const std::string folder = temp.file("store");
};

std::uint16_t ask(const Proxy& proxy) {
  return proxy.connect(Transport::tls).ask(make_query("www.tag.test.", dns::type::A)).header.rcode;
}

}  // namespace

TEST_CASE("a confined proxy still verifies by the system's trust store, wherever its links lead") {
  const LabResolver resolver;
  const Store store;
  std::filesystem::create_symlink(resolver.ca_file(), store.place_of(resolver));
  const Proxy proxy({"--upstream", resolver.uri(Transport::tls)});
  CHECK(ask(proxy) == dns::rcode::NOERROR);
}

TEST_CASE("a session cannot open what was out of reach when the proxy began to serve") {
  const LabResolver resolver;
  const Store store;
  Proxy proxy({"--upstream", resolver.uri(Transport::tls)});
  CHECK(ask(proxy) == dns::rcode::SERVFAIL);  // there is no anchor
  // It says so where it cannot be confined, unless it was built that way.
  const bool told = proxy.process().error_output().find("not-confined") != std::string::npos;
  CHECK(told == (kMayBeConfined && !is_to_be_confined()));

  const std::string anchor = store.place_of(resolver);
  std::filesystem::create_symlink(resolver.ca_file(), anchor);
  CHECK(ask(proxy) == (is_to_be_confined() ? dns::rcode::SERVFAIL : dns::rcode::NOERROR));

  // The same anchor in a place that was left to it: it had looked, then.
  std::filesystem::remove(anchor);
  std::filesystem::copy_file(resolver.ca_file(), anchor);
  CHECK(ask(proxy) == dns::rcode::NOERROR);
}
