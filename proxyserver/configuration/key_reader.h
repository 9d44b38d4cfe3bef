// Who else may read the file of a private key, by its permissions alone: folders above it may be closed.
#pragma once

#include <string>
#include <string_view>

inline constexpr std::string_view kEverybody = "everybody";

// "everybody", "group NAME", or nothing: its owner alone, or it is not there.
std::string key_reader(const std::string& file);
