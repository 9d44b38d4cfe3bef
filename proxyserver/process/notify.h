// What the service manager is told: systemd's sd_notify(3), one datagram for each thing said, without its
// library. Where there is no manager (no NOTIFY_SOCKET), nothing is said.
//
// The object is the main thread's, made before confine(): its socket is open from then on.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "common/net/unique_fd.h"

class ServiceManager {
 public:
  ServiceManager();  // by the environment; a socket that cannot be reached is logged

  void ready() const { tell("READY=1"); }  // Type=notify waits for it, and after reloading() too
  void stopping() const { tell("STOPPING=1"); }
  void reloading() const;  // with the time, as Type=notify-reload wants it
  void alive() const;      // WATCHDOG=1, if it watches (WatchdogSec=)

  // alive() has to be called so often, if it watches: twice in the time after which it would end us.
  std::optional<std::chrono::microseconds> wants_to_hear() const { return interval_; }

 private:
  void tell(std::string_view what) const;

  net::UniqueFd socket_;  // invalid: there is nobody to tell
  std::optional<std::chrono::microseconds> interval_;
};
