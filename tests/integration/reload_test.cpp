// Certificates, keys and trust change while the proxy serves: by SIGHUP, or without any word. Nobody who is
// connected notices.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <poll.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "common/net/net_error.h"
#include "common/tls/issue/issue.h"
#include "common/tls/tls_error.h"
#include "common/tls/tls_stream.h"
#include "tests/support/askers.h"
#include "tests/support/catch.h"
#include "tests/support/scripted_upstream.h"

using Catch::Matchers::Contains;
using net::Transport;
namespace fs = std::filesystem;

namespace {

// Whether the proxy says this, so many times; waited for.
bool says(const Process& process, const std::string& text, int times = 1) {
  for (const auto deadline = net::Deadline::in(kPatience);;) {
    const std::string log = process.error_output();
    int found = 0;
    for (auto at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) ++found;
    if (found >= times) return true;
    if (deadline.expired()) return false;
    poll(nullptr, 0, 5);
  }
}

tls::Identity identity(const std::string& name) {
  return tls::issue_self_signed({.common_name = name, .names = {"DNS:localhost", "IP:127.0.0.1"}});
}

// In another's place at once, as a careful program does it.
void replace(const std::string& file, const std::string& content, bool secret = false) {
  tls::write_file(file + ".new", content, secret);
  fs::rename(file + ".new", file);
}

// Two identities, the files in which the proxy finds one of them, and a client that trusts both.
struct Files {
  Files() {
    put(first);
    tls::write_file(both, first.certificate + second.certificate, false);
  }
  void put(const tls::Identity& one) const {
    replace(cert, one.certificate);
    replace(key, one.key, true);
  }
  Arguments as_arguments() const { return {"--cert", cert, "--key", key}; }

  TempDir directory;
  std::string cert = directory.file("cert.pem"), key = directory.file("key.pem"),
              both = directory.file("both.pem");
  tls::Identity first = identity("first"), second = identity("second");
};

Arguments command(const Files& files, const LabResolver& resolver, const Arguments& extra = {}) {
  return Arguments{PROXYSERVER_PROGRAM, "--listen", "tls://127.0.0.1:0", "--upstream",
                   resolver.uri(Transport::tcp)} +
         files.as_arguments() + extra;
}

tls::ConnectionFacts facts(DotConnection& connection) {
  return dynamic_cast<tls::TlsStream&>(connection.stream()).facts();
}

// The name of who answers, to a client without any ticket.
std::string who_serves(const Listening& proxy, const Files& files) {
  DotConnection connection(proxy.endpoint(Transport::tls), trust(files.both));
  return facts(connection).peer->subject;
}

std::uint16_t ask(DotConnection& connection, const std::string& name = "www.tag.test.") {
  return connection.ask(with_edns(make_query(name, dns::type::TXT))).rcode();
}

}  // namespace

TEST_CASE("SIGHUP: who comes is shown the new certificate, who was there goes on, tickets still count") {
  const LabResolver resolver;
  const Files files;
  Listening proxy(command(files, resolver), 1);
  const auto known = trust(files.both);
  DotConnection before(proxy.endpoint(Transport::tls), known);
  CHECK(ask(before) == dns::rcode::NOERROR);  // and has its ticket
  before.send(make_query("delay-600.slow.tag.test.", dns::type::TXT, 7));

  files.put(files.second);
  proxy.process().signal(SIGHUP);
  REQUIRE(says(proxy.process(), "reloaded by=SIGHUP changed=\"cert key\""));
  CHECK(who_serves(proxy, files) == "CN=second");
  CHECK(before.read_message().header.id == 7);
  CHECK(ask(before) == dns::rcode::NOERROR);
  DotConnection again(proxy.endpoint(Transport::tls), known);
  CHECK(facts(again).resumed);
  CHECK(ask(again) == dns::rcode::NOERROR);

  proxy.process().signal(SIGHUP);
  CHECK(says(proxy.process(), "reloaded by=SIGHUP changed=none"));
}

