// What a resolver may say over a shared connection, in whatever pieces it comes: each query gets the answer
// that answers it and no other, once; who has ended gets none; and of those whose answer never comes none is
// forgotten when the connection is lost.
//
//    | count | sizes of the reads … | events: | what | which | of the resolver's octets: how many … |
#include <array>
#include <map>
#include <sys/socket.h>

#include "common/dns/codes.h"
#include "common/net/net_error.h"
#include "common/net/unique_fd.h"
#include "proxyserver/upstreams/connection.h"
#include "proxyserver/upstreams/matching.h"
#include "proxyserver/upstreams/upstream.h"
#include "tests/fuzz/steered_random.h"
#include "tests/fuzz/steered_stream.h"
#include "tests/support/fake_asker.h"

using fuzz::claim;

namespace {

using Clock = UpstreamConnection::Clock;
using Status = net::IoResult::Status;

constexpr auto kHedgeAfter = std::chrono::seconds(2);
constexpr std::size_t kMost = 200;  // queries

std::uint16_t id_of(ByteView message) {
  return static_cast<std::uint16_t>(message[0] << 8 | message[1]);
}

// Always ready for poll(2); takes all that is written, and gives what has been said as the script moves it, a
// TLS record's rest and its end included.
class Resolver final : public fuzz::SteeredStream {
 public:
  explicit Resolver(fuzz::Script moves) : SteeredStream({nullptr, 0}), moves_(moves) {
    static const int socket = [] {
      std::array<int, 2> pair{};
      claim(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) == 0);
      return pair[0];
    }();
    socket_ = socket;
  }

  int fd() const override { return socket_; }
  net::IoResult try_read(std::span<std::uint8_t> into) override {
    if (said_.size() == heard_) {
      if (resets_) throw net::NetError::from_errno("read", ECONNRESET);
      return {closed_ ? Status::closed : Status::want_read};
    }
    const std::size_t most = std::min(into.size(), said_.size() - heard_);
    const std::size_t count = moves_.at_end() ? most : std::min<std::size_t>(moves_.octet(), most);
    if (count == 0) return {Status::want_read};
    std::copy_n(said_.begin() + static_cast<std::ptrdiff_t>(heard_), count, into.begin());
    heard_ += count;
    return {Status::done, count};
  }

  bool has_buffered() const override { return heard_ < said_.size() || has_ended(); }

  void say(ByteView octets) { said_.insert(said_.end(), octets.begin(), octets.end()); }
  void frame(ByteView message) {
    const std::uint8_t length[] = {static_cast<std::uint8_t>(message.size() >> 8),
                                   static_cast<std::uint8_t>(message.size())};
    say(length);
    say(message);
  }
  void end(bool resets) { (resets ? resets_ : closed_) = true; }
  bool has_ended() const { return closed_ || resets_; }
  ByteView heard() const { return ByteView(said_).first(heard_); }  // by the connection

 private:
  fuzz::Script moves_;
  int socket_ = -1;
  Bytes said_;
  std::size_t heard_ = 0;
  bool closed_ = false, resets_ = false;
};

class Model {
 public:
  explicit Model(fuzz::Script moves) {
    auto stream = std::make_unique<Resolver>(moves);
    resolver_ = stream.get();
    connection_ = std::make_shared<UpstreamConnection>(
        upstream(), UpstreamConnection::Parts{nullptr, nullptr, std::move(stream), nullptr},
        UpstreamConnection::Terms{}, nullptr, now_);
    submit();
    turn();
    claim(connection_->ready());
    learn_ids();
  }
  // A query's asker lives on, and what it holds with it.
  ~Model() { asker()->answered.clear(); }

  void submit() {
    if (asked_.size() == kMost) return;
    const auto number = asked_.size();
    const QueryPtr query = asker()->query(std::string(1 + number % 3, 'a') + ".example.",
                                          static_cast<std::uint16_t>(number % 5));
    if (connection_->submit({&query, 1}, *asker(), {}, now_) == UpstreamConnection::Submitted::no) return;
    asked_.push_back(query);
    if (connection_->ready()) learn_ids();
  }

