#include "proxyserver/upstreams/asker.h"

#include <utility>

bool Asker::give_back(Returned returned) {
  const std::lock_guard lock(mutex_);
  if (ended_) return false;
  mail_.queries.push_back(std::move(returned));
  has_mail_.store(true, std::memory_order_release);
  waker_.wake();
  return true;
}

bool Asker::hand_over(const ConnectionPtr& connection) {
  const std::lock_guard lock(mutex_);
  if (ended_) return false;
  mail_.connections.push_back(connection);
  has_mail_.store(true, std::memory_order_release);
  waker_.wake();
  return true;
}

Asker::Mail Asker::take_mail() {
  const std::lock_guard lock(mutex_);
  has_mail_.store(false, std::memory_order_relaxed);
  return std::exchange(mail_, {});
}

Asker::Mail Asker::end() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  return std::exchange(mail_, {});
}