TEST_CASE("files that are changed behind links, as Kubernetes does, are noticed without a signal") {
  const LabResolver resolver;
  const Files files;
  const TempDir mounted;
  const auto add = [&](const std::string& folder, const tls::Identity& one) {
    fs::create_directory(mounted.file(folder));
    tls::write_file(mounted.file(folder + "/cert.pem"), one.certificate, false);
    tls::write_file(mounted.file(folder + "/key.pem"), one.key, true);
    fs::create_directory_symlink(folder, mounted.file("..data_tmp"));
    fs::rename(mounted.file("..data_tmp"), mounted.file("..data"));
  };
  add("..2026_1", files.first);
  for (const char* const name : {"cert.pem", "key.pem"})
    fs::create_symlink(std::string("..data/") + name, mounted.file(name));
  Listening proxy(
      command(files, resolver, {"--cert", mounted.file("cert.pem"), "--key", mounted.file("key.pem")}), 1);
  CHECK(who_serves(proxy, files) == "CN=first");
  add("..2026_2", files.second);
  fs::remove_all(mounted.file("..2026_1"));
  REQUIRE(says(proxy.process(), "reloaded by=files changed=\"cert key\""));
  CHECK(who_serves(proxy, files) == "CN=second");
}

TEST_CASE("a certificate without its key is refused, the old pair stays, when the key comes both are taken") {
  const LabResolver resolver;
  const Files files;
  Listening proxy(command(files, resolver), 1);
  replace(files.cert, files.second.certificate);
  proxy.process().signal(SIGHUP);
  REQUIRE(says(proxy.process(), "error reload-refused by=SIGHUP file=" + files.key + " reason=\""));
  CHECK_THAT(proxy.process().error_output(), Contains("does not match the certificate"));
  CHECK(who_serves(proxy, files) == "CN=first");
  replace(files.key, files.second.key, true);
  REQUIRE(says(proxy.process(), "reloaded by=files changed=\"cert key\""));
  CHECK(who_serves(proxy, files) == "CN=second");
}

TEST_CASE("a pipe in a file's place is refused: nobody waits for who might write to it") {
  const LabResolver resolver;
  const Files files;
  const TempDir directory;
  const std::string ca = directory.file("ca.pem");
  fs::copy_file(resolver.ca_file(), ca);
  Listening proxy(Arguments{PROXYSERVER_PROGRAM, "--listen", "tls://127.0.0.1:0", "--upstream",
                            resolver.uri(Transport::tls), "--upstream-ca", ca} +
                      files.as_arguments(),
                  1);
  for (const std::string& file : {files.key, files.cert, ca}) {
    CAPTURE(file);
    const std::string before = file + ".before";
    fs::rename(file, before);
    REQUIRE(mkfifo(file.c_str(), 0600) == 0);
    proxy.process().signal(SIGHUP);
    REQUIRE(says(proxy.process(), "error reload-refused by=SIGHUP file=" + file));
    CHECK_THAT(proxy.process().error_output(), Contains(file + ": it is not a regular file"));
    CHECK(who_serves(proxy, files) == "CN=first");
    fs::rename(before, file);
  }
  proxy.process().signal(SIGHUP);
  CHECK(says(proxy.process(), "reloaded by=SIGHUP changed=none"));
}

TEST_CASE("a resolver that is trusted no more gets no query over the connection that there is") {
  const ScriptedUpstream upstream(Transport::tls, [](const auto& query) {
    dns::Message answer = answer_to(query.message());
    const dns::Rdata text{dns::type::TXT, {1, 'x'}};
    answer.answers.push_back({answer.questions[0].name, dns::type::TXT, dns::klass::IN, 300, text});
    return dns::encode(answer);
  });
  const Arguments words = upstream.as_upstream();
  const auto given = std::ranges::find(words, "--upstream-ca");
  REQUIRE(given != words.end());
  const std::string right = content_of(*(given + 1));
  const TempDir files;
  const std::string anchors = files.file("ca.pem");
  tls::write_file(anchors, right, false);
  Proxy proxy(words +
              Arguments{"--upstream-ca", anchors, "--cache", "1"});  // nor is what it said given again
  DotConnection client = proxy.connect(Transport::tcp);
  CHECK(ask(client) == dns::rcode::NOERROR);
  CHECK(ask(client) == dns::rcode::NOERROR);
  CHECK(upstream.seen().size() == 1);

  replace(anchors, identity("another").certificate);
  proxy.process().signal(SIGHUP);
  REQUIRE(says(proxy.process(), "reloaded by=SIGHUP changed=upstream-ca"));
  CHECK(upstream.closed(0));  // it was idle
  CHECK(ask(client) == dns::rcode::SERVFAIL);
  CHECK(upstream.seen().size() == 1);

  replace(anchors, right);
  proxy.process().signal(SIGHUP);
  REQUIRE(says(proxy.process(), "reloaded by=SIGHUP changed=upstream-ca", 2));
  CHECK(ask(client) == dns::rcode::NOERROR);
  CHECK(upstream.last_seen().connection > 0);
}

