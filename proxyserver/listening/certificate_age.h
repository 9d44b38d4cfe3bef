// When our own certificate ends, and when to say so: from 14 days before, once a day, and as it ends. One
// thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "common/log.h"
#include "common/tls/peer.h"

inline constexpr std::chrono::days kEndsSoon{14};

// How many whole days are left; less than 0 once it has ended.
long days_left(const tls::CertificateFacts& certificate, std::chrono::sys_seconds now);

class CertificateAge {
 public:
  struct Notice {
    logging::Level level;
    std::string_view event;  // "certificate-expires", "certificate-expired", "certificate-not-yet-valid"
    std::string facts;
  };

  // That one is in use from now on. True: it is another one, or the first.
  bool take(const std::string& file, const tls::CertificateFacts& certificate);

  // What is to be said now. Cheap: it may be called once a second.
  std::optional<Notice> look(std::chrono::sys_seconds now);

 private:
  enum class State { sound, not_yet, soon, ended };

  State state_at(std::chrono::sys_seconds now) const;

  std::string file_;
  std::optional<tls::CertificateFacts> certificate_;
  State said_ = State::sound;
  std::chrono::sys_seconds said_at_{};
};
