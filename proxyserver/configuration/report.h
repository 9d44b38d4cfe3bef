// What --check has found: a line per thing, for a person to read, and an exit code for a script.
#pragma once

#include <string>
#include <string_view>
#include <vector>

struct Finding {
  enum class Verdict { ok, warning, error };

  Verdict verdict;
  std::string what;      // "certificate", "upstream"
  std::string said;      // "cert.pem: it has expired since …"
  std::string to_try{};  // what to do about it; empty: nothing
};

class Report {
 public:
  // Of --check; scripts rely on them. A command line or a file of --config that cannot be understood is
  // cli::usage, and no report is made.
  enum ExitCode : int { good = 0, bad_files = 2, bad_upstream = 3 };  // both bad: 2

  void ok(std::string what, std::string said);
  void warning(std::string what, std::string said, std::string to_try = {});
  void error(std::string what, std::string said, std::string to_try = {});
  void upstream_error(std::string said, std::string to_try);  // of one that was asked

  ExitCode exit_code() const;
  std::string text() const;  // lines "error    key          key.pem: …; try: …", and a last one that sums up
  const std::vector<Finding>& findings() const { return findings_; }

 private:
  std::vector<Finding> findings_;
  bool bad_files_ = false;
  bool bad_upstream_ = false;
};
