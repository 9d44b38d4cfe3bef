#include "client/dig_words.h"

#include <algorithm>
#include <fmt/format.h>
#include <span>

#include "client/edns_words.h"
#include "common/cli.h"

namespace client {
namespace {

// A capture-less lambda reaches the flag: a pointer to member cannot name a member of a member.
struct Switch {
  std::string_view word;
  bool& (*flag)(Options&);
};

// What +all and +noall put on and off together.
constexpr Switch kShown[] = {
    {"cmd", [](Options& o) -> bool& { return o.show.command; }},
    {"stats", [](Options& o) -> bool& { return o.show.statistics; }},
    {"comments", [](Options& o) -> bool& { return o.show.sections.comments; }},
    {"question", [](Options& o) -> bool& { return o.show.sections.question; }},
    {"answer", [](Options& o) -> bool& { return o.show.sections.answer; }},
    {"authority", [](Options& o) -> bool& { return o.show.sections.authority; }},
    {"additional", [](Options& o) -> bool& { return o.show.sections.additional; }},
};

constexpr Switch kOthers[] = {
    {"short", [](Options& o) -> bool& { return o.show.rdata_only; }},
    {"json", [](Options& o) -> bool& { return o.show.json; }},
    {"rec", [](Options& o) -> bool& { return o.query.recurse; }},
    {"recurse", [](Options& o) -> bool& { return o.query.recurse; }},
    {"ad", [](Options& o) -> bool& { return o.query.authentic_data; }},
    {"adflag", [](Options& o) -> bool& { return o.query.authentic_data; }},
    {"cd", [](Options& o) -> bool& { return o.query.checking_disabled; }},
    {"cdflag", [](Options& o) -> bool& { return o.query.checking_disabled; }},
    {"edns", [](Options& o) -> bool& { return o.query.edns; }},
    {"dnssec", [](Options& o) -> bool& { return o.query.dnssec_ok; }},
    {"do", [](Options& o) -> bool& { return o.query.dnssec_ok; }},
};

bool take_switch(std::string_view word, Options& options) {
  const bool on = !word.starts_with("no");
  const std::string_view name = on ? word : word.substr(2);
  if (name == "all") {
    for (const Switch& shown : kShown) shown.flag(options) = on;
    return true;
  }
  for (const std::span<const Switch> table : {std::span<const Switch>(kShown), {kOthers}}) {
    const auto found = std::ranges::find(table, name, &Switch::word);
    if (found == table.end()) continue;
    found->flag(options) = on;
    if (on && (name == "dnssec" || name == "do")) options.query.edns = true;  // DO is a flag of EDNS
    return true;
  }
  return false;
}

std::string take_transport(net::Transport transport, ServerWords& server) {
  if (server.transport && *server.transport != transport)
    return fmt::format("two transports, {} and {}", net::to_string(*server.transport),
                       net::to_string(transport));
  server.transport = transport;
  return {};
}

std::string take_valued(std::string_view name, std::string_view value, Options& options,
                        ServerWords& server) {
  if (name == "tls-ca") {
    options.ca = value;
  } else if (name == "tls-hostname") {
    server.auth_name = value;
    if (const std::string complaint = net::complaint_about_name(value); !complaint.empty())
      return fmt::format("+{}: {}", name, complaint);
  } else if (name == "time" || name == "timeout") {
    const auto timeout = cli::parse_duration(value);
    if (!timeout) return fmt::format("+{}: {}", name, timeout.error());
    options.timeout = *timeout;
  } else if (name == "bufsize") {
    const auto size = cli::parse_number(value, 0, 65535);
    if (!size) return "+bufsize: " + size.error();
    options.query.udp_size = static_cast<std::uint16_t>(*size);
  } else if (name == "edns") {
    if (value != "0") return fmt::format("+edns={}: version 0 is the only one there is", value);
    options.query.edns = true;
  } else {
    return fmt::format("'+{}={}' is not a word that this client knows", name, value);
  }
  return {};
}

}  // namespace

std::string take_dig_word(std::string_view word, Options& options, ServerWords& server) {
  if (auto complaint = take_edns_word(word, options.query)) return std::move(*complaint);
  if (const auto equals = word.find('='); equals != std::string_view::npos) {
    const std::string_view value = word.substr(equals + 1);
    if (value.empty()) return fmt::format("nothing after '=' in '+{}'", word);
    return take_valued(word.substr(0, equals), value, options, server);
  }
  if (word == "tls") return take_transport(net::Transport::tls, server);
  if (word == "tcp" || word == "vc") return take_transport(net::Transport::tcp, server);
  if (word == "notcp" || word == "novc") return take_transport(net::Transport::udp, server);
  if (word == "notls") return "'+notls' leaves open what instead: say +tcp, or +notcp for UDP";
  if (word == "tls-ca") {
    options.ca = kSystemCa;
    return {};
  }
  if (word == "compare") {
    options.action = Options::Action::compare;
    return {};
  }
  if (take_switch(word, options)) return {};
  return fmt::format("'+{}' is not a word that this client knows", word);
}

}  // namespace client
