// A connection to a resolver, shared by all who have a query for it: RFC 7766 §6.2.1.1 asks for one, used by
// many. What is in flight on it, who attends to it, and what it says about the resolver.
//
//   submit()  any thread ──► table of IDs, queue ──► write: one thread for all that wait there
//   turn()    the attendant ──► read ──► matched with the table ──► its askers get their answers
//
// The attendant is the thread that polls the socket, one at a time: the asker whose query found nobody there.
// It attends as long as anything is in flight. When its own client leaves before that, it hands the role over
// to somebody who waits. When nothing is in flight nobody attends.
//
// Two locks, never both held by one thread: `table_` for what is in flight and who does what, `io_` for the
// stream. Nobody waits for the network while holding either (DESIGN, law 1).
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <poll.h>
#include <span>
#include <string>
#include <vector>

#include "common/net/framing.h"
#include "common/net/stream.h"
#include "common/tls/tls_stream.h"
#include "proxyserver/upstreams/asker.h"
#include "proxyserver/upstreams/in_flight.h"
#include "proxyserver/watching/capture.h"

class Trace;

// Why a connection is no more, for those whose queries were on it.
struct Death {
  Upstream& upstream;
  std::string reason;
  bool unreached = false;  // it never stood
  bool may_heal = false;   // a resolver that is being restarted looks like this; a wrong certificate does not
  bool carried = false;    // queries had left over it
  bool proven = false;     // an answer had come over it: its end says little about the resolver
  bool answers_once = false;  // its far end closed it in order after one answer, and owed others
  bool stalled = false;       // it owed answers, and the last one was long ago
  bool was_resting = false;   // closed by its far end while it was idle, as resolvers do

  static Death of(Upstream& upstream, const std::exception& cause);  // before anything came of it
};

// What the resolver has said to one of our queries.
struct Reply {
  QueryPtr query;
  std::optional<dns::MessageView> answer;  // for the client, as Answer::message
  Bytes made;                              // what `answer` views, where it is not as it came
  std::string unusable;                    // no answer: why not
};

class UpstreamConnection : public std::enable_shared_from_this<UpstreamConnection> {
 public:
  using Clock = Query::Clock;

  struct Parts {
    std::unique_ptr<CapturedConnection> captured;     // before the stream, which it watches; null: no capture
    std::shared_ptr<const tls::ClientContext> trust;  // likewise; null where it is not TLS
    std::unique_ptr<net::Stream> stream;
    tls::TlsStream* tls = nullptr;  // the same stream, where it is one
  };
  // `owner`: it is for the queries of this asker alone; null: for all.
  struct Terms {
    const Asker* owner = nullptr;
    bool once = false;  // one query, and nothing after it
    bool operator==(const Terms&) const = default;
  };
  // Still connecting.
  UpstreamConnection(Upstream& upstream, Parts parts, Terms terms, const Trace* trace, Clock::time_point now);

  Upstream& upstream() const { return upstream_; }

  // Any thread; one query at least. Of more than kMostAtOnce few connections have room for all. `no`: not
  // here, ask another connection; always so if `terms` are not its own. `taken`: accepted; somebody else is
  // the attendant. `attend`: accepted, and the asker's thread is the attendant from now on. A failure comes
  // out at the attendant's next turn().
  static constexpr std::size_t kMostAtOnce = 256;  // a quarter of what fits: others are in flight there
  enum class Submitted : std::uint8_t { no, taken, attend };
  Submitted submit(std::span<const QueryPtr> queries, const Asker& asker, Terms terms, Clock::time_point now);

  // Any thread. Who it was made to trust. And: once ready, it takes nothing more, and is closed when nothing
  // is in flight.
  const tls::ClientContext* trust() const { return parts_.trust.get(); }
  void use_up();

  // Makes the thread of that waker the attendant, unless there is one. It lays the role down before it ends.
  bool attend(const net::Waker& waker);

  // From here on: the attendant; close(), retire() and what begins with is_ also who has just been it.

  // What to wait for, and until when; nullopt: nothing is in flight, and the role is laid down.
  struct Plan {
    pollfd entry;
    Clock::time_point until;
  };
  std::optional<Plan> plan(Clock::time_point now, Clock::duration hedge_after);

