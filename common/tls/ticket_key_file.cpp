#include "common/tls/ticket_key_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <optional>
#include <span>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include "common/net/unique_fd.h"
#include "common/tls/openssl_error.h"
#include "common/tls/tls_context.h"

namespace tls {
namespace {

using Kind = TlsError::Kind;

constexpr const char* kAction = "load the ticket keys";
constexpr std::size_t kMostKeys = 16;
constexpr std::size_t kMostOctets = 16384;
constexpr std::size_t kEncoded = 108;  // 80 octets in base64, of which the last is '='

// What a key was read through: it does not stay behind in freed memory.
struct Secret {
  Secret() = default;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { OPENSSL_cleanse(octets.data(), octets.size()); }
  std::array<char, kMostOctets + 1> octets{};
  std::size_t size = 0;
};

void read_whole(const std::string& file, Secret& secret) {
  // A FIFO without a writer must not hold up the start.
  const net::UniqueFd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!fd.valid() || fstat(fd.get(), &status) != 0)
    fail(Kind::file, kAction, fmt::format("{}: {}", file, strerrordesc_np(errno)));
  if ((status.st_mode & S_IROTH) != 0)
    fail(Kind::file, kAction, fmt::format("{}: everybody can read it: chmod o= {}", file, file));
  while (secret.size < secret.octets.size()) {
    const ssize_t got = read(fd.get(), &secret.octets[secret.size], secret.octets.size() - secret.size);
    if (got == 0) return;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(Kind::file, kAction, fmt::format("{}: {}", file, strerrordesc_np(errno)));
    secret.size += static_cast<std::size_t>(got);
  }
  fail(Kind::file, kAction, fmt::format("{}: larger than {} octets", file, kMostOctets));
}

std::optional<TicketKeys::Key> decode(std::string_view line) {
  if (line.size() != kEncoded || line.find('=') != kEncoded - 1) return std::nullopt;
  std::array<unsigned char, kEncoded / 4 * 3> octets{};
  const int size = EVP_DecodeBlock(octets.data(), reinterpret_cast<const unsigned char*>(line.data()),
                                   static_cast<int>(line.size()));
  TicketKeys::Key key{};
  const unsigned char* from = octets.data();
  for (const auto part : {std::span<unsigned char>(key.name), std::span<unsigned char>(key.authentication),
                          std::span<unsigned char>(key.encryption)}) {
    std::copy_n(from, part.size(), part.begin());
    from += part.size();
  }
  OPENSSL_cleanse(octets.data(), octets.size());
  if (size != static_cast<int>(octets.size())) return std::nullopt;
  return key;
}

}  // namespace

std::vector<TicketKeys::Key> read_ticket_keys(const std::string& file) {
  Secret secret;
  read_whole(file, secret);
  std::vector<TicketKeys::Key> keys;
  std::string_view rest(secret.octets.data(), secret.size);
  for (int number = 1; !rest.empty(); ++number) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    const auto refuse = [&](std::string_view why) {
      fail(Kind::file, kAction, fmt::format("{}: line {}: {}", file, number, why));
    };
    const auto key = decode(line);
    if (!key) refuse("not 80 octets in base64, as 'openssl rand 80 | openssl base64 -A' makes them");
    const auto is_named_so = [&](const TicketKeys::Key& one) { return one.name == key->name; };
    if (std::ranges::any_of(keys, is_named_so)) refuse("this key is there already");
    if (keys.size() == kMostKeys) refuse(fmt::format("more than {} keys", kMostKeys));
    keys.push_back(*key);
  }
  if (keys.empty()) fail(Kind::file, kAction, fmt::format("{}: no key in it", file));
  return keys;
}

std::size_t count_ticket_keys(const std::string& file) {
  return read_ticket_keys(file).size();
}

}  // namespace tls
