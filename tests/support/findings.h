// What threads of a test saw. Catch2's assertions belong to one thread: the others note it here, and the test
// asserts. Any thread.
#pragma once

#include <mutex>
#include <string>
#include <vector>

class Findings {
 public:
  void right() {
    const std::scoped_lock lock(mutex_);
    ++right_;
  }
  void wrong(std::string what) {
    const std::scoped_lock lock(mutex_);
    if (wrong_.size() < 10) wrong_.push_back(std::move(what));
  }
  // Neither right nor wrong: ended, by SERVFAIL.
  void failed() {
    const std::scoped_lock lock(mutex_);
    ++failed_;
  }

  unsigned failed_count() const {
    const std::scoped_lock lock(mutex_);
    return failed_;
  }

  // Once the threads have been joined.
  unsigned right_count() const { return right_; }
  const std::vector<std::string>& all_wrong() const { return wrong_; }  // the first ten

 private:
  mutable std::mutex mutex_;
  unsigned right_ = 0;
  unsigned failed_ = 0;
  std::vector<std::string> wrong_;
};
