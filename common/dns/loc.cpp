#include "common/dns/loc.h"

#include <charconv>
#include <fmt/format.h>
#include <optional>

#include "common/dns/wire_reader.h"
#include "common/dns/wire_writer.h"

namespace dns {
namespace {

constexpr std::size_t kSize = 16;
constexpr std::uint32_t kOrigin = 1U << 31;            // of the angles
constexpr std::uint32_t kDegree = 3600 * 1000;         // in thousandths of an arc second
constexpr std::int64_t kSeaLevel = 10'000'000;         // of the altitude: 100 km, in centimetres
constexpr std::uint8_t kDefaultSize = 0x12;            // 1 m
constexpr std::uint8_t kDefaultHorizontal = 0x16;      // 10 km
constexpr std::uint8_t kDefaultVertical = 0x13;        // 10 m
constexpr std::int64_t kMaxPrecision = 9'000'000'000;  // 9 * 10^9 cm
constexpr std::int64_t kMaxAltitude = 0xffffffff - kSeaLevel;

bool is_precision(std::uint8_t octet) {
  const unsigned digit = octet >> 4, power = octet & 15U;
  return digit <= 9 && power <= 9 && (digit != 0 || power == 0);
}

bool is_angle(std::uint32_t value, std::uint32_t most_degrees) {
  const std::uint32_t distance = value >= kOrigin ? value - kOrigin : kOrigin - value;
  return distance <= most_degrees * kDegree;
}

std::string angle_text(std::uint32_t value, char positive, char negative) {
  const bool north_or_east = value >= kOrigin;
  const std::uint32_t distance = north_or_east ? value - kOrigin : kOrigin - value;
  return fmt::format("{} {} {}.{:03} {}", distance / kDegree, distance / 60'000 % 60, distance / 1000 % 60,
                     distance % 1000, north_or_east ? positive : negative);
}

std::string precision_text(std::uint8_t octet) {
  std::uint64_t centimetres = octet >> 4;
  for (unsigned power = octet & 15U; power > 0; --power) centimetres *= 10;
  if (centimetres >= 100) return fmt::format("{}m", centimetres / 100);  // whole metres, the digit being one
  return fmt::format("0.{:02}m", centimetres);
}

// A decimal number with at most `places` digits behind its point, as an integer of that many places.
std::optional<std::int64_t> fixed_point(std::string_view text, unsigned places) {
  const std::size_t point = text.find('.');
  std::string digits(text.substr(0, point));
  const std::string_view fraction = point == std::string_view::npos ? "" : text.substr(point + 1);
  if (digits.empty() || fraction.size() > places || text.ends_with('.')) return std::nullopt;
  digits += fraction;
  digits.append(places - fraction.size(), '0');
  std::int64_t value = 0;
  const char* const last = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), last, value);
  if (error != std::errc() || end != last || digits[0] == '-') return std::nullopt;
  return value;
}

std::unexpected<TextError> wrong(std::string_view what, const TextField& field) {
  return std::unexpected(TextError{fmt::format("{} {}", cited(field.text), what), field.column});
}

