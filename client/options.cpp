#include "client/options.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <getopt.h>
#include <netinet/in.h>

#include "client/long_options.h"
#include "client/question_words.h"
#include "client/reverse_name.h"
#include "common/cli.h"
#include "common/dns/codes.h"

namespace client {
namespace {

constexpr int kFirstLong = 256;  // codes of the long options that long_options() tells; letters are below

// For getopt_long: those by table, and the long names of the letters.
std::vector<option> getopt_table() {
  std::vector<option> table = {
      {"class", required_argument, nullptr, 'c'},   {"port", required_argument, nullptr, 'p'},
      {"query", required_argument, nullptr, 'q'},   {"type", required_argument, nullptr, 't'},
      {"reverse", required_argument, nullptr, 'x'},
  };
  int code = kFirstLong;
  for (const LongOption& one : long_options()) table.push_back({one.name, one.argument, nullptr, code++});
  table.push_back({});
  return table;
}

// '-': words that are no options come in their place, as option 1, so that a type belongs to the name before
// it; ':': a missing value is told from an unknown option, and getopt itself prints nothing.
constexpr const char* kShortOptions = "-:46hvc:f:p:q:t:x:";

// A name on the command line and what has been said about it so far.
struct Asked {
  dns::Name name;
  std::string text;
  std::optional<std::uint16_t> type;
  std::optional<std::uint16_t> klass;
  std::uint16_t default_type = dns::type::A;
};

// Words in, Options out. The first complaint sticks; what comes after it is not looked at.
class Parser {
 public:
  void option(int code, std::string_view value);
  void word(std::string_view text);
  void complain(std::string complaint) {  // an empty one is none
    if (complaint_.empty()) complaint_ = std::move(complaint);
  }
  bool complained() const { return !complaint_.empty(); }
  std::expected<Options, std::string> finish();

 private:
  void name(std::string_view text);
  void reverse(std::string_view address);
  void type(std::uint16_t code);
  void klass(std::uint16_t code);
  void port(std::string_view text);
  void dig_word(std::string_view text);
  void family(int family);
  void server(std::string_view text);
  void settle_server();
  void settle_tls(bool is_tls);
  void settle_views();
  void settle_quiz();
  void settle_files();
  void settle_replay();
  void settle_discovery();
  void settle_questions();