  // What poll(2) has said: connects, reads, writes on. Adds what was answered to `replies`, which are valid
  // until the next call. True: it has become ready. Throws when the connection is lost, or its far end has
  // closed it. `who`: whose thread it is, for the trace.
  bool turn(short events, Clock::time_point now, std::vector<Reply>& replies, const Asker* who = nullptr);
  bool ready() const { return ready_; }  // TCP's connection stands, and TLS's
  const Terms& terms() const { return terms_; }
  Clock::time_point begun() const { return begun_; }

  // What time has brought about: queries that their askers should send over another connection as well.
  std::vector<Returned> overdue(Clock::time_point now, Clock::duration hedge_after);

  // It takes nothing more. What somebody waits for is taken out.
  std::vector<QueryPtr> take_all();
  // It takes nothing more, unless somebody waits for something: then false.
  bool retire();
  // Nobody attends any more, and its far end is told. After one of the two above.
  void close() noexcept;
  Death death(const std::exception& cause, Clock::time_point now);
  bool is_used_up();      // it will take no more
  bool is_awaited();      // somebody waits for an answer
  std::size_t awaited();  // queries that somebody waits for; any thread
  bool serves_others() const { return ready_ && terms_.owner == nullptr; }

  // Lays the role down, whatever is in flight. Returns who waits here, and so might take it.
  std::vector<std::shared_ptr<Asker>> leave();

  // For how long nobody has waited for anything here; nullopt: somebody does.
  std::optional<Clock::duration> idle_time(Clock::time_point now);
  Clock::duration longest_idle_time();  // then its far end may be about to close it
  void release();                       // gives memory back

  // For the trace: our end; and whose query it was made for, where it is not the first that is submitted.
  std::string local() const;
  void trace_lost(std::span<const QueryPtr> queries, const std::string& reason) const;
  const std::string& made_for() const { return made_for_; }
  void made_for(const std::string& client) { made_for_ = client; }

 private:
  bool fits(std::size_t count, Clock::time_point now);
  bool is_stuck(Clock::time_point now);
  Clock::time_point silent_since(const InFlight::Entry& oldest) const;
  Clock::duration patience() const;
  bool get_ready(Clock::time_point now);
  void write_out();
  net::IoResult::Status flush();
  void read();
  void match(Clock::time_point now, std::vector<Reply>& replies, const Asker* who);
  void trace_queued(const QueryPtr& query, std::uint16_t id);
  void trace_sent();

  Upstream& upstream_;
  const Parts parts_;
  const Terms terms_;
  const Trace* const trace_;
  const Clock::time_point begun_;

  std::mutex table_;  // guards what follows
  InFlight in_flight_;
  net::FrameWriter queue_;  // what is to leave next
  const net::Waker* attendant_ = nullptr;
  bool writing_ = false;          // somebody is writing, or, if blocked_, the attendant will go on
  bool blocked_ = false;          // the socket is full
  bool closed_ = false;           // takes no more
  std::string failure_;           // of a write: the attendant has to hear of it; empty: there was none
  std::size_t submitted_ = 0;     // queries, ever
  Clock::time_point last_heard_;  // the last answer, or when something was first asked since
  Clock::time_point asked_at_;    // when it last went from idle to busy
  Clock::time_point next_hedge_{};
  bool told_ = false;  // the oldest query has proved slow; those behind it know, and none joins them
  std::vector<std::pair<QueryPtr, std::uint16_t>> untraced_;  // in queue_, where there is a trace

  std::mutex io_;  // guards the stream, and:
  bool broken_ = false;

  net::FrameWriter out_;  // of who has set writing_

  // The attendant's, which sets under table_ what others read there.
  net::FrameReader reader_;
  std::string made_for_;
  bool connected_ = false;
  Clock::time_point connected_at_{};  // where there are metrics
  bool ready_ = false;
  std::size_t answers_ = 0;
  bool handshake_wants_write_ = false;
  bool read_wants_write_ = false;
  bool unread_ = false;        // octets that poll(2) does not see
  Clock::duration fastest_{};  // answer; before the first, the time that connecting took
  Clock::time_point idle_since_{};
  std::chrono::milliseconds idle_limit_{30'000};  // or what the resolver said (RFC 7828): 0 is "close it"
};

// For an attendant that leaves: the role goes to somebody who waits for an answer there, if anybody does.
// False: nobody does; then nobody attends.
bool pass_on(const ConnectionPtr& connection);