// D [M [S.sss]] N|S, or E|W.
std::expected<std::uint32_t, TextError> parse_angle(FieldCursor& text, std::int64_t most_degrees,
                                                    std::string_view directions, std::string_view name) {
  constexpr std::int64_t kUnits[] = {3'600'000, 60'000, 1};
  std::int64_t distance = 0;
  for (int part = 0;; ++part) {
    const auto field = text.next(name);
    if (!field) return std::unexpected(field.error());
    const std::string upper =
        field->text == "n" || field->text == "s" || field->text == "e" || field->text == "w"
            ? std::string(1, static_cast<char>(field->text[0] - 'a' + 'A'))
            : std::string(field->text);
    if (part > 0 && upper.size() == 1 && directions.find(upper) != std::string_view::npos) {
      const bool positive = upper[0] == directions[0];
      return static_cast<std::uint32_t>(std::int64_t{kOrigin} + (positive ? distance : -distance));
    }
    if (part == 3) return wrong(fmt::format("is neither {} nor {}", directions[0], directions[1]), *field);
    const auto value = fixed_point(field->text, part == 2 ? 3 : 0);
    const std::int64_t limit = part == 0 ? most_degrees : part == 1 ? 59 : 59'999;
    if (!value || *value > limit) return wrong(fmt::format("is no part of a {}", name), *field);
    distance += *value * kUnits[part];
    if (distance > most_degrees * kDegree) return wrong(fmt::format("is beyond the last {}", name), *field);
  }
}

// Metres with up to two places and perhaps an `m`, in centimetres.
std::optional<std::int64_t> metres(std::string_view text) {
  if (text.ends_with('m') || text.ends_with('M')) text.remove_suffix(1);
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const auto value = fixed_point(text, 2);
  return value && negative ? -*value : value;
}

std::expected<std::uint32_t, TextError> parse_altitude(FieldCursor& text) {
  const auto field = text.next("altitude");
  if (!field) return std::unexpected(field.error());
  const auto value = metres(field->text);
  if (!value || *value < -kSeaLevel || *value > kMaxAltitude)
    return wrong("is no altitude from -100000.00m to 42849672.95m", *field);
  return static_cast<std::uint32_t>(*value + kSeaLevel);
}

// Rounded down to one digit and a power of ten, which is all there is room for.
std::expected<std::uint8_t, TextError> parse_precision(FieldCursor& text, std::uint8_t otherwise) {
  if (text.at_end()) return otherwise;
  const TextField field = text.take();
  auto value = metres(field.text);
  if (!value || *value < 0 || *value > kMaxPrecision) return wrong("is no length up to 90000000m", field);
  unsigned power = 0;
  for (; *value > 9; *value /= 10) ++power;
  return static_cast<std::uint8_t>(static_cast<unsigned>(*value) << 4 | power);
}

}  // namespace

bool has_location_version(ByteView octets) {
  return !octets.empty() && octets[0] == 0;
}

bool is_location(ByteView octets) {
  if (!octets.empty() && octets[0] != 0) return true;
  if (octets.size() != kSize) return false;
  WireReader reader(octets.subspan(4));
  return is_precision(octets[1]) && is_precision(octets[2]) && is_precision(octets[3]) &&
         is_angle(reader.u32(), 90) && is_angle(reader.u32(), 180);
}

std::string location_text(ByteView octets) {
  WireReader reader(octets.subspan(4));
  const std::string latitude = angle_text(reader.u32(), 'N', 'S');
  const std::string longitude = angle_text(reader.u32(), 'E', 'W');
  const std::int64_t altitude = reader.u32() - kSeaLevel;
  const std::int64_t height = altitude < 0 ? -altitude : altitude;
  return fmt::format("{} {} {}{}.{:02}m {} {} {}", latitude, longitude, altitude < 0 ? "-" : "", height / 100,
                     height % 100, precision_text(octets[1]), precision_text(octets[2]),
                     precision_text(octets[3]));
}

std::expected<Bytes, TextError> parse_location(FieldCursor& text) {
  const auto latitude = parse_angle(text, 90, "NS", "latitude");
  if (!latitude) return std::unexpected(latitude.error());
  const auto longitude = parse_angle(text, 180, "EW", "longitude");
  if (!longitude) return std::unexpected(longitude.error());
  const auto altitude = parse_altitude(text);
  if (!altitude) return std::unexpected(altitude.error());

  WireWriter writer;
  writer.u8(0);
  for (const std::uint8_t otherwise : {kDefaultSize, kDefaultHorizontal, kDefaultVertical}) {
    const auto precision = parse_precision(text, otherwise);
    if (!precision) return std::unexpected(precision.error());
    writer.u8(*precision);
  }
  writer.u32(*latitude);
  writer.u32(*longitude);
  writer.u32(*altitude);
  return writer.take();
}

}  // namespace dns
