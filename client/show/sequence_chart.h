// A message sequence chart: lanes from top to bottom, an arrow for each message. As SVG it is one
// self-contained text without scripts or network resources, readable in light and dark. Pure functions.
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
    bool broken = false;  // a connection that ended on its way: a cross in place of the head
  };
  std::string title;
  std::vector<Lane> lanes;
  std::vector<Arrow> arrows;       // in the order of time
  std::vector<std::string> notes;  // sentences below the picture
};

// Texts may hold anything: they are escaped, and cut where they would leave their place.
std::string to_svg(const SequenceChart& chart);
std::string to_html(const SequenceChart& chart);  // the same picture on a page of its own
std::string to_text(const SequenceChart& chart);  // a line for each arrow, for a terminal

}  // namespace client
