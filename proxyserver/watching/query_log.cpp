#include "proxyserver/watching/query_log.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <poll.h>
#include <thread>
#include <unistd.h>

#include "common/dns/codes.h"
#include "common/dns/name.h"
#include "common/log.h"
#include "common/tls/keyed_hash.h"
#include "proxyserver/watching/instruments.h"
#include "proxyserver/watching/log_file.h"

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kGather{50};  // lines are written together: one wake-up for many
constexpr std::chrono::milliseconds kLook{100};   // at whether the reader of a pipe has made room
constexpr std::chrono::seconds kSayEvery{10};

// How a query waits for its line, the three texts behind it: as it came, nothing made of it yet.
struct Entry {
  std::int64_t time;  // since the epoch, as logging::Line::Time counts
  std::uint32_t us;
  std::uint16_t type;
  std::uint16_t rcode;
  std::uint16_t client;  // octets
  std::uint16_t question;
  std::uint16_t upstream;
  net::Transport transport;
  CacheUse cached;
};

std::uint16_t size16(std::size_t size) {
  return static_cast<std::uint16_t>(std::min<std::size_t>(size, UINT16_MAX));
}

std::string_view without_port(std::string_view client) {
  return client.substr(0, client.rfind(':'));
}

}  // namespace

class QueryLog::Writer {
 public:
  Writer(const std::string& file, ClientPrivacy privacy)
      : file_("open the query log", file, STDOUT_FILENO), privacy_(privacy) {
    if (privacy == ClientPrivacy::hash) hash_.emplace();
    waiting_.reserve(kRoom);
    written_.reserve(kRoom);
  }

  void add(const Answered& what, Duration time) noexcept;
  void reopen();
  bool stop();  // false: it cannot be stopped
  void run();   // the thread
  std::string folder() const { return file_.folder(); }

 private:
  std::string lines_of(std::string_view entries);
  std::string line_of(const Entry& entry, std::string_view client, std::string_view question,
                      std::string_view upstream) const;
  void write_notice();
  bool write(std::string_view& lines);  // false: what is left of them could not be written
  bool complain(int error);
  void lost(std::size_t lines);
  void say_lost(bool at_once);
  bool is_out_of_time();

  const LogFile file_;
  const ClientPrivacy privacy_;
  std::optional<tls::KeyedHash> hash_;

  std::mutex mutex_;  // guards these
  std::condition_variable news_;
  std::string waiting_;  // entries; never grows beyond what was reserved
  std::size_t dropped_ = 0;
  bool reopening_ = false;
  std::optional<Clock::time_point> end_;  // it has been told to stop: until then
  bool ended_ = false;

  // The thread's own.
  std::string written_;
  std::size_t untold_in_file_ = 0;
  std::size_t untold_in_log_ = 0;
  Clock::time_point told_{};
  bool complained_ = false;
  bool mid_line_ = false;
};

void QueryLog::Writer::add(const Answered& what, Duration time) noexcept {
  std::string client;
  try {
    if (privacy_ != ClientPrivacy::none) client = what.client.text();
  } catch (const std::bad_alloc&) {
    const std::lock_guard lock(mutex_);
    ++dropped_;
    return;
  }
  const std::string_view upstream = what.upstream != nullptr ? std::string_view(*what.upstream) : "";
  const ByteView question = what.answer.question;
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
  const Entry entry{std::chrono::system_clock::now().time_since_epoch().count(),
                    static_cast<std::uint32_t>(std::clamp<long long>(us, 0, UINT32_MAX)),
                    what.answer.qtype,
                    what.answer.rcode(),
                    size16(client.size()),
                    size16(question.size()),
                    size16(upstream.size()),
                    what.transport,
                    what.cached};
  const std::size_t size = sizeof entry + entry.client + entry.question + entry.upstream;

  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    const std::size_t before = waiting_.size();
    if (before + size > kRoom) {
      ++dropped_;
      return;
    }
    waiting_.append(reinterpret_cast<const char*>(&entry), sizeof entry);
    waiting_.append(client, 0, entry.client);
    waiting_.append(reinterpret_cast<const char*>(question.data()), entry.question);
    waiting_.append(upstream.substr(0, entry.upstream));
    const std::size_t much = kRoom / 4;
    wake = before == 0 || (before < much && waiting_.size() >= much);
  }
  if (wake) news_.notify_all();
}

void QueryLog::Writer::reopen() {
  const std::lock_guard lock(mutex_);
  reopening_ = true;
  news_.notify_all();
}

bool QueryLog::Writer::stop() {
  std::unique_lock lock(mutex_);
  end_ = Clock::now() + kLastPatience;
  news_.notify_all();
  return news_.wait_for(lock, 2 * kLastPatience, [this] { return ended_; });
}

void QueryLog::Writer::run() {
  for (bool last = false; !last;) {
    bool reopening = false;
    {
      std::unique_lock lock(mutex_);
      const auto is_urgent = [this] { return end_ || reopening_ || waiting_.size() >= kRoom / 4; };
      const auto is_news = [&] { return is_urgent() || !waiting_.empty(); };
      if (untold_in_log_ > 0)
        news_.wait_until(lock, told_ + kSayEvery, is_news);
      else
        news_.wait(lock, is_news);
      news_.wait_for(lock, kGather, is_urgent);
      waiting_.swap(written_);
      last = end_.has_value();
      reopening = std::exchange(reopening_, false);
    }
    say_lost(false);
    write_notice();
    const std::string lines = lines_of(written_);
    std::string_view unwritten = lines;
    if (!write(unwritten)) lost(static_cast<std::size_t>(std::ranges::count(unwritten, '\n')));
    written_.clear();
    if (reopening) file_.reopen();
    say_lost(last);
  }
  const std::lock_guard lock(mutex_);
  ended_ = true;
  news_.notify_all();
}

