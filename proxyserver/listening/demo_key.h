// The pin of the key.pem in this repository. Everybody has that key: it proves nothing to anybody.
#pragma once

#include <string_view>

inline constexpr std::string_view kDemoKeyPin = "v+/c4XhSxq88CQtgS8zTmu73Hv9q7/zGMOdzWgD0q2k=";
