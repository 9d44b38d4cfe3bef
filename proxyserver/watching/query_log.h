// --query-log: a line for each query that was answered. It tells who asks for what, so there is none unless
// it was asked for (DESIGN, law 9). In the format of the log:
//
//   TIME query client=127.0.0.1:40000 transport=tls name=google.com. type=A rcode=NOERROR us=20311 upstream=…
//
//  - client: its address and port; by its privacy, a hash of the address alone, or nothing.
//  - name, type: missing where the query had none that could be read. us: microseconds until it was answered.
//  - upstream: whose answer it is; missing: the proxy's own, or out of the cache, which cache=fresh or
//  cache=stale
//    tells.
//
// Who answers a query puts what is to be told into a buffer, under a lock that is held for as long as copying
// a few hundred octets takes. A thread writes it down. What finds the buffer full, because a disk or the
// reader of a pipe is slow, is counted, and the count is told in the file and in the log.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <thread>

struct Answered;

enum class ClientPrivacy { full, hash, none };

class QueryLog {
 public:
  using Duration = std::chrono::steady_clock::duration;

  static constexpr std::size_t kRoom = std::size_t{1}
                                       << 20;  // octets that wait at most, and as many are written
  static constexpr std::chrono::seconds kLastPatience{1};  // for who does not take the lines, at the end

  // "-": standard output; throws NetError if it cannot be opened.
  QueryLog(const std::string& file, ClientPrivacy privacy);
  // Writes all that waits, within kLastPatience if it can be written at all.
  ~QueryLog();
  QueryLog(const QueryLog&) = delete;
  QueryLog& operator=(const QueryLog&) = delete;

  void start();  // the thread, which lives as confined as its maker by then
  void add(const Answered& what, Duration time) noexcept;  // any thread; never waits
  void reopen();                                           // soon, by the thread
  std::string folder() const;                              // LogFile::folder()

 private:
  class Writer;
  const std::shared_ptr<Writer> writer_;  // the thread's too: on a disk that hangs it may outlive us
  std::thread thread_;
};
