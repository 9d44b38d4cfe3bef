// --for: which upstreams a name goes to, and which of them may be in clear.
#include "proxyserver/upstreams/routes.h"

#include <fmt/format.h>

#include "proxyserver/configuration/check.h"
#include "proxyserver/configuration/groups.h"
#include "tests/support/catch.h"
#include "tests/support/parse_options.h"

using Catch::Matchers::Contains;

namespace {

using Words = std::vector<std::string>;

dns::Name name(std::string_view text) {
  return dns::Name::parse(text).value();
}

// "0 1" for the upstreams of the general group, then "corp. test.: 2" for those of the others.
std::vector<std::string> groups_of(const Words& words) {
  const auto options = parse(words);
  if (!options) return {options.error()};
  std::vector<std::string> found;
  for (const UpstreamGroup& group : upstream_groups(options->upstreams)) {
    std::string text;
    for (const dns::Name& suffix : group.suffixes) text += (text.empty() ? "" : " ") + suffix.to_string();
    if (!text.empty()) text += ": ";
    found.push_back(fmt::format("{}{}", text, fmt::join(group.upstreams, " ")));
  }
  return found;
}

}  // namespace

TEST_CASE("a name goes to the group of the longest suffix that it is at or below, label by label") {
  Routes routes;
  const Upstreams& corp = routes.add({name("Corp.Example"), name("10.in-addr.arpa")}, false);
  const Upstreams& lab = routes.add({name("lab.corp.example")}, false);
  const Upstreams& dotted = routes.add({name("a\\.b.test")}, false);
  Upstreams general(false);
  const auto goes_to = [&](std::string_view text) -> const Upstreams* {
    const dns::Name asked = name(text);
    return &general.group_of(asked.wire());
  };
  CHECK(goes_to("www.corp.example") == &general);  // it has not been told of any route yet
  general.leave_names_to(routes);
  for (const char* one : {"corp.example", "CORP.eXample", "www.corp.example", "notlab.corp.example",
                          "10.in-addr.arpa", "1.2.3.10.IN-ADDR.ARPA", "a.b.c.d.e.f.g.corp.example"}) {
    CAPTURE(one);
    CHECK(goes_to(one) == &corp);
  }
  for (const char* one : {"lab.corp.example", "a.b.LAB.corp.example", "*.lab.corp.example"}) {
    CAPTURE(one);
    CHECK(goes_to(one) == &lab);
  }
  CHECK(goes_to("a\\.b.test") == &dotted);
  CHECK(goes_to("www.a\\.b.test") == &dotted);
  for (const char* one : {".", "example", "notcorp.example", "xcorp.example", "corp.example.com", "corp",
                          "110.in-addr.arpa", "in-addr.arpa", "a.b.test", "test", "b.test",
                          "x\\.corp.example", "\\004corp\\007example", "x.\\004corp\\007example"}) {
    CAPTURE(one);
    CHECK(goes_to(one) == &general);
  }
  CHECK(&general.group_of({}) == &general);
  CHECK(corp.suffixes() == "Corp.Example. 10.in-addr.arpa.");
  CHECK(general.suffixes().empty());
}

TEST_CASE("suffixes make groups of upstreams, in the order that these were given") {
  const std::string a = "tls://192.0.2.1", b = "tls://192.0.2.2", c = "tls://192.0.2.3";
  CHECK(groups_of({"--upstream", a, "--upstream", b}) == Words{"0 1"});
  CHECK(groups_of({"--upstream", a, "--upstream", b, "--for", "corp", "--upstream", c, "--for", "CORP."}) ==
        Words{"0", "corp.: 1 2"});
  CHECK(groups_of({"--upstream", a, "--for", "corp", "--for", "10.in-addr.arpa"}) ==
        Words{"", "corp. 10.in-addr.arpa.: 0"});
  CHECK(groups_of({"--upstream", a, "--for", "x", "--for", "y", "--upstream", b, "--for", "y"}) ==
        Words{"", "x.: 0", "y.: 0 1"});
  // For a suffix and for all others.
  CHECK(groups_of({"--upstream", a, "--for", "corp", "--for", ".", "--upstream", b}) ==
        Words{"0 1", "corp.: 0"});
}

TEST_CASE("a suffix that is no name, or stands where it says nothing, is refused") {
  const auto [words, complaint] = GENERATE(table<Words, std::string>({
      {{"--for", "corp"}, "--for corp: it must come after the --upstream that it is for"},
      {{"--clear"}, "--clear: it must come after the --upstream that it is for"},
      {{"--upstream", "tls://192.0.2.1", "--for", ""}, "empty name"},
      {{"--upstream", "tls://192.0.2.1", "--for", ".corp"}, "'.corp': empty label"},
      {{"--upstream", "tls://192.0.2.1", "--for", "@"}, "is '.'"},
      {{"--upstream", "tls://192.0.2.1", "--for", "*.corp"}, "without '*.'"},
      {{"--upstream", "tls://192.0.2.1", "--for", "10.0.0.0/8"}, "below 10.in-addr.arpa"},
      {{"--upstream", "tls://192.0.2.1", "--for", "192.168.1"}, "below 10.in-addr.arpa"},
      {{"--upstream", "tls://192.0.2.1", "--for", "m\xc3\xbcnchen.example"}, "xn--"},
      {{"--upstream", "tls://192.0.2.1", "--for", "corp", "--for", "CORP."}, "--for CORP.: given twice"},
  }));
  CAPTURE(words);
  const auto options = parse(words);
  REQUIRE_FALSE(options.has_value());
  CHECK_THAT(options.error(), Contains(complaint));
}