  void end(std::size_t which) { asked_[which % asked_.size()]->end(); }
  void pass(std::chrono::milliseconds time) { now_ += time; }
  const Bytes& sent(std::size_t which) const { return sent_[which % sent_.size()]; }
  Resolver& resolver() { return *resolver_; }
  bool is_lost() const { return lost_; }

  void turn() {
    std::vector<Reply> replies;
    try {
      connection_->turn(POLLIN | POLLOUT, now_, replies);
    } catch (const net::NetError& cause) {
      static_cast<void>(connection_->death(cause, now_));
      lost_ = true;
    }
    const std::vector<Expected> expected = hear();
    claim(replies.size() == expected.size());
    for (std::size_t i = 0; i < replies.size(); ++i) check(replies[i], expected[i]);
  }

  // As the attendant does between its turns.
  void look() {
    for (const Returned& one : connection_->overdue(now_, kHedgeAfter)) claim(is_in_flight(one.query));
    const bool owed = !in_flight_.empty();
    if (connection_->plan(now_, kHedgeAfter)) return;
    claim(!owed || connection_->is_used_up());  // what is late may come, or the connection is given up
    claim(!connection_->is_awaited());
    claim(connection_->attend(asker()->waker()));
  }

  // The end of it: nobody is forgotten, nobody is told twice.
  void take_all() {
    std::vector<QueryPtr> expected;
    std::ranges::copy_if(asked_, std::back_inserter(expected),
                         [](const QueryPtr& query) { return query->waiting.load(); });
    std::vector<QueryPtr> taken = connection_->take_all();
    std::erase_if(taken, [](const QueryPtr& query) { return !query->waiting; });
    claim(std::ranges::is_permutation(taken, expected));
    claim(connection_->take_all().empty());
    for (const QueryPtr& query : asked_) query->end();
  }

 private:
  struct Expected {
    QueryPtr query;
    Bytes message;
  };

  bool is_in_flight(const QueryPtr& query) const {
    const std::span unsent = std::span(asked_).subspan(sent_.size());
    return std::ranges::find(unsent, query) != unsent.end() ||
           std::ranges::any_of(in_flight_, [&](const auto& known) { return known.second == query; });
  }

  static Upstream& upstream() {
    static Upstream one(net::parse_endpoint("tcp://127.0.0.1:9").value(), nullptr, 1);
    return one;
  }
  static const std::shared_ptr<FakeAsker>& asker() {
    static const auto one = std::make_shared<FakeAsker>();
    return one;
  }

  // All that has been submitted has been written, in its order, each under an ID that was free; but what came
  // after the resolver's end may never leave.
  void learn_ids() {
    std::vector<ByteView> messages;
    claim(fuzz::cut(resolver_->written(), messages));
    claim(messages.size() == asked_.size() || (messages.size() < asked_.size() && resolver_->has_ended()));
    for (std::size_t i = sent_.size(); i < messages.size(); ++i) {
      sent_.emplace_back(messages[i].begin(), messages[i].end());
      claim(std::ranges::equal(messages[i].subspan(2), ByteView(asked_[i]->message).subspan(2)));
      claim(in_flight_.emplace(id_of(messages[i]), asked_[i]).second);
    }
  }

  // What has come since the last time, cut and matched without any of connection.cpp.
  std::vector<Expected> hear() {
    std::vector<ByteView> messages;
    fuzz::cut(resolver_->heard(), messages);
    std::vector<Expected> expected;
    for (; heard_ < messages.size(); ++heard_) {
      const ByteView message = messages[heard_];
      if (message.size() < dns::kHeaderSize) {
        claim(lost_);
        break;
      }
      const auto known = in_flight_.find(id_of(message));
      if (known == in_flight_.end()) continue;
      const QueryPtr query = known->second;
      const auto view = dns::inspect(message);
      Bytes made;
      if (view && dns::may_splice(*view) && !answer_for_client(*view, query->view, false, made)) continue;
      in_flight_.erase(known);
      if (query->waiting) expected.push_back({query, {message.begin(), message.end()}});
    }
    return expected;
  }

