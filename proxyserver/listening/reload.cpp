#include "proxyserver/listening/reload.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <iterator>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "common/log.h"
#include "common/net/unique_fd.h"
#include "common/tls/tls_error.h"

namespace {

// Who replaces a certificate and its key one after the other is not complained about in between.
constexpr std::chrono::seconds kPatience{5};

// What takes effect for connections and queries that come. All else is built into what there is already.
constexpr auto kCanChange = std::to_array<std::string_view>({"cert",
                                                             "key",
                                                             "announce",
                                                             "client-ca",
                                                             "upstream-ca",
                                                             "pin",
                                                             "pin-only",
                                                             "ticket-key-file",
                                                             "allow",
                                                             "proxy-from",
                                                             "max-in-flight",
                                                             "idle-timeout",
                                                             "write-timeout",
                                                             "query-timeout",
                                                             "hedge-after",
                                                             "message-timeout",
                                                             "handshake-timeout",
                                                             "max-connections-per-client",
                                                             "max-qps-per-client",
                                                             "max-handshakes-per-client",
                                                             "drain-timeout",
                                                             "pad",
                                                             "retry-on",
                                                             "min-ttl",
                                                             "max-ttl",
                                                             "serve-stale",
                                                             "log-level"});

std::string names(const std::set<std::string>& options) {
  return fmt::format("{}", fmt::join(options, " "));
}

std::vector<std::string> values_of(std::string_view name, const Options& options) {
  std::vector<std::string> values;
  std::string
      upstream;  // --for and --clear say something of the one before them; pins are compared as they are
  for (const Setting& setting : options.settings) {
    if (setting.name == "upstream") upstream = setting.value;
    if (setting.name != name) continue;
    const bool is_of_upstream = name == "for" || name == "clear";
    values.push_back(is_of_upstream ? upstream + ' ' + setting.value : setting.value);
  }
  return values;
}

// What is in force with all of `wanted` that can change.
Options merge(const Options& in_force, const Options& wanted, std::set<std::string>& changed,
              std::set<std::string>& needs_restart) {
  Options merged = in_force;
  merged.cert_file = wanted.cert_file;
  merged.key_file = wanted.key_file;
  merged.announce = wanted.announce;
  merged.client_ca = wanted.client_ca;
  merged.ticket_key_file = wanted.ticket_key_file;
  merged.upstream_ca = wanted.upstream_ca;
  merged.pin_only = wanted.pin_only;
  merged.allow = wanted.allow;
  merged.proxy_from = wanted.proxy_from;
  merged.log_level = wanted.log_level;
  merged.limits = wanted.limits;
  merged.limits.max_connections = in_force.limits.max_connections;
  merged.limits.pool_size = in_force.limits.pool_size;
  merged.limits.udp_workers = in_force.limits.udp_workers;
  for (UpstreamOptions& upstream : merged.upstreams)
    for (const UpstreamOptions& one : wanted.upstreams)
      if (one.uri.to_string() == upstream.uri.to_string()) upstream.pins = one.pins;

  std::set<std::string> given;
  for (const Options* options : {&in_force, &wanted})
    for (const Setting& setting : options->settings) given.insert(setting.name);
  for (const std::string& name : given) {
    if (values_of(name, in_force) == values_of(name, wanted)) continue;
    if (std::ranges::find(kCanChange, name) == kCanChange.end()) {
      needs_restart.insert(name);
      continue;
    }
    changed.insert(name);
    std::erase_if(merged.settings, [&](const Setting& one) { return one.name == name; });
    std::ranges::copy_if(wanted.settings, std::back_inserter(merged.settings),
                         [&](const Setting& one) { return one.name == name; });
  }
  return merged;
}

// There, and no regular file.
bool is_something_else(const std::string& file) {
  struct stat status {};
  return stat(file.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
}

// A pipe that nobody writes to would keep the accepting thread for ever, and some devices never end. What is
// not there is OpenSSL's to complain about.
void refuse_what_has_no_end(const std::string& file) {
  if (!is_something_else(file)) return;
  tls::TlsError::Facts facts;
  facts.kind = tls::TlsError::Kind::file;
  facts.reason = file + ": it is not a regular file";
  throw tls::TlsError(std::move(facts), "read again");
}

// Why that file cannot be read though it is there, and what to do about it; empty: neither.
std::string advice_on_reading(const std::string& file) {
  const net::UniqueFd opened(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (opened.valid() || errno != EACCES) return {};
  if (is_something_else(file)) return "it is not a regular file";
  // access(2) asks for permissions alone, and not for what Landlock has left to us.
  if (faccessat(AT_FDCWD, file.c_str(), R_OK, AT_EACCESS) == 0)
    return "it is in none of the folders that the files were in at the start, and nothing else can be opened "
           "now: restart";
  return "the user that --user names may not read it: let its group do so, or restart at each change";
}

}  // namespace

Reload::Reload(Options options, ReadOptions read, Replaceable& target, const Instruments& instruments)
    : options_(std::move(options)), read_(std::move(read)), target_(target), instruments_(instruments) {
  watch_.watch(certificate_files(options_));
}

void Reload::user_changed() {
  watch_.watch(watch_.files());  // what is out of reach now has not changed by that
  std::vector<std::string> files = watch_.files();
  if (!options_.config_file.empty()) files.push_back(options_.config_file);
  for (const std::string& file : files)
    if (const std::string advice = advice_on_reading(file); !advice.empty())
      logging::write(logging::Level::warning, "cannot-reload",
                     fmt::format("{} {}", logging::field("file", file), logging::field("advice", advice)));
}

bool Reload::by_signal() {
  constexpr const char* kBy = "SIGHUP";
  const auto wanted = read_();
  if (!wanted) return log_refusal({options_.config_file, wanted.error()}, kBy), false;
  auto loaded = load(*wanted);
  failing_since_.reset();
  if (!loaded) {
    watch_.look();
    watch_.give_up();
    log_refusal(loaded.error(), kBy);
    return false;
  }
  publish(std::move(*loaded), kBy);
  return true;
}

bool Reload::by_files(Clock::time_point now) {
  constexpr const char* kBy = "files";
  const FileWatch::State state = watch_.look();
  if (state == FileWatch::State::unchanged) failing_since_.reset();
  if (state != FileWatch::State::settled) return false;
  auto loaded = load(options_);
  if (!watch_.are_still()) return false;
  if (loaded) {
    failing_since_.reset();
    publish(std::move(*loaded), kBy);
    return true;
  }
  if (!failing_since_) failing_since_ = now;
  if (now - *failing_since_ < kPatience) return false;
  failing_since_.reset();
  watch_.give_up();
  log_refusal(loaded.error(), kBy);
  return false;
}

std::expected<Reload::Loaded, Reload::Refusal> Reload::load(const Options& wanted) const {
  std::vector<std::string> files;
  try {
    Loaded loaded;
    loaded.options = merge(options_, wanted, loaded.changed, loaded.needs_restart);
    name_default_files(loaded.options);
    files = certificate_files(loaded.options);
    loaded.watch.watch(files);  // before they are read: a change meanwhile is then seen
    load_identity(loaded);
    load_trusts(loaded);
    return loaded;
  } catch (const tls::TlsError& error) {
    const auto culprit = std::ranges::find_if(
        files, [&](const std::string& file) { return error.facts().reason.starts_with(file + ": "); });
    return std::unexpected(Refusal{culprit != files.end() ? *culprit : "", error.what()});
  } catch (const std::exception& error) {
    return std::unexpected(Refusal{{}, error.what()});
  }
}

void Reload::load_identity(Loaded& loaded) const {
  if (target_.identity == nullptr) return;
  // So that all else can be read again where the key cannot.
  const Options& options = loaded.options;
  const auto is_in_use = [this](const std::string& file) { return file.empty() || watch_.is_in_use(file); };
  if (options.cert_file == options_.cert_file && options.key_file == options_.key_file &&
      options.announce == options_.announce && options.client_ca == options_.client_ca &&
      options.ticket_key_file == options_.ticket_key_file && is_in_use(options.cert_file) &&
      is_in_use(options.key_file) && is_in_use(options.client_ca) && is_in_use(options.ticket_key_file))
    return;
  for (const std::string* file : {&options.cert_file, &options.key_file, &options.client_ca})
    refuse_what_has_no_end(*file);
  const tls::ServerContext& before = *target_.identity;
  auto identity = ::load_identity(options, instruments_);
  const bool same_chain = identity->chain() == before.chain();
  const bool same_key = identity->pin() == before.pin();
  const bool same_clients = identity->client_anchors() == before.client_anchors();
  if (!same_chain) loaded.changed.insert("cert");
  if (!same_key) loaded.changed.insert("key");
  if (!same_clients) loaded.changed.insert("client-ca");
  const bool same_ticket_keys = identity->has_ticket_keys_of(before);
  if (!same_ticket_keys) loaded.changed.insert("ticket-key-file");
  if (same_chain && same_key && same_clients && same_ticket_keys) return;
  if (same_clients && same_ticket_keys) identity->take_tickets_of(before);
  loaded.identity = std::move(identity);
}

void Reload::load_trusts(Loaded& loaded) const {
  for (std::size_t i = 0; i < target_.trusts.size(); ++i) {
    loaded.trusts.emplace_back();
    if (target_.trusts[i] == nullptr) continue;
    refuse_what_has_no_end(loaded.options.upstream_ca);
    const Trust::Context before = target_.trusts[i]->current();
    auto trust = load_trust(loaded.options.upstreams[i], loaded.options, instruments_);
    // The system's store is looked into as upstreams are verified: it counts as one and the same.
    const bool by_system = trust->options().ca_file.empty() && before->options().ca_file.empty();
    const bool same_anchors = by_system || trust->anchors() == before->anchors();
    const bool same_pins = trust->options().pins == before->options().pins;
    if (!same_anchors) loaded.changed.insert("upstream-ca");
    if (!same_pins) loaded.changed.insert("pin");
    const bool same_way = trust->options().pin_only == before->options().pin_only &&
                          trust->options().ca_file.empty() == before->options().ca_file.empty();
    if (!same_anchors || !same_pins || !same_way) loaded.trusts.back() = std::move(trust);
  }
}

void Reload::publish(Loaded loaded, const char* by) {
  Limits limits = loaded.options.limits;
  limits.announced = announce(loaded.options.announce, target_.bound);
  target_.limits.publish(std::move(limits));
  target_.allow.publish(loaded.options.allow);
  target_.proxy_from.publish(loaded.options.proxy_from);
  if (loaded.identity != nullptr) target_.identity = std::move(loaded.identity);
  bool trusts_others = false;
  for (std::size_t i = 0; i < loaded.trusts.size(); ++i)
    if (loaded.trusts[i] != nullptr) {
      target_.trusts[i]->replace(std::move(loaded.trusts[i]));
      trusts_others = true;
    }
  // What somebody said who would not be believed any more.
  if (trusts_others && target_.cache != nullptr) target_.cache->flush();
  logging::set_level(loaded.options.log_level);
  options_ = std::move(loaded.options);
  watch_ = std::move(loaded.watch);

  const bool all = loaded.needs_restart.empty();
  const std::string changed = loaded.changed.empty() ? "none" : names(loaded.changed);
  std::string facts = fmt::format("by={} {}", by, logging::field("changed", changed));
  if (!all) facts += " " + logging::field("needs-restart", names(loaded.needs_restart));
  logging::write(all ? logging::Level::info : logging::Level::warning, "reloaded", facts);
}

void Reload::log_refusal(const Refusal& refusal, const char* by) {
  std::string facts = fmt::format("by={} ", by);
  if (!refusal.file.empty()) facts += logging::field("file", refusal.file) + " ";
  facts += logging::field("reason", refusal.reason);
  if (const std::string advice = refusal.file.empty() ? "" : advice_on_reading(refusal.file); !advice.empty())
    facts += " " + logging::field("advice", advice);
  logging::write(logging::Level::error, "reload-refused", facts);
}
