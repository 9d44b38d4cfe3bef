// What two threads do at the same time, with their steps in every order: an answer and a deadline, a death
// and a resend, a stop and all of these. A step is what one lock makes one.
#include <array>

#include "tests/support/merges.h"
#include "tests/unit/proxyserver/interleaving_world.h"

namespace {

using namespace interleaving;
using Steps = std::vector<Step<World>>;
using Fate = Person::Fate;
using Why = Returned::Why;

constexpr Fate kRight{1, 0}, kFailed{0, 1};
constexpr auto kHedgeAfter = 2s;

// Anna's: what Forwarder::attend() and Upstream::bury() do in one go.
Step<World> reads() {
  return {"reads", [](World& world) {
            if (!world.anna_attends || world.end) return;
            try {
              world.shared->turn(POLLIN | POLLOUT, world.now, world.replies);
            } catch (const net::NetError& cause) {
              world.end = std::make_shared<net::NetError>(cause);
            }
          }};
}
Step<World> delivers() {
  return {"delivers", [](World& world) {
            for (const Reply& reply : world.replies) {
              const Answer answer{reply.query, reply.answer.value()};
              reply.query->asker->deliver({&answer, 1}, world.now);
            }
            world.replies.clear();
          }};
}
Step<World> plans() {
  return {
      "plans", [](World& world) {
        if (!world.anna_attends || world.shared->plan(world.now, kHedgeAfter)) return;
        CHECK_FALSE(world.resolver.owes_answers());  // else their IDs would be free, or their connection gone
        world.anna_attends = false;
      }};
}
Step<World> lays_down() {
  return {"lays down", [](World& world) {
            if (std::exchange(world.anna_attends, false)) world.waiting = world.shared->leave();
          }};
}
Step<World> hands_over() {
  return {"hands over", [](World& world) {
            std::ranges::any_of(world.waiting, [&](const auto& who) { return who->hand_over(world.shared); });
          }};
}
Step<World> passes_on() {
  return {"passes on", [](World& world) {
            if (std::exchange(world.anna_attends, false)) pass_on(world.shared);
          }};
}
Step<World> retires() {  // as Forwarder::leave() does, where nobody has taken over
  return {"retires", [](World& world) {
            if (!world.anna_attends && !world.shared->ready() && world.shared->retire())
              world.upstream->drop(world.shared);
          }};
}
Step<World> judges() {
  return {"judges", [](World& world) {
            if (world.end)
              world.death = std::make_shared<const Death>(world.shared->death(*world.end, world.now));
          }};
}
Step<World> takes_all() {
  return {"takes all", [](World& world) {
            if (!world.death) return;
            for (const QueryPtr& query : world.shared->take_all())
              world.returned.push_back({query, Why::lost, world.shared, world.death});
          }};
}
Step<World> drops() {
  return {"drops", [](World& world) {
            if (!world.death) return;
            world.upstream->drop(world.shared);
            world.anna_attends = false;
          }};
}
Step<World> finds_overdue() {
  return {"finds overdue", [](World& world) {
            if (!world.anna_attends) return;
            for (Returned& one : world.shared->overdue(world.now + kStuck, kHedgeAfter))
              world.returned.push_back(std::move(one));
          }};
}
Step<World> gives_back(std::size_t most = 1) {
  return {"gives back", [most](World& world) {
            for (std::size_t i = 0; i < most && !world.returned.empty(); ++i) {
              const Returned one = world.returned.front();
              world.returned.erase(world.returned.begin());
              one.query->asker->give_back(one);
            }
          }};
}

// Ben's, or Carla's.
using Who = std::shared_ptr<Person> const World::*;
Step<World> asks(Who who = &World::ben) {
  return {"asks", [who](World& world) { (world.*who)->ask("next.", world.now); }};
}
Step<World> looks(Who who = &World::ben) {  // into the mail, and at the clock
  return {"looks", [who](World& world) { (world.*who)->on_time(world.now); }};
}
Step<World> waits(Who who = &World::ben) {
  return {"waits", [who](World& world) { (world.*who)->wait(world.now); }};
}
Step<World> ends(Who who = &World::ben) {
  return {"ends", [who](World& world) { (world.*who)->end(); }};
}
Step<World> leaves(Who who = &World::ben) {
  return {"leaves", [who](World& world) { (world.*who)->leave(); }};
}
Step<World> expires() {
  return {"expires", [](World& world) {
            world.bens_first->deadline = world.now;
            world.ben->on_time(world.now);
          }};
}

// The resolver's, and a third thread's.
Step<World> answer(const std::string& name) {
  return {"answer", [name](World& world) { world.answer(name); }};
}
Step<World> nonsense() {
  return {"nonsense", [](World& world) { world.resolver.say_nonsense(); }};
}
Step<World> close() {
  return {"close", [](World& world) { world.resolver.close_all(); }};
}
Step<World> sweep() {
  return {"sweep", [](World& world) { world.upstreams.sweep(world.now); }};
}

Steps dies() {
  return {close(), reads(), delivers(), judges(), takes_all(), drops(), gives_back(), gives_back(9)};
}

Steps operator+(Steps first, const Steps& then) {
  first.insert(first.end(), then.begin(), then.end());
  return first;
}

// In each of them every query of those who have not ended is answered; Ben's first is if `first` says so.
void in_every_order(
    const Setup& setup, const Steps& one, const Steps& other,
    const std::function<Fate(const Order&)>& first = [](const Order&) { return kRight; }) {
  for_each_merge<World>(one, other, [&](const auto& steps, const Order& order) {
    INFO(setup.to_string() << order.to_string());
    std::array<std::weak_ptr<Person>, 2> persons;
    {
      World world(setup);
      persons = {world.ben, world.carla};
      for (const Step<World>* step : steps) step->run(world);
      const bool ben_ended = world.ben->has_ended(), carla_ended = world.carla->has_ended();
      world.finish();
      for (const QueryPtr& query : world.ben->asked())
        if (!ben_ended) CHECK(world.ben->fate(query) == (query == world.bens_first ? first(order) : kRight));
      for (const QueryPtr& query : world.carla->asked())
        if (!carla_ended) CHECK(world.carla->fate(query) == kRight);
    }
    for (const auto& person : persons) CHECK(person.expired());  // what has ended, nothing holds
  });
}
Fate failed(const Order&) {
  return kFailed;
}

const auto kSetups = {Setup{}, Setup{.carla = false}, Setup{.ready = false},
                      Setup{.carla = false, .ready = false}};

}  // namespace

