// getdns_query, the getdns library's own stub resolver, with strict authentication.
#include <fmt/format.h>

#include "tests/interop/peer.h"

using Catch::Matchers::Contains;
using net::Transport;

namespace {

Arguments getdns(const std::string& path, const Proxy& proxy, const std::string& ca_file,
                 const std::string& auth_name, const Arguments& question) {
  return Arguments{
             path,
             "-s",
             "-m",
             "-l",
             "L",
             "-G",
             "-j",
             fmt::format("{{tls_ca_file:\"{}\"}}", ca_file),
             fmt::format("@127.0.0.1#{}~{}", proxy.endpoint(Transport::tls).address.port(), auth_name)} +
         question;
}

}  // namespace

TEST_CASE("getdns_query resolves through the proxy, and only under its name and by its CA") {
  const auto path = find_peer("getdns_query");
  if (!path) return;
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls);
  const auto ask = [&](const Arguments& question) {
    return run_to_end(getdns(*path, proxy, proxy.ca_file(), "localhost", question));
  };
  CHECK_THAT(ask({"www.example.com.", "A"}), Contains("\"ipv4_address\":\"192.0.2.10\""));
  CHECK_THAT(ask({"www.example.com.", "AAAA"}), Contains("\"ipv6_address\":\"2001:db8::10\""));
  CHECK_THAT(ask({"www.tag.test.", "TXT"}), Contains("\"txt_strings\":[\"www.tag.test.\"]"));
  CHECK_THAT(ask({"big.example.com.", "TXT"}), Contains("\"ancount\":236"));  // 60 kB
  CHECK_THAT(ask({"nobody.example.com.", "A"}), Contains("\"rcode\":3"));     // NXDOMAIN
  const Arguments question = {"www.example.com.", "A"};
  for (const Arguments& wrong : {getdns(*path, proxy, proxy.ca_file(), "other.test", question),
                                 getdns(*path, proxy, resolver.ca_file(), "localhost", question)}) {
    Process process(wrong);
    CHECK(process.wait_exit(net::Deadline::in(std::chrono::seconds(40))).value_or(0) != 0);
    CHECK_THAT(process.take_output(), !Contains("replies_full"));
  }
}
