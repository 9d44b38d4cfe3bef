#include "client/options.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <getopt.h>
#include <netinet/in.h>

#include "client/dig_words.h"
#include "client/question_words.h"
#include "client/reverse_name.h"
#include "common/cli.h"
#include "common/dns/codes.h"
#include "common/tls/pin.h"

namespace client {
namespace {

enum LongOption : int {
  kCa = 256,
  kCert,
  kKey,
  kTlsName,
  kShort,
  kTimeout,
  kPin,
  kPinOnly,
  kInsecure,
  kTlsMin,
  kTlsMax,
  kAlpn,
  kSni,
  kSession,
  kDnssec,
  kNsid,
  kSubnet,
  kCookie,
  kKeepalive,
  kPad,
  kJson,
  kExplain,
  kEavesdropper,
  kTimeline,
  kChart,
  kProxyTrace,
  kKeylog,
  kCapture,
  kCompare,
  kClearPort,
  kBench,
  kBatch,
  kColour,
};

constexpr option kLongOptions[] = {
    {"alpn", required_argument, nullptr, kAlpn},
    {"batch", required_argument, nullptr, kBatch},
    {"bench", required_argument, nullptr, kBench},
    {"ca", required_argument, nullptr, kCa},
    {"capture", required_argument, nullptr, kCapture},
    {"cert", required_argument, nullptr, kCert},
    {"chart", required_argument, nullptr, kChart},
    {"class", required_argument, nullptr, 'c'},
    {"clear-port", required_argument, nullptr, kClearPort},
    {"color", required_argument, nullptr, kColour},
    {"compare", no_argument, nullptr, kCompare},
    {"cookie", optional_argument, nullptr, kCookie},
    {"dnssec", no_argument, nullptr, kDnssec},
    {"eavesdropper", no_argument, nullptr, kEavesdropper},
    {"explain", no_argument, nullptr, kExplain},
    {"help", no_argument, nullptr, 'h'},
    {"insecure", no_argument, nullptr, kInsecure},
    {"json", no_argument, nullptr, kJson},
    {"keepalive", no_argument, nullptr, kKeepalive},
    {"key", required_argument, nullptr, kKey},
    {"keylog", required_argument, nullptr, kKeylog},
    {"nsid", no_argument, nullptr, kNsid},
    {"pad", required_argument, nullptr, kPad},
    {"pin", required_argument, nullptr, kPin},
    {"pin-only", no_argument, nullptr, kPinOnly},
    {"port", required_argument, nullptr, 'p'},
    {"proxy-trace", required_argument, nullptr, kProxyTrace},
    {"query", required_argument, nullptr, 'q'},
    {"reverse", required_argument, nullptr, 'x'},
    {"session", required_argument, nullptr, kSession},
    {"short", no_argument, nullptr, kShort},
    {"sni", required_argument, nullptr, kSni},
    {"subnet", required_argument, nullptr, kSubnet},
    {"timeline", no_argument, nullptr, kTimeline},
    {"timeout", required_argument, nullptr, kTimeout},
    {"tls-max", required_argument, nullptr, kTlsMax},
    {"tls-min", required_argument, nullptr, kTlsMin},
    {"tls-name", required_argument, nullptr, kTlsName},
    {"type", required_argument, nullptr, 't'},
    {"version", no_argument, nullptr, 'v'},
    {nullptr, 0, nullptr, 0},
};

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
  void timeout(std::string_view text);
  template <typename Number>
  void number(std::string_view option, std::string_view text, long least, long most, Number& place);
  void dig_word(std::string_view text);
  void pin(std::string_view text);
  void version(std::string_view option, std::string_view text, tls::Version& place);
  void alpn(std::string_view text);
  void chart(std::string_view file);
  void colour(std::string_view text);
  void family(int family);
  void server(std::string_view text);
  void settle_server();
  void settle_tls(bool is_tls);
  void settle_views();
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
    case kCa:
      options_.ca = value;
      return;
    case kCert:
      options_.cert = value;
      return;
    case kKey:
      options_.key = value;
      return;
    case kTlsName:
      server_words_.auth_name = value;
      return;
    case kTimeout:
      return timeout(value);
    case kPin:
      return pin(value);
    case kPinOnly:
      options_.pin_only = true;
      return;
    case kInsecure:
      options_.insecure = true;
      return;
    case kTlsMin:
      return version("--tls-min", value, options_.least_version);
    case kTlsMax:
      return version("--tls-max", value, options_.most_version);
    case kAlpn:
      return alpn(value);
    case kSni:
      options_.sni = value == "none" ? "" : value;
      return;
    case kSession:
      options_.files.session = value;
      return;
    case kKeylog:
      options_.files.keylog = value;
      return;
    case kCapture:
      options_.files.capture = value;
      return;
    case kChart:
      return chart(value);
    case kProxyTrace:
      options_.files.proxy_trace = value;
      return;
    case 'f':
    case kBatch:
      options_.batch = value;
      return;
    case kBench:
      options_.action = Options::Action::bench;
      return number("--bench", value, 1, 100000, options_.bench_runs);
    case kCompare:
      options_.action = Options::Action::compare;
      return;
    case kClearPort:
      return number("--clear-port", value, 1, 65535, options_.clear_port);
    case kColour:
      return colour(value);
    case kShort:
      options_.show.rdata_only = true;
      return;
    case kJson:
      options_.show.json = true;
      return;
    case kExplain:
      options_.show.explain = true;
      return;
    case kEavesdropper:
      options_.show.eavesdropper = true;
      return;
    case kTimeline:
      options_.show.timeline = true;
      return;
    case kDnssec:
      return dig_word("dnssec");
    case kNsid:
      return dig_word("nsid");
    case kKeepalive:
      return dig_word("keepalive");
    case kSubnet:
      return dig_word(fmt::format("subnet={}", value));
    case kCookie:
      return dig_word(value.empty() ? "cookie" : fmt::format("cookie={}", value));
    case kPad:
      return dig_word(fmt::format("padding={}", value));
    case 't':
      if (const auto code_of = dns::type_from_name(value)) return type(*code_of);
      return complain(fmt::format("'{}' is not a type", value));
    case 'c':
      if (const auto code_of = dns::class_from_name(value)) return klass(*code_of);
      return complain(fmt::format("'{}' is not a class", value));
  }
}

