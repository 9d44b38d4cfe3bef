// A message as dig 9.18 prints it: every line that is not a record begins with ';', and a record is a line of
// a zone file (RFC 1035 §5.1), so that the whole text can be loaded as one. Pure functions: text out, no I/O.
#pragma once

#include <string>

#include "common/dns/message.h"

namespace dns {

// What of a message is shown; the names are dig's +words.
struct Sections {
  bool comments = true;  // the header, the OPT pseudo-section, and the titles of the sections
  bool question = true;
  bool answer = true;
  bool authority = true;
  bool additional = true;
};

// The whole message, each line ended by '\n'. With comments there is an empty line after each section.
// `cookie`: see edns_to_text().
std::string to_text(const Message& message, const Sections& sections = {}, ByteView cookie = {});

// The two lines ";; ->>HEADER<<- …" and ";; flags: …", and dig's warning when recursion was refused.
std::string header_to_text(const Message& message);

// ";; OPT PSEUDOSECTION:" and below it a line for what EDNS says, then one for each option. `cookie` is the
// one that the query carried, if it did: the answer's is then judged as dig does (RFC 7873 §5.3). "good": it
// begins with ours, and the server's follows; "echoed": it is ours alone; "bad": it is another.
std::string edns_to_text(const Edns& edns, ByteView cookie = {});

// ";google.com.\t\t\tIN\tA" and "google.com.\t\t300\tIN\tA\t192.0.2.1": without '\n'.
std::string question_to_text(const Question& question);
std::string record_to_text(const Record& record);

}  // namespace dns