TEST_CASE("an answer and the deadline of its query: whichever is first ends it, and nobody else's") {
  for (const Setup& setup : {Setup{}, Setup{.carla = false}})
    in_every_order(setup, {plans(), answer("first.ben."), reads(), delivers(), plans()},
                   {expires(), asks(), waits()},
                   [](const Order& order) { return order.before("delivers", "expires") ? kRight : kFailed; });
}

TEST_CASE("the last answer, and a query that comes just then: somebody attends") {
  for (const Setup& setup : kSetups)
    in_every_order(setup, {reads(), answer(""), reads(), delivers(), plans()}, {asks(), waits(), looks()});
}

TEST_CASE("a death, and what its queries' asker does meanwhile: all are sent again") {
  for (const Setup& setup : kSetups) in_every_order(setup, dies(), {asks(), looks(), waits()});
}

TEST_CASE("a death, an answer before it, and the deadline of a query that it takes along") {
  for (const Setup& setup : kSetups) in_every_order(setup, dies(), {looks(), expires(), asks()}, failed);
  in_every_order({}, Steps{answer("first.carla.")} + dies(), {expires(), asks(), looks()}, failed);
}

TEST_CASE("an asker ends while answers come, its connection dies, or the attendant leaves") {
  for (const Setup& setup : kSetups)
    for (const Steps& annas :
         {Steps{answer(""), reads(), delivers(), plans()}, dies(), Steps{lays_down(), hands_over()},
          Steps{passes_on()}, Steps{finds_overdue(), gives_back(), gives_back(9)}})
      for (const Steps& bens :
           {Steps{ends(), leaves()}, Steps{asks(), ends(), leaves()}, Steps{looks(), ends(), leaves()}})
        in_every_order(setup, annas, bens);
}

TEST_CASE("the attendant leaves while somebody asks, is answered, or gives up: the role is not lost") {
  for (const Setup& setup : kSetups) {
    in_every_order(setup, {lays_down(), hands_over()}, {asks(), looks(), waits(), looks()});
    in_every_order(setup, {lays_down(), answer(""), hands_over()}, {looks(), waits(), asks(), waits()});
    in_every_order(setup, {passes_on(), retires()}, {asks(), looks(), waits()});
    in_every_order(setup, {lays_down(), hands_over()}, {expires(), asks(), looks(), waits()}, failed);
  }
  in_every_order({}, {answer("first.ben."), reads(), delivers(), lays_down(), hands_over()},
                 {asks(), looks(), waits(), looks()});
}

TEST_CASE("an attendant ends while another asks, waits, or ends too") {
  for (const Setup& setup : {Setup{.ben_attends = true}, Setup{.carla = false, .ben_attends = true},
                             Setup{.ready = false, .ben_attends = true}})
    for (const Steps& bens : {Steps{ends(), leaves()}, Steps{answer(""), waits(), ends(), leaves()},
                              Steps{close(), waits(), ends(), leaves()}})
      for (const Steps& carlas : {Steps{asks(&World::carla), looks(&World::carla), waits(&World::carla)},
                                  Steps{asks(&World::carla), ends(&World::carla), leaves(&World::carla)}})
        in_every_order(setup, bens, carlas);
}

TEST_CASE("the sweep looks at a connection whose attendant has just left, with answers on their way") {
  for (const Setup& setup : kSetups)
    for (const Step<World>& comes : {answer(""), answer("first.ben."), close()}) {
      in_every_order(setup, {lays_down(), hands_over()}, {comes, sweep(), looks(), waits()});
      in_every_order(setup, {lays_down(), hands_over()}, {comes, sweep(), ends(), leaves()});
    }
  in_every_order({}, {lays_down(), hands_over()}, {answer("first.ben."), nonsense(), sweep(), looks()});
}

TEST_CASE("queries that are stuck go another way, an answer, a death, a deadline, or a stop meanwhile") {
  const Steps told{finds_overdue(), gives_back(), gives_back(9)};
  for (const Steps& then : {Steps{answer("first.ben."), reads(), delivers()}, dies()}) {
    in_every_order({}, told + then, {looks(), waits()});
    in_every_order({}, told + then, {looks(), ends(), leaves()});
  }
  in_every_order({}, told, {looks(), expires(), asks()}, failed);
}