TEST_CASE(
    "what --config says again counts at SIGHUP on every leg, what cannot is named, a mistake changes "
    "nothing") {
  const ScriptedUpstream upstream(Transport::tcp,
                                  [](const auto& query) { return dns::encode(answer_to(query.message())); });
  const TempDir files;
  const std::string config = files.file("proxy.conf");
  tls::write_file(config, "allow 192.0.2.0/24\n", false);
  Proxy proxy(upstream.as_upstream() + kWithUdp + Arguments{"--config", config});
  const auto is_served = [&](Transport leg) {
    try {
      ClientLeg client(proxy, leg);
      client.send(make_query("www.tag.test.", dns::type::A));
      const auto patience = leg == Transport::udp ? std::chrono::milliseconds(300) : kPatience;
      return client.read(net::Deadline::in(patience)).has_value();
    } catch (const std::exception&) {
      return false;
    }
  };
  for (const Transport leg : kAllLegs) CHECK_FALSE(is_served(leg));

  replace(config, "allow 127.0.0.0/8\nmax-connections 77\n");
  proxy.process().signal(SIGHUP);
  REQUIRE(says(proxy.process(), "reloaded by=SIGHUP changed=allow needs-restart=max-connections"));
  for (const Transport leg : kAllLegs) CHECK(is_served(leg));

  replace(config, "allow 192.0.2.0/24\nidle-timeout soon\n");
  proxy.process().signal(SIGHUP);
  REQUIRE(says(proxy.process(), "reload-refused by=SIGHUP file=" + config));
  CHECK_THAT(proxy.process().error_output(), Contains(config + ":2"));
  for (const Transport leg : kAllLegs) CHECK(is_served(leg));
}

TEST_CASE("when other anchors vouch for clients, a ticket of before opens no door") {
  const LabResolver resolver;
  const Files files;
  const tls::Identity ca = tls::issue_self_signed({.common_name = "the class", .names = {}, .ca = true});
  const tls::Identity pupil = tls::issue({.common_name = "a pupil", .names = {}, .client = true}, ca);
  const std::string anchors = files.directory.file("clients.pem");
  tls::write_file(anchors, ca.certificate, false);
  tls::write_file(files.directory.file("pupil.pem"), pupil.certificate, false);
  tls::write_file(files.directory.file("pupil.key"), pupil.key, true);
  Listening proxy(command(files, resolver, {"--client-ca", anchors}), 1);
  tls::ClientOptions options;
  options.ca_file = files.both;
  options.auth_name = "localhost";
  options.cert_file = files.directory.file("pupil.pem");
  options.key_file = files.directory.file("pupil.key");
  const auto known = std::make_shared<const tls::ClientContext>(options);
  for (const bool resumed : {false, true}) {
    DotConnection connection(proxy.endpoint(Transport::tls), known);
    CHECK(facts(connection).resumed == resumed);
    CHECK(ask(connection) == dns::rcode::NOERROR);
  }
  replace(anchors, identity("another").certificate);
  proxy.process().signal(SIGHUP);
  REQUIRE(says(proxy.process(), "reloaded by=SIGHUP changed=client-ca"));
  const auto asks = [&] {
    DotConnection connection(proxy.endpoint(Transport::tls), known);
    return ask(connection);
  };
  CHECK_THROWS(asks());
}

