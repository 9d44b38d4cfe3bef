#include "proxyserver/listening/live_sessions.h"

#include <cerrno>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "common/log.h"
#include "common/net/net_error.h"
#include "common/net/waker.h"

LiveSessions::LiveSessions(std::size_t limit) : limit_(limit), wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (!wake_.valid()) throw net::NetError::from_errno("open an eventfd", errno);
}

LiveSessions::~LiveSessions() {
  cut_off();
}

bool LiveSessions::start(int fd, std::optional<ClientKey> key, std::function<void(const Place&)> work) {
  const std::lock_guard lock(mutex_);  // held until the entry has its thread: the thread's end waits for it
  std::size_t* const of_client = key ? &per_client_[*key] : nullptr;
  const auto entry = live_.insert(live_.end(), Entry{{}, fd, key});
  if (of_client != nullptr) ++*of_client;
  try {
    entry->thread = std::thread([this, entry, work = std::move(work)] {
      work(Place(*this, entry));
      ended(entry);
    });
    return true;
  } catch (const std::exception&) {  // EAGAIN: the limit of threads or of memory; std::bad_alloc
    forget_client(entry);
    live_.erase(entry);
    return false;
  }
}

void LiveSessions::Place::sign_off() const {
  const std::lock_guard lock(sessions_.mutex_);
  entry_->fd = -1;
}

bool LiveSessions::Place::belongs_to(const ClientKey& key, std::size_t limit) const {
  const std::lock_guard lock(sessions_.mutex_);
  const auto [client, is_new] = sessions_.per_client_.try_emplace(key, 0);
  if (client->second >= limit) return false;
  ++client->second;
  entry_->key = key;
  return true;
}

void LiveSessions::forget_client(Entries::iterator entry) {
  if (!entry->key) return;
  if (const auto client = per_client_.find(*entry->key); --client->second == 0) per_client_.erase(client);
}

void LiveSessions::ended(Entries::iterator entry) {
  const std::lock_guard lock(mutex_);
  if (live_.size() >= limit_) eventfd_write(wake_.get(), 1);
  forget_client(entry);
  ended_.splice(ended_.end(), live_, entry);
  change_.notify_one();
}

bool LiveSessions::full() const {
  return size() >= limit_;
}

std::size_t LiveSessions::size() const {
  const std::lock_guard lock(mutex_);
  return live_.size();
}

std::size_t LiveSessions::of_client(const ClientKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto client = per_client_.find(key);
  return client == per_client_.end() ? 0 : client->second;
}

void LiveSessions::reap() {
  std::list<Entry> ended;
  {
    const std::lock_guard lock(mutex_);
    ended.swap(ended_);
  }
  for (Entry& entry : ended) entry.thread.join();
  eventfd_t count;
  eventfd_read(wake_.get(), &count);
}

void LiveSessions::wake() {
  const std::lock_guard lock(mutex_);
  for (Entry& entry : live_) net::Waker::wake(entry.thread.native_handle());
}

bool LiveSessions::wait_for_all(net::Deadline deadline) {
  bool ended = false;
  {
    std::unique_lock lock(mutex_);
    ended = change_.wait_until(lock, deadline.when(), [this] { return live_.empty(); });
  }
  reap();
  return ended;
}

void LiveSessions::cut_off() {
  {
    std::unique_lock lock(mutex_);
    for (const Entry& entry : live_)
      if (entry.fd >= 0) shutdown(entry.fd, SHUT_RDWR);
    // Bounded: every wait of a session has its deadline.
    change_.wait(lock, [this] { return live_.empty(); });
  }
  reap();
}
