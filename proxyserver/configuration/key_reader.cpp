#include "proxyserver/configuration/key_reader.h"

#include <fmt/format.h>
#include <grp.h>
#include <sys/stat.h>

std::string key_reader(const std::string& file) {
  struct stat status {};
  if (stat(file.c_str(), &status) != 0) return {};
  if ((status.st_mode & S_IROTH) != 0) return std::string(kEverybody);
  if ((status.st_mode & S_IRGRP) == 0) return {};
  const group* const entry = getgrgid(status.st_gid);
  return entry != nullptr ? fmt::format("group {}", entry->gr_name) : fmt::format("group {}", status.st_gid);
}
