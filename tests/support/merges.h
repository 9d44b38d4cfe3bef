// What two threads may do in which order: their steps, each of them done under one lock or alone, in every
// order that keeps each thread's own. The test's one thread runs them all, so an order that fails fails
// again.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

template <typename World>
struct Step {
  std::string name;
  std::function<void(World&)> run;
};

// One order, as the names of its steps.
class Order {
 public:
  void add(const std::string& name) { names_.push_back(name); }
  bool before(const std::string& one, const std::string& other) const {
    return std::ranges::find(names_, one) < std::ranges::find(names_, other);
  }
  std::string to_string() const {
    std::string text;
    for (const std::string& name : names_) text += (text.empty() ? "" : " | ") + name;
    return text;
  }

 private:
  std::vector<std::string> names_;
};

// Calls `run` with each merge of the two threads' steps.
template <typename World>
void for_each_merge(const std::vector<Step<World>>& one, const std::vector<Step<World>>& other,
                    const std::function<void(const std::vector<const Step<World>*>&, const Order&)>& run) {
  std::string threads = std::string(one.size(), '1') + std::string(other.size(), '2');
  do {
    std::vector<const Step<World>*> steps;
    Order order;
    for (auto next = one.begin(), next_other = other.begin(); const char thread : threads) {
      steps.push_back(thread == '1' ? &*next++ : &*next_other++);
      order.add(steps.back()->name);
    }
    run(steps, order);
  } while (std::ranges::next_permutation(threads).found);
}
