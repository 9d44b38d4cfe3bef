#include "tests/support/process.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

[[noreturn]] void fail(const std::string& action) {
  throw std::runtime_error(fmt::format("{}: {}", action, std::strerror(errno)));
}

void limit(int resource, std::optional<std::size_t> most) {
  if (!most) return;
  const rlimit both{*most, *most};
  setrlimit(static_cast<__rlimit_resource>(resource), &both);
}

// In the child, between fork and exec: only calls that are safe there (signal-safety(7)).
[[noreturn]] void become(char* const* arguments, int output, int error, const Process::Limits& limits) {
  int copies[8];
  signal(SIGHUP, SIG_DFL);  // nohup(1) is for the tests, not for what they start
  dup2(output, STDOUT_FILENO);
  dup2(error, STDERR_FILENO);
  if (const int null = open("/dev/null", O_RDONLY); null >= 0) dup2(null, STDIN_FILENO);
  unsigned next = 3;
  const int clear_of_them = 3 + static_cast<int>(limits.descriptors.size());
  for (const int fd : limits.descriptors)  // first to where none is in the way of another
    if (const int copy = fcntl(fd, F_DUPFD, clear_of_them); copy >= 0) copies[next++ - 3] = copy;
  for (unsigned i = 3; i < next; ++i) dup2(copies[i - 3], static_cast<int>(i));
  // A descriptor that the test program inherited would count against the child's limit, and hide its leaks.
  syscall(SYS_close_range, next, ~0U, 0U);
  limit(RLIMIT_NOFILE, limits.open_files);
  limit(RLIMIT_AS, limits.address_space);
  execv(arguments[0], arguments);
  const char complaint[] = "cannot execute the program\n";
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, complaint, sizeof complaint - 1);
  _exit(127);
}

}  // namespace

Process::Process(const std::vector<std::string>& command) {
  start(command, Limits{});
}
Process::Process(const std::vector<std::string>& command, Limits limits) {
  start(command, limits);
}

void Process::start(const std::vector<std::string>& command, Limits limits) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) fail("make a pipe");
  output_.reset(ends[0]);
  const net::UniqueFd write_end(ends[1]);
  if (fcntl(output_.get(), F_SETFL, O_NONBLOCK) != 0) fail("make a pipe non-blocking");
  error_.reset(memfd_create("stderr", MFD_CLOEXEC));
  if (!error_.valid()) fail("make an anonymous file");

  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_ = fork();
  if (pid_ < 0) fail("fork");
  if (pid_ == 0) become(arguments.data(), write_end.get(), error_.get(), limits);
  pid_fd_.reset(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  if (!pid_fd_.valid()) fail("open a descriptor of the child");
}

Process::~Process() {
  if (exit_code_ || pid_ < 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void Process::signal(int number) {
  told_to_stop_ = told_to_stop_ || number == SIGTERM || number == SIGINT;
  if (!exit_code_) kill(pid_, number);  // a child that was waited for no longer owns its id
}

bool Process::drain() {
  char octets[4096];
  for (;;) {
    const ssize_t got = read(output_.get(), octets, sizeof octets);
    if (got > 0) {
      pending_.append(octets, static_cast<std::size_t>(got));
    } else if (got == 0) {
      return false;
    } else if (errno == EAGAIN) {
      return true;
    } else if (errno != EINTR) {
      fail("read the child's output");
    }
  }
}

std::string Process::read_line(net::Deadline deadline) {
  for (;;) {
    const bool open = drain();
    if (const auto end = pending_.find('\n'); end != std::string::npos) {
      std::string line = pending_.substr(0, end);
      pending_.erase(0, end + 1);
      return line;
    }
    if (!open) throw std::runtime_error("the program ended before it printed a line: " + error_output());
    pollfd entry{output_.get(), POLLIN, 0};
    if (poll(&entry, 1, deadline.poll_ms()) == 0 && deadline.expired())
      throw std::runtime_error("the program printed no line in time: " + error_output());
  }
}

std::optional<int> Process::wait_exit(net::Deadline deadline) {
  bool open = true;
  while (!exit_code_) {
    pollfd entries[2] = {{pid_fd_.get(), POLLIN, 0}, {open ? output_.get() : -1, POLLIN, 0}};
    const int ready = poll(entries, 2, deadline.poll_ms());
    if (ready == 0 && deadline.expired()) return std::nullopt;
    if (open && entries[1].revents != 0) open = drain();
    if (ready <= 0 || entries[0].revents == 0) continue;
    int status = 0;
    if (waitpid(pid_, &status, 0) != pid_) fail("wait for the child");
    exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  if (open) drain();
  return exit_code_;
}

std::string Process::take_output() {
  drain();
  return std::exchange(pending_, {});
}

std::string Process::error_output() const {
  std::string text;
  char octets[4096];
  for (;;) {
    const ssize_t got = pread(error_.get(), octets, sizeof octets, static_cast<off_t>(text.size()));
    if (got <= 0) return text;
    text.append(octets, static_cast<std::size_t>(got));
  }
}

double Process::cpu_seconds() const {
  std::ifstream file(fmt::format("/proc/{}/stat", pid_));
  std::string text{std::istreambuf_iterator<char>(file), {}};
  // proc(5): utime and stime are fields 14 and 15; the name, field 2, is the only one that may hold spaces.
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) fail("read the child's times");
  unsigned long user = 0;
  unsigned long system = 0;
  if (std::sscanf(text.c_str() + name_end + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                  &system) != 2)
    fail("read the child's times");
  return static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::size_t Process::status(const char* format) const {
  std::ifstream file(fmt::format("/proc/{}/status", pid_));
  for (std::string line; std::getline(file, line);) {
    std::size_t number = 0;
    if (std::sscanf(line.c_str(), format, &number) == 1) return number;
  }
  fail("read the child's status");
}

std::size_t Process::peak_memory() const {
  return status("VmHWM: %zu kB") * 1024;
}

std::size_t Process::thread_count() const {
  return status("Threads: %zu");
}

std::size_t Process::open_file_count() const {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator(fmt::format("/proc/{}/fd", pid_)))
    ++count;
  return count;
}