TEST_CASE(
    "a session that one copy opened resumes at another with the same ticket keys, and after a rotation") {
  const LabResolver resolver;
  const Files files;
  const std::string keys = files.directory.file("tickets");
  const std::string old_key = std::string(107, 'A') + "=\n", new_key = "BBBB" + old_key.substr(4);
  replace(keys, old_key, true);
  const Arguments words = command(files, resolver, {"--ticket-key-file", keys});
  Listening one(words, 1), other(words, 1);
  const auto known = trust(files.both);
  const auto resumes = [&](const Listening& proxy) {
    DotConnection connection(proxy.endpoint(Transport::tls), known);
    CHECK(ask(connection) == dns::rcode::NOERROR);  // and has its ticket
    return facts(connection).resumed;
  };
  CHECK_FALSE(resumes(one));
  CHECK(resumes(other));

  replace(keys, new_key + old_key, true);
  for (Listening* proxy : {&one, &other}) {
    proxy->process().signal(SIGHUP);
    REQUIRE(says(proxy->process(), "changed=ticket-key-file"));
  }
  CHECK(resumes(one));  // by the old key, and renewed with the new

  replace(keys, new_key, true);
  for (Listening* proxy : {&one, &other}) {
    proxy->process().signal(SIGHUP);
    REQUIRE(says(proxy->process(), "changed=ticket-key-file", 2));
  }
  CHECK(resumes(other));

  replace(keys, "not a key\n", true);
  one.process().signal(SIGHUP);
  REQUIRE(says(one.process(), "reload-refused by=SIGHUP file=" + keys));
  CHECK(resumes(one));  // by the keys of before
}

TEST_CASE("certificates and trust that change under 2,000 queries per second cost none of them") {
  const LabResolver resolver;
  const Files files;
  Proxy proxy(resolver, Transport::tls, kWithUdp + Arguments{"--pool-size", "4"});
  const std::string key = fs::path(proxy.ca_file()).parent_path() / "key.pem";
  const std::string anchors = content_of(resolver.ca_file());
  Askers askers(proxy, {.count = 12, .at_once = 4, .pace = std::chrono::milliseconds(24)});
  askers.start();
  for (int round = 1; round <= 5; ++round) {
    const tls::Identity next = identity("next");
    replace(key, next.key, true);
    replace(proxy.ca_file(), next.certificate);
    replace(resolver.ca_file(), anchors + next.certificate);
    proxy.process().signal(SIGHUP);
    REQUIRE(says(proxy.process(), "reloaded by=SIGHUP changed=\"cert key upstream-ca\"", round));
    DotConnection comes(proxy.endpoint(Transport::tls), trust(proxy.ca_file()));
    CHECK(ask(comes) == dns::rcode::NOERROR);
    poll(nullptr, 0, 300);  // the load is what takes the time
  }
  const Askers::Report report = askers.stop();
  CAPTURE(report.to_string());
  CHECK(report.right > 500);
  CHECK(report.failed == 0);
  for (const std::string& one : report.wrong) FAIL_CHECK(one);
}

TEST_CASE("a key that --user may not read is warned of, refused, and read once its group may") {
  if (geteuid() != 0) {
    WARN("skipped: only root can become somebody else");
    return;
  }
  const LabResolver resolver;
  const Files files;
  fs::permissions(fs::path(files.cert).parent_path(), fs::perms(0755));
  fs::permissions(files.cert, fs::perms(0644));
  Listening proxy(command(files, resolver, {"--user", "nobody:nogroup"}), 1);
  REQUIRE(says(proxy.process(), "warning cannot-reload file=" + files.key));
  proxy.process().signal(SIGHUP);  // what has not changed need not be read
  REQUIRE(says(proxy.process(), "reloaded by=SIGHUP changed=none"));

  files.put(files.second);
  fs::permissions(files.cert, fs::perms(0644));
  proxy.process().signal(SIGHUP);
  REQUIRE(says(proxy.process(), "reload-refused by=SIGHUP file=" + files.key));
  CHECK_THAT(proxy.process().error_output(), Contains("let its group do so"));
  CHECK(who_serves(proxy, files) == "CN=first");

  fs::permissions(files.key, fs::perms(0640));
  REQUIRE(chown(files.key.c_str(), 0, 65534) == 0);
  proxy.process().signal(SIGHUP);
  REQUIRE(says(proxy.process(), "reloaded by=SIGHUP changed=\"cert key\""));
  CHECK(who_serves(proxy, files) == "CN=second");
}