// What dig makes of a bare word: a type, a class, or else a name.
void Parser::word(std::string_view text) {
  if (text.starts_with('@')) return server(text.substr(1));
  if (text.starts_with('+')) return dig_word(text.substr(1));
  if (const auto code = dns::type_from_name(text)) return type(*code);
  if (const auto code = dns::class_from_name(text)) return klass(*code);
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

template <typename Number>
void Parser::number(std::string_view option, std::string_view text, long least, long most, Number& place) {
  const auto value = cli::parse_number(text, least, most);
  if (!value) return complain(fmt::format("{}: {}", option, value.error()));
  place = static_cast<Number>(*value);
}

void Parser::port(std::string_view text) {
  number("port", text, 1, 65535, port_.emplace());
}

void Parser::pin(std::string_view text) {
  auto parsed = tls::parse_pin(text);
  if (!parsed) return complain("--pin: " + parsed.error());
  options_.pins.push_back(std::move(*parsed));
}

void Parser::version(std::string_view option, std::string_view text, tls::Version& place) {
  constexpr std::string_view kVersions[] = {"1.0", "1.1", "1.2", "1.3"};
  const auto* const found = std::ranges::find(kVersions, text);
  if (found == std::end(kVersions))
    return complain(fmt::format("{}: '{}' is not one of 1.0, 1.1, 1.2, 1.3", option, text));
  place = static_cast<tls::Version>(static_cast<int>(tls::Version::tls10) + (found - kVersions));
}

void Parser::alpn(std::string_view text) {
  if (text.empty() || text.size() > 255)
    return complain("--alpn: a name has 1 to 255 octets");  // RFC 7301 §3.1
  options_.alpn = text == "none" ? "" : text;
}

void Parser::chart(std::string_view file) {
  if (!file.ends_with(".svg") && !file.ends_with(".html"))
    return complain(fmt::format("--chart: '{}' ends neither in .svg nor in .html", file));
  options_.files.chart = file;
}

void Parser::colour(std::string_view text) {
  using Colour = Show::Colour;
  if (text != "auto" && text != "always" && text != "never")
    return complain(fmt::format("--color: '{}' is not one of auto, always, never", text));
  options_.show.colour = text == "auto"     ? Colour::automatic
                         : text == "always" ? Colour::always
                                            : Colour::never;
}

void Parser::timeout(std::string_view text) {
  const auto duration = cli::parse_duration(text);
  if (!duration) return complain("--timeout: " + duration.error());
  options_.timeout = *duration;
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
  result.transport = word ? *word : said.transport.value_or(net::Transport::tls);
  const bool is_tls = result.transport == net::Transport::tls;
  if (!said.host.empty()) result.host = said.host;
  const std::uint16_t tls_port = server_ ? 853 : 8443;  // RFC 7858 §3.1; our own proxy's
  result.port = port_ ? *port_ : said.port.value_or(is_tls ? tls_port : std::uint16_t{53});

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
  else if (!options_.files.session.empty())
    complain("--session, but only tls has sessions");
  else if (options_.action == Options::Action::compare || options_.action == Options::Action::bench)
    complain(fmt::format("--{} asks over TLS first: name a tls:// server",
                         options_.action == Options::Action::bench ? "bench" : "compare"));
}

// A view that could not be shown is refused, not left out.
void Parser::settle_views() {
  const Show& show = options_.show;
  const bool views = show.explain || show.eavesdropper || show.timeline;
  if (views && show.json)
    complain("--json is for programs: leave --explain, --eavesdropper and --timeline out");
  if (options_.action != Options::Action::compare || (!views && options_.files.chart.empty())) return;
  complain("--compare shows a table: leave --explain, --eavesdropper, --timeline and --chart out");
}

void Parser::settle_questions() {
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
  if (!complained() && options_.action != help && options_.action != version) {
    settle_server();
    settle_views();
    settle_questions();
    if (options_.files.chart.empty() && !options_.files.proxy_trace.empty())
      complain("--proxy-trace is drawn into a --chart: name one");
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
  optind = 0;  // glibc's way to say: begin afresh
  int code = 0;
  while (!parser.complained() &&
         (code = getopt_long(argc, argv, kShortOptions, kLongOptions, nullptr)) != -1) {
    if (code == '?')
      parser.complain(optopt > 0 && optopt < 256 ? fmt::format("no option '-{}'", static_cast<char>(optopt))
                                                 : fmt::format("no option '{}'", argv[optind - 1]));
    else if (code == ':')
      parser.complain(fmt::format("'{}' needs a value", argv[optind - 1]));
    else
      parser.option(code, optarg != nullptr ? optarg : "");
  }
  for (; optind < argc; ++optind) parser.word(argv[optind]);  // behind "--"
  auto options = parser.finish();
  if (!options) return options;
  options->command = joined(argc, argv);
  if (const char* file = std::getenv("SSLKEYLOGFILE"); file != nullptr && options->files.keylog.empty())
    options->files.keylog = file;
  return options;
}

}  // namespace client