std::string QueryLog::Writer::lines_of(std::string_view entries) {
  std::string lines;
  const auto take = [&entries](std::size_t size) {
    const std::string_view part = entries.substr(0, size);
    entries.remove_prefix(part.size());
    return part;
  };
  while (!entries.empty()) {
    Entry entry{};
    std::memcpy(&entry, take(sizeof entry).data(), sizeof entry);
    const std::string_view client = take(entry.client);
    const std::string_view question = take(entry.question);
    lines += line_of(entry, client, question, take(entry.upstream));
  }
  return lines;
}

std::string QueryLog::Writer::line_of(const Entry& entry, std::string_view client, std::string_view question,
                                      std::string_view upstream) const {
  const logging::Line::Time time{logging::Line::Time::duration(entry.time)};
  logging::Line line(logging::format(), time, "", "query");
  if (hash_)
    line.add("client", hash_->of(without_port(client)));
  else if (!client.empty())
    line.add("client", client);
  line.add("transport", net::to_string(entry.transport));
  if (!question.empty()) {
    dns::WireReader reader({reinterpret_cast<const std::uint8_t*>(question.data()), question.size()});
    line.add("name", dns::Name::decode(reader).to_string()).add("type", dns::type_name(entry.type));
  }
  line.add("rcode", dns::rcode_name(entry.rcode)).add("us", entry.us);
  if (!upstream.empty()) line.add("upstream", upstream);
  if (entry.cached != CacheUse::none) line.add("cache", entry.cached == CacheUse::fresh ? "fresh" : "stale");
  return line.take();
}

// Before the next lines: the end of a line that was cut off, and how many are missing.
void QueryLog::Writer::write_notice() {
  std::string notice(mid_line_ ? "\n" : "");
  if (untold_in_file_ > 0)
    notice += logging::Line(logging::format(), std::chrono::system_clock::now(), "", "query-log-dropped")
                  .add("count", static_cast<long long>(untold_in_file_))
                  .take();
  std::string_view unwritten = notice;
  if (write(unwritten)) untold_in_file_ = 0;
}

// To a pipe no more at once than what goes whole or not at all (POSIX, PIPE_BUF), and only when there is
// room.
bool QueryLog::Writer::write(std::string_view& lines) {
  while (!lines.empty()) {
    std::size_t size = lines.size();
    if (!file_.is_regular()) {
      size = std::min<std::size_t>(size, PIPE_BUF);
      pollfd room{file_.fd(), POLLOUT, 0};
      if (poll(&room, 1, static_cast<int>(kLook.count())) == 0) {
        if (is_out_of_time()) return complain(EAGAIN);
        say_lost(false);
        continue;
      }
    }
    const ssize_t written = ::write(file_.fd(), lines.data(), size);
    if (written > 0) {
      mid_line_ = lines[static_cast<std::size_t>(written) - 1] != '\n';
      lines.remove_prefix(static_cast<std::size_t>(written));
    } else if (written == 0 || (errno != EINTR && errno != EAGAIN)) {
      return complain(written == 0 ? ENOSPC : errno);
    }
  }
  complained_ = false;
  return true;
}

// Said once, until it can be written to again. Each batch tries.
bool QueryLog::Writer::complain(int error) {
  if (!std::exchange(complained_, true))
    logging::write_summed(logging::Level::warning, "query-log-incomplete",
                          logging::field("file", file_.name()),
                          logging::field("reason", strerrordesc_np(error)));
  return false;
}

void QueryLog::Writer::lost(std::size_t lines) {
  untold_in_file_ += lines;
  untold_in_log_ += lines;
}

void QueryLog::Writer::say_lost(bool at_once) {
  {
    const std::lock_guard lock(mutex_);
    lost(std::exchange(dropped_, 0));
  }
  const Clock::time_point now = Clock::now();
  if (untold_in_log_ == 0 || (!at_once && now < told_ + kSayEvery)) return;
  told_ = now;
  logging::write(
      logging::Level::warning, "query-log-dropped",
      fmt::format("{} count={}", logging::field("file", file_.name()), std::exchange(untold_in_log_, 0)));
}

bool QueryLog::Writer::is_out_of_time() {
  const std::lock_guard lock(mutex_);
  return end_ && *end_ <= Clock::now();
}

QueryLog::QueryLog(const std::string& file, ClientPrivacy privacy)
    : writer_(std::make_shared<Writer>(file, privacy)) {}

QueryLog::~QueryLog() {
  if (thread_.joinable()) writer_->stop() ? thread_.join() : thread_.detach();
}

void QueryLog::start() {
  thread_ = std::thread([writer = writer_] { writer->run(); });
}

void QueryLog::add(const Answered& what, Duration time) noexcept {
  writer_->add(what, time);
}

void QueryLog::reopen() {
  writer_->reopen();
}

std::string QueryLog::folder() const {
  return writer_->folder();
}
