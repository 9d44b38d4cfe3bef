// Who is trusted at an upstream: the same for all its connections, and for all addresses of a name. It can be
// replaced while the proxy serves: connections that are made from then on are held to the new trust, and
// Upstream::sweep() sees to those that were made before. Any thread.
#pragma once

#include <memory>
#include <mutex>

#include "common/tls/tls_context.h"

class Trust {
 public:
  using Context = std::shared_ptr<const tls::ClientContext>;

  explicit Trust(Context context) : context_(std::move(context)) {}

  Context current() const {
    const std::lock_guard lock(mutex_);
    return context_;
  }

  void replace(Context context) {
    const std::lock_guard lock(mutex_);
    context_.swap(context);  // what was there goes after the lock, if it is nobody's any more
  }

 private:
  mutable std::mutex mutex_;
  Context context_;
};