  static void check(const Reply& reply, const Expected& expected) {
    claim(reply.query == expected.query);
    claim(reply.query->end());  // once
    claim(reply.answer.has_value() == reply.unusable.empty());
    if (!reply.answer) return;
    const auto came = dns::inspect(expected.message);
    claim(came && came->header.qr);
    claim(id_of(reply.answer->bytes) == reply.query->view.header.id);
    claim(dns::equal_ignoring_case(reply.answer->question, reply.query->view.question));
    claim(dns::inspect(reply.answer->bytes).has_value());
    if (reply.made.empty())
      claim(std::ranges::equal(reply.answer->bytes.subspan(2), ByteView(expected.message).subspan(2)));
  }

  Clock::time_point now_{std::chrono::hours(1)};
  Resolver* resolver_ = nullptr;
  std::shared_ptr<UpstreamConnection> connection_;
  std::vector<QueryPtr> asked_;
  std::vector<Bytes> sent_;  // the same, as the resolver has got them
  std::map<std::uint16_t, QueryPtr> in_flight_;
  std::size_t heard_ = 0;  // messages
  bool lost_ = false;
};

// An answer to what it has got, or nearly one.
Bytes answer_to(Bytes query, unsigned variant, fuzz::Script& script) {
  query[2] |= 0x80;
  switch (variant) {
    case 1:
      query[script.octet() % query.size()] ^= script.octet();
      break;
    case 2:
      query.resize(script.octet() % query.size());
      break;
    case 3:  // no question, but what is wrong with it
      query.resize(dns::kHeaderSize);
      query[3] = script.octet();
      query[5] = 0;
      break;
    case 4: {  // with an OPT of the script's
      query[11] = static_cast<std::uint8_t>(1 + script.octet() % 2);
      const ByteView options = script.take(script.octet() % 32);
      const std::uint8_t opt[] = {
          0, 0, 41, 4, 208, script.octet(), 0, 0, 0, 0, static_cast<std::uint8_t>(options.size())};
      query.insert(query.end(), std::begin(opt), std::end(opt));
      query.insert(query.end(), options.begin(), options.end());
      break;
    }
    case 5: {  // signed, and no question: a TSIG of the script's
      query.resize(dns::kHeaderSize);
      query[3] = script.octet();
      query[5] = 0;
      query[11] = 1;
      const ByteView rdata = script.take(script.octet() % 32);
      const std::uint8_t tsig[] = {0, 0, 250, 0, 255, 0, 0, 0, 0, 0, static_cast<std::uint8_t>(rdata.size())};
      query.insert(query.end(), std::begin(tsig), std::end(tsig));
      query.insert(query.end(), rdata.begin(), rdata.end());
      break;
    }
    default:
      break;
  }
  return query;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Script script(data, size);
  const ByteView moves = script.take(script.octet());
  fuzz::steer_random({nullptr, 0});
  Model model({moves.data(), moves.size()});
  while (!script.at_end() && !model.is_lost()) {
    const unsigned what = script.octet();
    const std::uint8_t which = script.octet();
    switch (what % 16) {
      case 0:
      case 1:
      case 2:
        model.submit();
        break;
      case 3:
        model.end(which);
        break;
      case 4:
        model.pass(std::chrono::milliseconds(which * 10));
        model.look();
        break;
      case 5:
        model.resolver().say(script.take(which));
        break;
      case 6:
        if (which < 32) model.resolver().end(which % 2 == 0);
        break;
      case 7:
      case 8:
      case 9:
        model.turn();
        break;
      default:
        model.resolver().frame(answer_to(model.sent(which), what / 16 % 8, script));
        break;
    }
  }
  if (!model.is_lost()) model.turn();
  model.take_all();
  return 0;
}
