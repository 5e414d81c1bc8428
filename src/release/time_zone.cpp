#include "release/time_zone.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>

namespace slipway::release {
namespace {

constexpr std::size_t kMostBytes = 1u << 20, kHeader = 44;

std::int64_t big_endian(std::string_view bytes) {
  std::uint64_t value = (static_cast<unsigned char>(bytes.front()) & 0x80) != 0 ? ~std::uint64_t{0} : 0;
  for (const char byte : bytes)
    value = value << 8 | static_cast<unsigned char>(byte);
  return static_cast<std::int64_t>(value);
}

/// One of the two tables of a file: its header's counts and the columns behind it.
struct Table {
  std::size_t times, types, characters, leaps, standards, universals;
  std::size_t width;  // bytes of a time
  std::string_view columns;

  std::size_t size() const {
    return times * (width + 1) + types * 6 + characters + leaps * (width + 4) + standards + universals;
  }
};

std::optional<Table> read_table(std::string_view bytes, std::size_t width) {
  if (bytes.size() < kHeader || !bytes.starts_with("TZif")) return std::nullopt;
  const auto count = [&bytes](std::size_t i) -> std::size_t {
    const std::int64_t value = big_endian(bytes.substr(20 + 4 * i, 4));
    return value < 0 ? kMostBytes : static_cast<std::size_t>(value);
  };
  const Table table{count(3), count(4), count(5), count(2), count(1), count(0), width, bytes.substr(kHeader)};
  if (table.types == 0 || table.size() > table.columns.size()) return std::nullopt;
  return table;
}

/// Returns the rule between the two newlines behind the second table, or nothing when there is none.
std::optional<ZoneRule> read_rule(std::string_view footer) {
  const std::size_t end = footer.find('\n', 1);
  if (!footer.starts_with('\n') || end == std::string_view::npos) return std::nullopt;
  return ZoneRule::parse(footer.substr(1, end - 1));
}

bool is_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '+' || c == '/';
  };
  return !name.empty() && name.front() != '/' && std::all_of(name.begin(), name.end(), fits);
}

std::optional<std::string> read_zone(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes(kMostBytes, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  if (bytes.empty()) return std::nullopt;
  return bytes;
}

}  // namespace

std::optional<TimeZone> TimeZone::find(const std::string& name) {
  if (name == "UTC") return TimeZone();
  if (!is_name(name)) return std::nullopt;
  const std::array<const char*, 5> folders{std::getenv("TZDIR"), "/usr/share/zoneinfo", "/usr/share/lib/zoneinfo",
                                           "/etc/zoneinfo", std::getenv("SLIPWAY_ZONES")};
  for (const char* folder : folders) {
    if (folder == nullptr) continue;
    const auto bytes = read_zone(std::string(folder).append("/").append(name));
    if (auto zone = bytes ? parse(*bytes) : std::nullopt) return zone;
  }
  return std::nullopt;
}

std::optional<TimeZone> TimeZone::parse(std::string_view bytes) {
  auto table = read_table(bytes, 4);
  if (!table) return std::nullopt;
  TimeZone zone;
  if (bytes[4] != '\0') {
    table = read_table(table->columns.substr(table->size()), 8);
    if (!table) return std::nullopt;
    zone.rule_ = read_rule(table->columns.substr(table->size()));
  }
  if (table->leaps != 0) return std::nullopt;
  const std::string_view indices = table->columns.substr(table->times * table->width);
  const std::string_view types = indices.substr(table->times);
  zone.first_offset_ = big_endian(types.substr(0, 4));
  for (std::size_t i = 0; i < table->times; ++i) {
    const std::size_t type = static_cast<unsigned char>(indices[i]);
    if (type >= table->types) return std::nullopt;
    zone.transitions_.push_back(
        {big_endian(table->columns.substr(i * table->width, table->width)), big_endian(types.substr(type * 6, 4))});
  }
  return zone;
}

std::int64_t TimeZone::offset_at(std::int64_t unix_seconds) const {
  const auto next = std::upper_bound(transitions_.begin(), transitions_.end(), unix_seconds,
                                     [](std::int64_t at, const Transition& t) { return at < t.at; });
  if (next == transitions_.end() && rule_) return rule_->offset_at(unix_seconds);
  return next == transitions_.begin() ? first_offset_ : std::prev(next)->offset;
}

}  // namespace slipway::release
