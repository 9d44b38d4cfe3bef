// When it is said that our certificate ends.
#include "proxyserver/listening/certificate_age.h"

#include "tests/support/catch.h"

using Catch::Matchers::Contains;
using namespace std::chrono_literals;
using std::chrono::days;

namespace {

const std::chrono::sys_seconds kEnd = std::chrono::sys_days(std::chrono::year(2026) / 12 / 31) + 12h;

tls::CertificateFacts certificate(std::chrono::sys_seconds end = kEnd) {
  return {.subject = "CN=a",
          .issuer = "CN=b",
          .names = {},
          .not_before = end - days(90),
          .not_after = end,
          .pin = "p"};
}

CertificateAge age() {
  CertificateAge one;
  one.take("cert.pem", certificate());
  return one;
}

}  // namespace

TEST_CASE("a certificate that is good for long, or none, is not talked about") {
  CHECK_FALSE(CertificateAge().look(kEnd).has_value());
  CHECK_FALSE(age().look(kEnd - days(89)).has_value());
  CHECK_FALSE(age().look(kEnd - days(14)).has_value());
}

TEST_CASE("from 14 days before its end it is said at once, and then once a day") {
  CertificateAge one = age();
  CHECK_FALSE(one.look(kEnd - days(14)).has_value());
  const auto notice = one.look(kEnd - days(14) + 1s);
  REQUIRE(notice.has_value());
  CHECK(notice->level == logging::Level::warning);
  CHECK(notice->event == "certificate-expires");
  CHECK(notice->facts == "file=cert.pem on=2026-12-31T12:00:00Z days=13");
  CHECK_FALSE(one.look(kEnd - days(14) + 2s).has_value());
  CHECK_FALSE(one.look(kEnd - days(13)).has_value());
  CHECK_THAT(one.look(kEnd - days(13) + 1s)->facts, Contains("days=12"));
}

TEST_CASE("it is said as a certificate ends, whatever was said that day, and daily from then on") {
  CertificateAge one = age();
  REQUIRE(one.look(kEnd - 1h).has_value());
  CHECK_FALSE(one.look(kEnd).has_value());  // its last second
  const auto notice = one.look(kEnd + 1s);
  REQUIRE(notice.has_value());
  CHECK(notice->level == logging::Level::error);
  CHECK(notice->event == "certificate-expired");
  CHECK_THAT(notice->facts, Contains("file=cert.pem since=2026-12-31T12:00:00Z days=0"));
  CHECK_FALSE(one.look(kEnd + days(1)).has_value());
  CHECK_THAT(one.look(kEnd + days(1) + 1s)->facts, Contains("days=1 "));
}

TEST_CASE("one that is not valid yet is said to be so") {
  CHECK(age().look(kEnd - days(91))->event == "certificate-not-yet-valid");
}

TEST_CASE("a new certificate is looked at afresh, the same one is not") {
  CertificateAge one = age();
  REQUIRE(one.look(kEnd - days(2)).has_value());
  CHECK_FALSE(one.take("cert.pem", certificate()));
  CHECK_FALSE(one.look(kEnd - days(2) + 1s).has_value());
  CHECK(one.take("cert.pem", certificate(kEnd + days(1))));
  CHECK_THAT(one.look(kEnd - days(2) + 2s)->facts, Contains("days=2"));
  CHECK(one.take("cert.pem", certificate(kEnd + days(80))));
  CHECK_FALSE(one.look(kEnd - days(2) + 3s).has_value());
}

TEST_CASE("a clock that is set back is no reason for silence") {
  CertificateAge one = age();
  REQUIRE(one.look(kEnd - days(1)).has_value());
  CHECK(one.look(kEnd - days(5)).has_value());
}
