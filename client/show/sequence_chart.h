// A message sequence chart as SVG: lanes from top to bottom, an arrow for each message. One self-contained
// text without scripts or network resources, readable in light and dark. Pure functions.
#pragma once

#include <string>
#include <vector>

namespace client {

struct SequenceChart {
  struct Lane {
    std::string role;     // "client"
    std::string address;  // below it
  };
  struct Arrow {
    double ms = 0;                 // since the beginning
    std::size_t from = 0, to = 0;  // lanes; the same twice: a remark at that lane
    std::string label;
    std::string size;  // "264 octets"; may be empty
    bool encrypted = false;
  };
  std::string title;
  std::vector<Lane> lanes;
  std::vector<Arrow> arrows;  // in the order of time
};

// Texts may hold anything: they are escaped, and cut where they would leave their place.
std::string to_svg(const SequenceChart& chart);
std::string to_html(const SequenceChart& chart);  // the same picture on a page of its own

}  // namespace client
