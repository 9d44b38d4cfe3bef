// Files that somebody else replaces while the proxy serves: have they changed, and is the change complete?
//
// They are only looked at from outside, once a second, as who replaces them has many ways: a new file by the
// old name, a link that is moved (certbot's in live/, Kubernetes' ..data), new content in the same file.
#pragma once

#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

// What changes when a file does, its links followed. All are 0 where there is none, or it is out of reach.
struct FileSignature {
  dev_t device = 0;
  ino_t inode = 0;
  long long modified = 0;  // nanoseconds
  off_t size = 0;

  static FileSignature of(const std::string& file);
  bool operator==(const FileSignature&) const = default;
};

// One thread.
class FileWatch {
 public:
  // Takes them as they are for what is in use.
  void watch(std::vector<std::string> files);
  const std::vector<std::string>& files() const { return files_; }

  // Looks again. `settled`: they are not what is in use, and are as they were when last looked at.
  enum class State : std::uint8_t { unchanged, changing, settled };
  State look();
  bool are_still() const;           // as at that look
  void give_up() { bad_ = seen_; }  // what was seen then cannot be used: it is no change any more
  // That file is now as it was taken for use.
  bool is_in_use(const std::string& file) const;

 private:
  std::vector<FileSignature> signatures() const;

  std::vector<std::string> files_;
  std::vector<FileSignature> used_;
  std::vector<FileSignature> seen_;
  std::vector<FileSignature> bad_;
};
