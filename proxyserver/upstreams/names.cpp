#include "proxyserver/upstreams/names.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <utility>

#include "common/log.h"

namespace {

using namespace std::chrono_literals;

constexpr auto kTurn = 1s;
constexpr auto kAgain = 60s;
constexpr auto kAgainIfFailing = 2s;
constexpr auto kFirstLookup = 1s;  // for the proxy to wait before it serves
constexpr auto kLook = 50ms;       // how often at all lookups, while one takes its time
constexpr unsigned kLongerThanAny =
    60;  // turns after which nobody holds an old list, and --query-timeout more
constexpr std::size_t kMostAddresses = 64;  // of a name, those included that are gone but not cleared away

}  // namespace

Names::Names(LookUp look_up, IsOurs is_ours, std::chrono::milliseconds query_time)
    : look_up_(std::move(look_up)),
      is_ours_(std::move(is_ours)),
      keep_turns_(kLongerThanAny + static_cast<unsigned>(query_time / kTurn)) {}

void Names::lengthen(std::chrono::milliseconds query_time) {
  const unsigned turns = kLongerThanAny + static_cast<unsigned>(query_time / kTurn);
  if (turns > keep_turns_) keep_turns_ = turns;  // never fewer: queries from before are still out
}

Names::~Names() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  change_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Names::add(const net::Uri& uri, std::unique_ptr<Upstream> unknown, Make make, Upstreams& group) {
  const std::size_t place = group.add_place({unknown.get()});
  names_.push_back({uri, std::move(make), std::move(unknown), &group, place});
}

void Names::start() {
  if (names_.empty()) return;
  thread_ = std::thread([this] { run(); });
  std::unique_lock lock(mutex_);
  change_.wait_for(lock, kFirstLookup, [this] { return has_turned_; });
}

void Names::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    try {
      turn(Clock::now());
    } catch (const std::exception& error) {  // no memory
      logging::write(logging::Level::error, "lookups-disturbed", logging::field("reason", error.what()));
    }
    lock.lock();
    has_turned_ = true;
    change_.notify_all();
    change_.wait_for(lock, kTurn, [this] { return stopping_.load(); });
  }
}

void Names::turn(Clock::time_point now) {
  for (Name& name : names_) {
    clear_away(name, now);
    if (is_due(name, now)) begin_lookup(name, now);
  }
  const auto patience = net::Deadline::in(kTurn);
  for (;;) {
    Name* awaited = nullptr;
    for (Name& name : names_) {
      if (!name.pending.valid()) continue;
      if (name.pending.wait_for(0s) == std::future_status::ready)
        end_lookup(name);
      else
        awaited = &name;
    }
    if (awaited == nullptr || patience.expired() || stopping_) break;
    awaited->pending.wait_for(kLook);
  }
  for (auto& [list, turns] : old_lists_) ++turns;
  while (!old_lists_.empty() && old_lists_.front().second > keep_turns_) old_lists_.pop_front();
}

bool Names::is_due(const Name& name, Clock::time_point now) const {
  const auto fails = [&](const Upstream* one) { return one == name.unknown.get() || one->is_failing(); };
  if (name.pending.valid()) return false;
  return now >= name.next || (now >= name.next_if_failing && std::ranges::all_of(in_use(name), fails));
}

void Names::begin_lookup(Name& name, Clock::time_point now) const {
  name.next = now + kAgain;
  name.next_if_failing = now + kAgainIfFailing;
  name.pending = net::look_up_aside(
      [look_up = look_up_, host = name.uri.host, port = name.uri.port] { return look_up(host, port); });
}

void Names::end_lookup(Name& name) {
  const std::string complaint = std::exchange(name.complaint, {});
  const net::Addresses found = [&]() -> net::Addresses {
    try {
      return name.pending.get();
    } catch (const std::exception& error) {  // no memory
      return std::unexpected(error.what());
    }
  }();
  if (found)
    use(name, *found);
  else
    name.complaint = found.error();
  if (name.complaint.empty() || name.complaint == complaint) return;
  logging::write(
      logging::Level::warning, "lookup-failed",
      fmt::format("{} {}", logging::field("name", name.uri.host), logging::field("reason", name.complaint)));
}

void Names::use(Name& name, const std::vector<net::SocketAddress>& found) {
  const Upstreams::List before = in_use(name);
  bool can_be_used = false;
  for (const net::SocketAddress& address : found) can_be_used = take(name, address) || can_be_used;
  if (!can_be_used) return;  // what there was is better than nothing
  for (Address& one : name.addresses)
    if (std::ranges::none_of(found, [&](const auto& address) { return address.to_string() == one.text; }))
      one.turns_gone = std::max(one.turns_gone, 1U);
  const Upstreams::List now = in_use(name);
  if (now == before) return;
  old_lists_.emplace_back(name.group->replace(name.place, now), 0);
  std::vector<std::string_view> addresses;
  for (const Upstream* one : now) addresses.push_back(one->name());
  logging::write(logging::Level::info, "name-has",
                 fmt::format("{} {}", logging::field("name", name.uri.host),
                             logging::field("upstreams", fmt::format("{}", fmt::join(addresses, " ")))));
}

bool Names::take(Name& name, const net::SocketAddress& address) {
  const std::string text = address.to_string();
  const net::Endpoint endpoint{name.uri.transport, address, name.uri.auth_name};
  const auto known = std::ranges::find(name.addresses, text, &Address::text);
  if (known != name.addresses.end()) {
    known->turns_gone = 0;
    return true;
  }
  if (is_ours_(endpoint)) {
    name.complaint = fmt::format("{} is this proxy itself", text);
    return false;
  }
  if (name.addresses.size() >= kMostAddresses) {
    name.complaint = fmt::format("more than {} addresses within a minute or two", kMostAddresses);
    return false;
  }
  name.addresses.push_back({text, name.make(endpoint)});
  name.addresses.back().upstream->join(*name.unknown);
  return true;
}

Upstreams::List Names::in_use(const Name& name) {
  Upstreams::List list;
  for (const Address& one : name.addresses)
    if (one.turns_gone == 0) list.push_back(one.upstream.get());
  if (list.empty()) list.push_back(name.unknown.get());
  return list;
}

void Names::clear_away(Name& name, Clock::time_point now) {
  std::erase_if(name.addresses, [&](Address& one) {
    if (one.turns_gone == 0) return false;
    one.upstream->sweep(now);
    return ++one.turns_gone > keep_turns_ && !one.upstream->has_connections();
  });
}
