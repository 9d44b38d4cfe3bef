// A child program run by a test: its output is caught, every wait has a deadline, and it never outlives its
// owner. One thread owns a Process.
//
// Standard output is a pipe, so that a test can wait for a line of it; standard error is an anonymous file,
// so that a child which logs much is never held up by a test that reads late.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "common/net/deadline.h"
#include "common/net/unique_fd.h"

class Process {
 public:
  struct Limits {
    std::optional<std::size_t> open_files{};     // RLIMIT_NOFILE in the child
    std::optional<std::size_t> address_space{};  // RLIMIT_AS, in octets: what threads and memory are cut from
    std::vector<int> descriptors{};              // of ours, which the child has as 3, 4, ...
  };

  // `command` is the program's path and its arguments. Throws std::runtime_error if it cannot be started.
  explicit Process(const std::vector<std::string>& command);
  Process(const std::vector<std::string>& command, Limits limits);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();  // kills it (SIGKILL, by its own id) if it still runs

  pid_t pid() const { return pid_; }
  void signal(int number);
  bool told_to_stop() const { return told_to_stop_; }        // SIGTERM or SIGINT was sent
  bool has_ended() const { return exit_code_.has_value(); }  // and wait_exit() has said so

  // The next whole line on standard output, without its newline. Throws std::runtime_error, with what the
  // child wrote on standard error, if it ends or the deadline passes before there is one.
  std::string read_line(net::Deadline deadline);

  // Its exit code, or 128 plus the number of the signal that ended it, as a shell says; nullopt if it still
  // runs when the deadline passes.
  std::optional<int> wait_exit(net::Deadline deadline);

  std::string take_output();         // standard output not taken by read_line(), so far
  std::string error_output() const;  // all of standard error so far
  std::size_t peak_memory() const;   // octets resident at most, so far
  std::size_t thread_count() const;
  double cpu_seconds() const;           // user and system time used so far
  std::size_t open_file_count() const;  // descriptors it holds now

 private:
  void start(const std::vector<std::string>& command, Limits limits);
  bool drain();                                  // takes in what the pipe holds; false once it has ended
  std::size_t status(const char* format) const;  // the number in that line of /proc/PID/status

  pid_t pid_ = -1;
  net::UniqueFd pid_fd_;  // readable once the child has ended: what poll(2) waits on
  net::UniqueFd output_;
  net::UniqueFd error_;
  std::string pending_;
  std::optional<int> exit_code_;
  bool told_to_stop_ = false;
};
