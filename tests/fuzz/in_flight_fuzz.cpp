// The table of queries in flight, beside a map and a list that do the same: whatever is added, removed, ended
// and taken in whatever order, and however the IDs collide, both say the same.
//
//    | count | IDs to be drawn … | operations: | what | which | …
#include <list>
#include <map>

#include "proxyserver/upstreams/in_flight.h"
#include "tests/fuzz/steered_random.h"
#include "tests/support/fake_asker.h"

using fuzz::claim;

namespace {

constexpr std::size_t kMost = 1024;  // as connection.cpp has it
constexpr InFlight::Clock::time_point kStart{std::chrono::hours(1)};

class Model {
 public:
  void add(bool gathered) {
    if (taken_.size() == kMost) return;
    static const QueryPtr one = std::make_shared<FakeAsker>()->query("example.");
    const auto query = std::make_shared<Query>(one->asker, one->view, dns::OptSplice{});
    const auto sent = kStart + std::chrono::milliseconds(++added_);
    const std::uint16_t id = table_.add(query, gathered, sent);
    claim(taken_.emplace(id, Taken{query, sent, gathered}).second);  // it was free
    order_.push_back(id);
  }

  void find(std::uint16_t id) {
    const InFlight::Entry* const entry = table_.find(id);
    const auto known = taken_.find(id);
    claim((entry != nullptr) == (known != taken_.end()));
    if (entry == nullptr) return;
    claim(entry->id == id && entry->query == known->second.query && entry->sent == known->second.sent);
    claim(entry->gathered == known->second.gathered && entry->hedged == known->second.hedged);
    claim(entry->awaited == is_awaited(id));
    claim(table_.is_oldest(*entry) == (!order_.empty() && order_.front() == id));
  }

  void remove(std::uint16_t id) {
    claim(table_.remove(*table_.find(id)) == taken_.at(id).query);
    taken_.erase(id);
    order_.remove(id);
    claim(table_.find(id) == nullptr);
  }

  void end(std::uint16_t id) { taken_.at(id).query->end(); }

  void oldest() {
    while (!order_.empty() && !taken_.at(order_.front()).query->waiting) order_.pop_front();
    check(table_.oldest(), order_.begin());
  }

  void hedge_oldest() {
    oldest();
    const auto first =
        std::ranges::find_if(order_, [this](std::uint16_t id) { return !taken_.at(id).hedged; });
    InFlight::Entry* const entry = table_.oldest_not_hedged();
    check(entry, first);
    if (entry != nullptr) entry->hedged = taken_.at(*first).hedged = true;
  }

  void take_all() {
    const std::vector<QueryPtr> queries = table_.take_all();
    claim(std::ranges::equal(queries, order_, {}, {},
                             [this](std::uint16_t id) { return taken_.at(id).query; }));
    taken_.clear();
    order_.clear();
  }

  void release() { table_.release(); }

  void check() {
    claim(table_.taken() == taken_.size() && table_.awaited() == order_.size());
    auto next = order_.begin();
    table_.for_each_awaited([&](const InFlight::Entry& entry) {
      claim(next != order_.end() && entry.id == *next++ && entry.query == taken_.at(entry.id).query);
    });
    claim(next == order_.end());
  }

  bool empty() const { return taken_.empty(); }
  std::uint16_t taken(std::size_t which) const {
    return std::next(taken_.begin(), static_cast<std::ptrdiff_t>(which % taken_.size()))->first;
  }

 private:
  struct Taken {
    QueryPtr query;
    InFlight::Clock::time_point sent;
    bool gathered = false;
    bool hedged = false;
  };

  bool is_awaited(std::uint16_t id) const { return std::ranges::find(order_, id) != order_.end(); }
  void check(const InFlight::Entry* entry, std::list<std::uint16_t>::const_iterator known) const {
    claim((entry == nullptr) == (known == order_.end()));
    claim(entry == nullptr || entry->id == *known);
  }

  InFlight table_;
  std::map<std::uint16_t, Taken> taken_;
  std::list<std::uint16_t> order_;
  int added_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Script script(data, size);
  const ByteView numbers = script.take(std::size_t{2} * script.octet());
  fuzz::steer_random({numbers.data(), numbers.size()});
  Model model;
  while (!script.at_end()) {
    const unsigned what = script.octet();
    const std::uint8_t which = script.octet();
    switch (model.empty() ? what % 3 : what % 12) {
      case 0:
      case 1:
        model.add((which & 1) != 0);
        break;
      case 2:
        model.find(static_cast<std::uint16_t>(what << 8 | which));
        break;
      case 3:
      case 4:
        model.remove(model.taken(which));
        break;
      case 5:
      case 6:
        model.end(model.taken(which));
        break;
      case 7:
        model.oldest();
        break;
      case 8:
        model.hedge_oldest();
        break;
      case 9:
        model.find(model.taken(which));
        model.find(static_cast<std::uint16_t>(model.taken(which) ^ 0x8000));  // its place, another ID
        break;
      case 10:
        for (unsigned i = 0; i < which; ++i) model.add(false);
        break;
      default:
        if (which % 16 == 0) model.take_all();
        model.release();
        break;
    }
    model.check();
  }
  return 0;
}