  Options options_;
  ServerWords server_words_;
  std::optional<ServerText> server_;
  std::optional<std::uint16_t> port_;
  std::optional<std::uint16_t> type_;  // said before any name: it is for all that say nothing else
  std::optional<std::uint16_t> class_;
  std::vector<Asked> asked_;
  std::string complaint_;
};

void Parser::option(int code, std::string_view value) {
  if (code >= kFirstLong)
    return complain(
        long_options()[static_cast<std::size_t>(code - kFirstLong)].take(value, options_, server_words_));
  switch (code) {
    case 1:
      return word(value);
    case '4':
      return family(AF_INET);
    case '6':
      return family(AF_INET6);
    case 'h':
      options_.action = Options::Action::help;
      return;
    case 'v':
      options_.action = Options::Action::version;
      return;
    case 'p':
      return port(value);
    case 'q':
      return name(value);
    case 'x':
      return reverse(value);
    case 'f':
      options_.batch = value;
      return;
    case 't':
      if (const auto code_of = dns::type_from_name(value)) return type(*code_of);
      complain(complaint_about_number(value));
      return complain(fmt::format("'{}' is not a type", value));
    case 'c':
      if (const auto code_of = dns::class_from_name(value)) return klass(*code_of);
      complain(complaint_about_number(value));
      return complain(fmt::format("'{}' is not a class", value));
    default:
      return;
  }
}

// What dig makes of a bare word: a type, a class, or else a name.
void Parser::word(std::string_view text) {
  if (options_.action == Options::Action::glossary) {  // "round trip" may come as two words
    options_.glossary_word += (options_.glossary_word.empty() ? "" : " ") + std::string(text);
    return;
  }
  if (text.starts_with('@')) return server(text.substr(1));
  if (text.starts_with('+')) return dig_word(text.substr(1));
  if (const auto code = dns::type_from_name(text)) return type(*code);
  if (const auto code = dns::class_from_name(text)) return klass(*code);
  complain(complaint_about_number(text));
  complain(complaint_about_url(text));
  name(text);
}

void Parser::dig_word(std::string_view text) {
  complain(take_dig_word(text, options_, server_words_));
}

void Parser::name(std::string_view text) {
  const auto parsed = question_name(text);
  if (!parsed) return complain(parsed.error());
  asked_.push_back({*parsed, std::string(text), {}, {}});
}

void Parser::reverse(std::string_view address) {
  const auto parsed = reverse_name(address);
  if (!parsed) return complain("-x: " + parsed.error());
  asked_.push_back({*parsed, "-x " + std::string(address), {}, {}, dns::type::PTR});
}

void Parser::type(std::uint16_t code) {
  std::optional<std::uint16_t>& place = asked_.empty() ? type_ : asked_.back().type;
  if (place && *place != code)
    return complain(fmt::format("two types, {} and {}: repeat the name for the second",
                                dns::type_name(*place), dns::type_name(code)));
  place = code;
}

void Parser::klass(std::uint16_t code) {
  (asked_.empty() ? class_ : asked_.back().klass) = code;
}

void Parser::port(std::string_view text) {
  const auto number = cli::parse_number(text, 1, 65535);
  if (!number) return complain("port: " + number.error());
  port_ = static_cast<std::uint16_t>(*number);
}

void Parser::family(int family) {
  if (options_.family != 0 && options_.family != family) return complain("-4 and -6 exclude each other");
  options_.family = family;
}

void Parser::server(std::string_view text) {
  if (server_) return complain(fmt::format("a second server, '@{}': one run asks one server", text));
  const auto parsed = parse_server(text);
  if (!parsed) return complain(fmt::format("'@{}': {}", text, parsed.error()));
  server_ = *parsed;
}

void Parser::settle_server() {
  const ServerText said = server_.value_or(ServerText{});
  const auto word = server_words_.transport;
  if (word && said.transport && *word != *said.transport)
    return complain(
        fmt::format("two transports, {} and {}", net::to_string(*said.transport), net::to_string(*word)));
  Server& result = options_.server;
  const bool discovers = options_.action == Options::Action::discover;  // in clear, and then over TLS
  const auto usual = discovers ? net::Transport::udp : net::Transport::tls;
  result.transport = word ? *word : said.transport.value_or(usual);
  const bool begins_with_tls = result.transport == net::Transport::tls;
  const bool is_tls = begins_with_tls || discovers;
  if (!said.host.empty()) result.host = said.host;
  const std::uint16_t tls_port = server_ ? 853 : 8443;  // RFC 7858 §3.1; our own proxy's
  result.port = port_ ? *port_ : said.port.value_or(begins_with_tls ? tls_port : std::uint16_t{53});

  const std::string& name = server_words_.auth_name.empty() ? said.auth_name : server_words_.auth_name;
  if (!is_tls && !(name.empty() && options_.ca.empty()))
    return complain(fmt::format("a name or a CA to check, but {} checks nothing: only tls does",
                                net::to_string(result.transport)));
  if (options_.cert.empty() != options_.key.empty())
    return complain("--cert and --key belong together: a certificate, and the key to it");
  if (!is_tls && !options_.cert.empty()) return complain("--cert, but only tls shows certificates");
  settle_tls(is_tls);
  result.auth_name = name.empty() ? result.host : name;
  if (options_.family == 0) return;
  const auto address = net::SocketAddress::parse(result.host, 0);
  if (address && address->family() != options_.family)
    complain(
        fmt::format("-{}, but {} is not such an address", options_.family == AF_INET ? 4 : 6, result.host));
}

void Parser::settle_tls(bool is_tls) {
  if (options_.least_version > options_.most_version) {
    // `--tls-max 1.1` alone means: as old as that.
    if (options_.least_version != tls::Version::tls12) return complain("--tls-min is above --tls-max");
    options_.least_version = options_.most_version;
  }
  if (options_.pin_only && options_.pins.empty()) return complain("--pin-only without a --pin to go by");
  if (options_.pin_only && !options_.ca.empty()) return complain("--pin-only looks at no CA: leave --ca out");
  if (is_tls) return;
  if (!options_.pins.empty() || options_.insecure)
    complain(fmt::format("--{}, but only tls checks a server", options_.insecure ? "insecure" : "pin"));
  else if (!options_.files.session.empty() || !options_.files.keylog.empty())
    complain(fmt::format("--{}, but only tls has {}", options_.files.session.empty() ? "keylog" : "session",
                         options_.files.session.empty() ? "keys" : "sessions"));
  else if (options_.sni || options_.alpn != "dot" || !options_.groups.empty() ||
           options_.most_version != tls::Version::tls13 || options_.least_version != tls::Version::tls12)
    complain("--tls-min, --tls-max, --groups, --alpn or --sni, but only tls has a handshake");
  else if (options_.action == Options::Action::compare || options_.action == Options::Action::bench)
    complain(fmt::format("--{} asks over TLS first: name a tls:// server",
                         options_.action == Options::Action::bench ? "bench" : "compare"));
}

// Each file that a run leaves behind needs a name, and one of its own.
void Parser::settle_files() {
  const Files& files = options_.files;
  std::vector<std::string_view> names;
  for (const std::string* const name :
       {&files.keylog, &files.capture, &files.chart, &files.session, &files.save})
    if (!name->empty()) names.push_back(*name);
  std::ranges::sort(names);
  if (const auto twice = std::ranges::adjacent_find(names); twice != names.end())
    complain(fmt::format("'{}' for two things: each file needs a name of its own", *twice));
}

// What could not be shown or written is refused, not left out.
void Parser::settle_views() {
  using enum Options::Action;
  const Show& show = options_.show;
  const Files& files = options_.files;
  const bool views = show.explain || show.eavesdropper || show.timeline;
  if (files.chart.empty() && !files.proxy_trace.empty())
    return complain("--proxy-trace is drawn into a --chart: name one");
  settle_quiz();
  if (options_.action == replay) return settle_replay();
  if (options_.action == discover) return settle_discovery();
  if (options_.action == ask) {
    if (show.json && (views || show.rdata_only))
      complain("--json is for programs: leave --explain, --eavesdropper, --timeline and --short out");
    if (options_.clear_port) complain("--clear-port is for --compare and --bench: elsewhere it is -p");
    return;
  }
  if (!options_.clear_port) options_.clear_port = 53;
  if (views || !files.chart.empty() || !files.capture.empty() || !files.save.empty() || show.rdata_only)
    complain(
        fmt::format("--{} shows a table: leave --explain, --eavesdropper, --timeline, --chart, --capture, "
                    "--save and --short out",
                    options_.action == bench ? "bench" : "compare"));
  if (options_.action == bench && (show.json || !files.session.empty()))
    complain("--bench shows a table, of sessions of its own: leave --json and --session out");
}

void Parser::settle_quiz() {
  using enum Options::Action;
  const Show& show = options_.show;
  const Quiz& quiz = options_.quiz;
  if (quiz.as == Quiz::As::none) {
    if (!quiz.theme.empty() || quiz.seed)
      complain("--seed and --quiz-theme choose questions: name --quiz, --quiz-sheet or --quiz-key");
    return;
  }
  if (options_.action != ask && options_.action != replay)
    complain("a quiz is about one run: leave --compare and --bench out");
  if (show.explain || show.eavesdropper || show.timeline || show.rdata_only)
    complain("a quiz hides the answers: leave --explain, --eavesdropper, --timeline and --short out");
  if (show.json && quiz.as == Quiz::As::asked)
    complain("--quiz is for people: for a program there are --quiz-sheet --json and --quiz-key --json");
  if (options_.batch == "-" && quiz.as == Quiz::As::asked)
    complain("--quiz reads answers from standard input: it cannot be the batch too");
}

void Parser::settle_replay() {
  const Show& show = options_.show;
  const Files& files = options_.files;
  if (!asked_.empty() || !options_.batch.empty() || server_ || port_)
    return complain(
        "--replay shows a run that was kept, and asks nothing: leave names, @SERVER, -p and -f out");
  if (!files.save.empty() || !files.capture.empty() || !files.keylog.empty() || !files.session.empty())
    return complain("--replay sends nothing: leave --save, --capture, --keylog and --session out");
  if (files.replay == files.chart || files.replay == files.proxy_trace)
    return complain(fmt::format("'{}' for two things: each file needs a name of its own", files.replay));
  if (show.json && (show.explain || show.eavesdropper || show.timeline || show.rdata_only))
    complain("--json is for programs: leave --explain, --eavesdropper, --timeline and --short out");
}

// RFC 9462 §4: it begins with an address, as a network hands it out, and with a question of its own.
void Parser::settle_discovery() {
  Server& server = options_.server;
  const Show& show = options_.show;
  const Files& files = options_.files;
  const auto address = net::SocketAddress::parse(server.host, 0);
  if (!address)
    return complain(
        fmt::format("--discover asks an address, as a network hands it out: '{}' is none", server.host));
  if (server.transport == net::Transport::tls)
    return complain("--discover asks in clear, udp or tcp, and finds out where tls is");
  if (!asked_.empty() || !options_.batch.empty() || type_ || class_)
    return complain("--discover asks a question of its own: leave names, types and -f out");
  if (server.auth_name != server.host || options_.pin_only || options_.insecure)
    return complain(
        "--discover checks the address that was asked: leave --tls-name, --pin-only and --insecure out");
  if (show.explain || show.eavesdropper || show.timeline ||
      !(files.chart.empty() && files.capture.empty() && files.save.empty() && files.session.empty()))
    return complain(
        "--discover is a view of its own: leave --explain, --eavesdropper, --timeline, --chart, --capture, "
        "--save and --session out");
  if (show.json && show.rdata_only) return complain("--json is for programs: leave --short out");
  if (options_.clear_port) return complain("--clear-port is for --compare and --bench: elsewhere it is -p");
  server.host = server.auth_name = address->host();
  options_.questions = {{dns::Name::parse("_dns.resolver.arpa.").value(), dns::type::SVCB, dns::klass::IN}};
}

void Parser::settle_questions() {
  if (options_.action == Options::Action::replay || options_.action == Options::Action::discover) return;
  options_.batch_usual = {{}, type_.value_or(dns::type::A), class_.value_or(dns::klass::IN)};
  if (!options_.batch.empty()) complain(complaint_about_type(options_.batch_usual.type));
  if (asked_.empty()) {
    if (!options_.batch.empty()) return;
    if (!type_ && !class_) return complain("no name to ask for");
    const std::string word = type_ ? dns::type_name(*type_) : dns::class_name(*class_);
    return complain(fmt::format("no name to ask for, only {0}; for a name of that spelling: -q {0}", word));
  }
  for (const Asked& asked : asked_) {
    const std::uint16_t code = asked.type ? *asked.type : type_.value_or(asked.default_type);
    complain(complaint_about_type(code));
    options_.questions.push_back({asked.name, code, asked.klass ? *asked.klass : class_.value_or(1)});
  }
}

std::expected<Options, std::string> Parser::finish() {
  using enum Options::Action;
  if (!complained() && options_.action != help && options_.action != version && options_.action != glossary) {
    settle_server();
    settle_views();
    settle_files();
    settle_questions();
  }
  if (complained()) return std::unexpected(complaint_);
  return std::move(options_);
}

std::string joined(int argc, char* const argv[]) {
  std::string text;
  for (int i = 1; i < argc; ++i) (text += i > 1 ? " " : "") += argv[i];
  return text;
}

}  // namespace

std::expected<Options, std::string> parse_options(int argc, char* const argv[]) {
  Parser parser;
  const std::vector<option> table = getopt_table();
  optind = 0;  // glibc's way to say: begin afresh
  int code = 0;
  while (!parser.complained() &&
         (code = getopt_long(argc, argv, kShortOptions, table.data(), nullptr)) != -1) {
    if (code == '?')
      parser.complain(optopt > 0 && optopt < 256 ? fmt::format("no option '-{}'", static_cast<char>(optopt))
                                                 : fmt::format("no option '{}'", argv[optind - 1]));
    else if (code == ':')
      parser.complain(fmt::format("'{}' needs a value", argv[optind - 1]));
    else
      parser.option(code, optarg != nullptr ? optarg : "");
  }
  for (; optind < argc; ++optind) parser.word(argv[optind]);  // after "--"
  auto options = parser.finish();
  if (!options) return options;
  options->command = joined(argc, argv);
  if (const char* file = std::getenv("SSLKEYLOGFILE"); file != nullptr && options->files.keylog.empty())
    options->files.keylog = file;
  return options;
}

}  // namespace client