TEST_CASE("plain upstreams beside encrypted ones are for suffixes alone, and take the word --clear") {
  const std::string tls = "tls://192.0.2.1", tcp = "tcp://192.0.2.2", other = "tls://192.0.2.3";
  const auto complaint = [](const Words& words) {
    const auto options = parse(words);
    return options ? "" : options.error();
  };
  CHECK(complaint({"--upstream", tls, "--upstream", tcp, "--for", "corp", "--clear"}).empty());
  CHECK(complaint({"--upstream", tls, "--upstream", tcp, "--clear", "--for", "corp"}).empty());
  CHECK(complaint({"--upstream", tcp, "--for", "corp", "--clear", "--upstream", tls}).empty());
  CHECK(complaint({"--upstream", tls, "--for", "corp", "--upstream", tcp, "--for", ".", "--clear"}).empty());
  CHECK(complaint({"--upstream", tcp, "--upstream", "tcp://192.0.2.4", "--for", "corp", "--clear"}).empty());

  CHECK_THAT(complaint({"--upstream", tls, "--upstream", tcp, "--for", "corp"}),
             Contains("--upstream tcp://192.0.2.2: ") && Contains("corp. would leave in clear"));
  CHECK_THAT(complaint({"--upstream", tcp, "--for", "corp"}), Contains("corp. would leave in clear"));
  CHECK_THAT(complaint({"--upstream", tls, "--upstream", tcp}), Contains("cannot be mixed"));
  CHECK_THAT(complaint({"--upstream", tcp, "--upstream", tls, "--for", "corp"}), Contains("cannot be mixed"));
  CHECK_THAT(complaint({"--upstream", tls, "--upstream", tcp, "--clear"}), Contains("but no --for"));
  CHECK_THAT(complaint({"--upstream", tls, "--for", "corp", "--clear"}), Contains("not in clear"));
  CHECK_THAT(complaint({"--upstream", tcp, "--clear", "--for", "corp", "--clear"}), Contains("given twice"));
  // Not within one suffix: what is meant for TLS would leave in clear when that fails.
  CHECK_THAT(complaint({"--upstream", tls, "--upstream", other, "--for", "corp", "--upstream", tcp, "--for",
                        "corp", "--clear"}),
             Contains("--upstream tcp://192.0.2.2: ") && Contains("cannot be mixed for corp."));
  CHECK_THAT(complaint({"--upstream", tls, "--upstream", tcp, "--for", ".", "--clear"}),
             Contains("cannot be mixed for all names"));
}

TEST_CASE("options that need another upstream, or an encrypted one, find it in any group") {
  const std::string pin = "sha256/v+/c4XhSxq88CQtgS8zTmu73Hv9q7/zGMOdzWgD0q2k=";
  const Words clear = {"--upstream", "tcp://192.0.2.2", "--for", "corp", "--clear"};
  const auto fits = [&](Words words) {
    words.insert(words.begin(), clear.begin(), clear.end());
    return parse(words).has_value();
  };
  CHECK(fits({"--upstream", "tls://192.0.2.1", "--pad", "always", "--upstream-ca", "ca.pem"}));
  CHECK(fits({"--upstream", "tls://192.0.2.1", "--pin", pin, "--pin-only"}));
  CHECK_FALSE(fits({"--pad", "always"}));
  CHECK_FALSE(fits({"--upstream", "tls://192.0.2.1", "--retry-on", "refused"}));  // each is alone
  CHECK(fits({"--upstream", "tls://192.0.2.1", "--upstream", "tls://192.0.2.3", "--retry-on", "refused"}));
}

TEST_CASE("the option --check warns of each suffix in clear, and says what becomes of names below none") {
  const auto report_on = [](const Words& words) {
    Report report;
    check_files(parse(words).value(), std::chrono::sys_seconds{}, report);
    return report.text();
  };
  const Words corp = {"--upstream", "tcp://192.0.2.1", "--for", "corp", "--for", "lab", "--clear"};
  const std::string text = report_on(corp);
  for (const char* suffix : {"corp.", "lab."})
    CHECK_THAT(text, Contains(fmt::format("for          {}: names at and below it leave in clear, to "
                                          "tcp://192.0.2.1:53",
                                          suffix)));
  CHECK_THAT(text, Contains("names below none of the suffixes are refused"));
  CHECK_THAT(report_on({"--upstream", "tcp://192.0.2.1"}),
             !Contains("suffixes") && !Contains("in clear, to"));
}

TEST_CASE("an upstream knows its group, and who looks on sees those of all") {
  Routes routes;
  Upstreams general(false);
  general.leave_names_to(routes);
  Upstreams& corp = routes.add({name("corp")}, false);
  CHECK(general.empty());
  CHECK_FALSE(general.encrypted());
  corp.add(std::make_unique<Upstream>(*net::parse_endpoint("tcp://192.0.2.1"), nullptr, 1));
  CHECK(&corp.list().front()->group() == &corp);
  CHECK(routes.all_with(general) == corp.list());
  general.add(std::make_unique<Upstream>(*net::parse_endpoint("tcp://192.0.2.1"), nullptr, 1));
  CHECK(&general.list().front()->group() == &general);
  CHECK(routes.all_with(general).size() == 2);
}
