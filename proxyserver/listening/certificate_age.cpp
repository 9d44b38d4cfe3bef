#include "proxyserver/listening/certificate_age.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace {

constexpr std::chrono::days kInterval{1};

}  // namespace

long days_left(const tls::CertificateFacts& certificate, std::chrono::sys_seconds now) {
  return std::chrono::floor<std::chrono::days>(certificate.not_after - now).count();
}

bool CertificateAge::take(const std::string& file, const tls::CertificateFacts& certificate) {
  const auto same = [&](const tls::CertificateFacts& before) {
    return before.pin == certificate.pin && before.not_before == certificate.not_before &&
           before.not_after == certificate.not_after;
  };
  if (file == file_ && certificate_ && same(*certificate_)) return false;
  file_ = file;
  certificate_ = certificate;
  said_ = State::sound;
  return true;
}

CertificateAge::State CertificateAge::state_at(std::chrono::sys_seconds now) const {
  if (!certificate_) return State::sound;
  if (now > certificate_->not_after) return State::ended;  // RFC 5280 §4.1.2.5: its last second counts
  if (now < certificate_->not_before) return State::not_yet;
  return certificate_->not_after - now < kEndsSoon ? State::soon : State::sound;
}

std::optional<CertificateAge::Notice> CertificateAge::look(std::chrono::sys_seconds now) {
  const State state = state_at(now);
  if (state == State::sound) return said_ = state, std::nullopt;
  // A clock that has been set back must not silence us for long.
  const bool is_due = now - said_at_ >= kInterval || now < said_at_;
  if (state == said_ && !is_due) return std::nullopt;
  said_ = state;
  said_at_ = now;
  const std::string file = logging::field("file", file_);
  const auto end = certificate_->not_after;
  switch (state) {
    case State::ended:
      return Notice{logging::Level::error, "certificate-expired",
                    fmt::format("{} since={:%FT%TZ} days={} advice=\"clients refuse it: replace it\"", file,
                                tls::utc(end), std::chrono::floor<std::chrono::days>(now - end).count())};
    case State::not_yet:
      return Notice{logging::Level::warning, "certificate-not-yet-valid",
                    fmt::format("{} from={:%FT%TZ} advice=\"clients refuse it: is the clock right?\"", file,
                                tls::utc(certificate_->not_before))};
    default:
      return Notice{
          logging::Level::warning, "certificate-expires",
          fmt::format("{} on={:%FT%TZ} days={}", file, tls::utc(end), days_left(*certificate_, now))};
  }
}
