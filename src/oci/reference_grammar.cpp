#include <arpa/inet.h>

#include <algorithm>

#include "slipway/base/text.h"
#include "slipway/oci/location.h"

namespace slipway::oci {
namespace {

constexpr std::size_t kMaxTag = 128;
constexpr std::size_t kMaxRefName = 512;  // a layout's tag may be a whole reference: name, colon, tag

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower_alnum(char c) { return is_digit(c) || (c >= 'a' && c <= 'z'); }
bool is_alnum(char c) { return is_lower_alnum(c) || (c >= 'A' && c <= 'Z'); }

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*` (distribution-spec "Pulling manifests").
bool is_path_component(std::string_view text) {
  std::size_t i = 0;
  const auto word = [&] {
    const std::size_t begin = i;
    while (i < text.size() && is_lower_alnum(text[i]))
      ++i;
    return i > begin;
  };
  if (!word()) return false;
  while (i < text.size()) {
    if (text[i] == '-') {
      while (i < text.size() && text[i] == '-')
        ++i;
    } else if (text[i] == '_') {
      i += text.substr(i, 2) == "__" ? 2 : 1;
    } else if (text[i] == '.') {
      ++i;
    } else {
      return false;
    }
    if (!word()) return false;
  }
  return true;
}

bool is_host_label(std::string_view text) {
  return !text.empty() && is_alnum(text.front()) && is_alnum(text.back()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_alnum(c) || c == '-'; });
}

/// 1 to 65535; five digits at most, so that the number cannot overflow.
bool is_port(std::string_view text) {
  if (text.empty() || text.size() > 5 || !std::all_of(text.begin(), text.end(), is_digit)) return false;
  int number = 0;
  for (const char c : text)
    number = number * 10 + (c - '0');
  return number >= 1 && number <= 65535;
}

/// The inside of "[...]". Zones and embedded IPv4 are excluded on purpose, as
/// in distribution: an address has one way to be written here.
bool is_ipv6(std::string_view text) {
  constexpr std::size_t kLongest = 39;
  if (text.size() > kLongest || text.find_first_not_of("0123456789abcdefABCDEF:") != std::string_view::npos)
    return false;
  in6_addr address{};
  return inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

}  // namespace

bool is_valid_tag(std::string_view text) {
  return !text.empty() && text.size() <= kMaxTag && (is_alnum(text[0]) || text[0] == '_') &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_alnum(c) || c == '_' || c == '.' || c == '-'; });
}

bool is_valid_ref_name(std::string_view text) {
  // component ::= alphanum+ (separator alphanum+)*, separator ::= [-._:@+] | "--", components joined by "/".
  if (text.empty() || text.size() > kMaxRefName) return false;
  bool after_word = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_alnum(text[i])) {
      after_word = true;
      continue;
    }
    const bool separator = text[i] == '/' || std::string_view("-._:@+").find(text[i]) != std::string_view::npos;
    if (!after_word || !separator || i + 1 == text.size()) return false;
    if (text.substr(i, 2) == "--") ++i;
    after_word = false;
  }
  return after_word;
}

bool is_valid_repository(std::string_view text) {
  if (text.empty() || text.size() > kMaxName) return false;
  const std::vector<std::string> parts = split(text, '/');
  return std::all_of(parts.begin(), parts.end(), is_path_component);
}

bool is_valid_host(std::string_view text) {
  if (text.empty()) return false;
  if (text.front() == '[') {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || !is_ipv6(text.substr(1, close - 1))) return false;
    const std::string_view rest = text.substr(close + 1);
    return rest.empty() || (rest[0] == ':' && is_port(rest.substr(1)));
  }
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos && !is_port(text.substr(colon + 1))) return false;
  const std::vector<std::string> labels = split(text.substr(0, colon), '.');
  return std::all_of(labels.begin(), labels.end(), is_host_label);
}

bool is_dns_like_name(std::string_view text) {
  constexpr std::size_t kLongest = 40;
  if (text.empty() || text.size() > kLongest || text.front() == '-' || text.back() == '-') return false;
  return text.find("--") == std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_lower_alnum(c) || c == '-'; });
}

}  // namespace slipway::oci
