#include "proxyserver/listening/file_watch.h"

#include <algorithm>
#include <sys/stat.h>
#include <utility>

FileSignature FileSignature::of(const std::string& file) {
  struct stat found {};
  if (stat(file.c_str(), &found) != 0) return {};
  return {found.st_dev, found.st_ino, found.st_mtim.tv_sec * 1'000'000'000LL + found.st_mtim.tv_nsec,
          found.st_size};
}

void FileWatch::watch(std::vector<std::string> files) {
  files_ = std::move(files);
  seen_ = used_ = signatures();
  bad_.clear();
}

FileWatch::State FileWatch::look() {
  std::vector<FileSignature> now = signatures();
  const bool same = now == seen_;
  seen_ = std::move(now);
  if (seen_ == used_ || seen_ == bad_) return State::unchanged;
  return same ? State::settled : State::changing;
}

bool FileWatch::are_still() const {
  return signatures() == seen_;
}

bool FileWatch::is_in_use(const std::string& file) const {
  const auto found = std::ranges::find(files_, file);
  if (found == files_.end()) return false;
  const FileSignature now = FileSignature::of(file);
  return now != FileSignature{} && now == used_[static_cast<std::size_t>(found - files_.begin())];
}

std::vector<FileSignature> FileWatch::signatures() const {
  std::vector<FileSignature> found;
  found.reserve(files_.size());
  for (const std::string& file : files_) found.push_back(FileSignature::of(file));
  return found;
}
