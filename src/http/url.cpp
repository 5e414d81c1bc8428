#include "slipway/http/url.h"

#include <algorithm>
#include <charconv>

#include "slipway/base/text.h"

namespace slipway::http {
namespace {

bool is_unsafe(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte <= 0x20 || byte >= 0x7F || c == '\\' || c == '"' || c == '<' || c == '>' || c == '^' || c == '`';
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

tl::unexpected<Error> refuse(std::string_view text, std::string_view why) {
  return fail(Errc::malformed, "\"{}\" is not a URL that can be followed: {}", printable(displayable(text), 200), why);
}

/// Splits "host[:port]", IPv6 in brackets.
Status parse_authority(std::string_view text, std::string_view authority, Url& url) {
  if (authority.find('@') != std::string_view::npos) return refuse(text, "it holds user information");
  std::string_view port;
  if (!authority.empty() && authority[0] == '[') {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) return refuse(text, "its host is damaged");
    url.host = to_lower(authority.substr(0, close + 1));
    port = authority.substr(close + 1);
    if (!port.empty() && port[0] != ':') return refuse(text, "its host is damaged");
    if (!port.empty()) port.remove_prefix(1);
  } else {
    const std::size_t colon = authority.find(':');
    url.host = to_lower(authority.substr(0, colon));
    if (colon != std::string_view::npos) port = authority.substr(colon + 1);
    if (url.host.empty() || !std::all_of(url.host.begin(), url.host.end(), is_host_character)) {
      return refuse(text, "its host is damaged");
    }
  }
  url.port = url.scheme == "https" ? 443 : 80;
  if (port.empty()) return {};
  const auto [end, problem] = std::from_chars(port.data(), port.data() + port.size(), url.port);
  if (problem != std::errc() || end != port.data() + port.size() || url.port < 1 || url.port > 65535) {
    return refuse(text, "its port is damaged");
  }
  return {};
}

/// RFC 3986 section 5.2.4.
std::string remove_dots(std::string_view path) {
  std::vector<std::string> kept;
  const std::vector<std::string> parts = split(path.substr(1), '/');
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool last = i + 1 == parts.size();
    if (parts[i] == "..") {
      if (!kept.empty()) kept.pop_back();
      if (last) kept.emplace_back();
    } else if (parts[i] == ".") {
      if (last) kept.emplace_back();
    } else {
      kept.push_back(parts[i]);
    }
  }
  return fmt::format("/{}", fmt::join(kept, "/"));
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
  constexpr std::size_t kMaxLength = 64u << 10;
  if (text.size() > kMaxLength) return refuse(text.substr(0, 100), "it is too long");
  if (std::any_of(text.begin(), text.end(), is_unsafe)) return refuse(text, "it has characters that a URL cannot have");
  Url url;
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) return refuse(text, "it has no scheme");
  url.scheme = to_lower(text.substr(0, colon));
  if (url.scheme != "http" && url.scheme != "https") return refuse(text, "only http and https are followed");
  std::string_view rest = text.substr(colon + 3);
  rest = rest.substr(0, rest.find('#'));
  const std::size_t end = rest.find_first_of("/?");
  SLIPWAY_TRY(parse_authority(text, rest.substr(0, end), url));
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end);
  const std::size_t question = rest.find('?');
  url.path = std::string(rest.substr(0, question));
  if (url.path.empty()) url.path = "/";
  if (question != std::string_view::npos) url.query = std::string(rest.substr(question + 1));
  return url;
}

std::string Url::str() const {
  const bool usual = port == (scheme == "https" ? 443 : 80);
  std::string text = scheme + "://" + host;
  if (!usual) text += ":" + std::to_string(port);
  text += path;
  if (!query.empty()) text += "?" + query;
  return text;
}

bool Url::same_origin(const Url& other) const {
  return scheme == other.scheme && host == other.host && port == other.port;
}

Result<Url> resolve(const Url& base, std::string_view reference) {
  if (reference.substr(0, 2) == "//") return Url::parse(base.scheme + ":" + std::string(reference));
  const std::size_t scheme = reference.find("://");
  const std::size_t stop = reference.find_first_of("/?#");
  if (scheme != std::string_view::npos && scheme < stop) return Url::parse(reference);
  if (reference.find(':') < stop) return refuse(reference, "only http and https are followed");
  Url url = base;
  reference = reference.substr(0, reference.find('#'));
  const std::size_t question = reference.find('?');
  const std::string_view path = reference.substr(0, question);
  if (std::any_of(reference.begin(), reference.end(), is_unsafe)) {
    return refuse(reference, "it has characters that a URL cannot have");
  }
  if (!path.empty()) {
    const std::string full =
        path[0] == '/' ? std::string(path) : base.path.substr(0, base.path.rfind('/') + 1) + std::string(path);
    url.path = remove_dots(full);
  }
  if (question != std::string_view::npos) {
    url.query = std::string(reference.substr(question + 1));
  } else if (!path.empty()) {
    url.query.clear();
  }
  return url;
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string with_query(std::string url, std::string_view name, std::string_view value) {
  const bool has_query = url.find('?') != std::string::npos;
  const bool ready = !url.empty() && (url.back() == '?' || url.back() == '&');
  if (!ready) url += has_query ? '&' : '?';
  url += name;
  url += '=';
  url += percent_encode(value);
  return url;
}

std::string displayable(std::string_view url) {
  std::string text(url.substr(0, url.find('?')));
  const std::size_t scheme = text.find("://");
  if (scheme != std::string::npos) {
    const std::size_t end = text.find('/', scheme + 3);
    const std::size_t at = text.rfind('@', end);
    if (at != std::string::npos && at > scheme) text.erase(scheme + 3, at + 1 - scheme - 3);
  }
  const std::size_t question = url.find('?');
  if (question == std::string_view::npos) return text;
  char separator = '?';
  for (const std::string& member : split(url.substr(question + 1), '&')) {
    const std::size_t equals = member.find('=');
    text += separator + member.substr(0, equals);
    if (equals != std::string::npos) text += "=...";
    separator = '&';
  }
  return text;
}

}  // namespace slipway::http
