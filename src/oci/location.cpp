#include "slipway/oci/location.h"

#include <algorithm>
#include <filesystem>

#include "slipway/base/text.h"

namespace slipway::oci {
namespace {

constexpr std::size_t kMaxName = 255;
constexpr std::size_t kMaxTag = 128;
constexpr std::string_view kHub = "docker.io";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower_alnum(char c) { return is_digit(c) || (c >= 'a' && c <= 'z'); }
bool is_alnum(char c) { return is_lower_alnum(c) || (c >= 'A' && c <= 'Z'); }

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*` (distribution-spec "Pulling manifests").
bool is_path_component(std::string_view text) {
  std::size_t i = 0;
  const auto word = [&] {
    const std::size_t begin = i;
    while (i < text.size() && is_lower_alnum(text[i])) ++i;
    return i > begin;
  };
  if (!word()) return false;
  while (i < text.size()) {
    if (text[i] == '-') {
      while (i < text.size() && text[i] == '-') ++i;
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

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 && std::all_of(text.begin(), text.end(), is_digit) &&
         std::stoi(std::string(text)) <= 65535;
}

/// The inside of "[...]": hexadecimal groups, colons, and a dotted IPv4 tail; no zone.
bool is_ipv6(std::string_view text) {
  return text.size() >= 2 && text.find(':') != std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
         });
}

/// Docker's rule: the first component is a host only if nothing else could be meant.
bool looks_like_host(std::string_view component) {
  return component.find_first_of(".:[") != std::string_view::npos || component == "localhost" ||
         to_lower(component) != component;
}

tl::unexpected<Error> refuse(std::string_view text, std::string_view why, std::string hint = {}) {
  return fail(Error(Errc::invalid_argument, fmt::format("'{}' is not a location: {}", printable(text, 300), why))
                  .with_hint(std::move(hint)));
}

}  // namespace

/// Takes a location's text apart.
class LocationParser {
 public:
  LocationParser(std::string_view text, bool reading) : text_(text), reading_(reading) {}

  Result<Location> parse() {
    if (text_.empty()) return refuse(text_, "it is empty", "name an image, for example registry.example.com/team/app:v1");
    if (text_.find_first_of(std::string_view("\0\r\n", 3)) != std::string_view::npos) {
      return refuse(text_, "it has control characters");
    }
    for (const auto& [prefix, transport] : kPrefixes) {
      if (text_.substr(0, prefix.size()) != prefix) continue;
      location_.transport_ = transport;
      rest_ = text_.substr(prefix.size());
      return transport == Transport::registry ? registry() : path();
    }
    rest_ = text_;
    return registry();
  }

 private:
  static constexpr std::pair<std::string_view, Transport> kPrefixes[] = {
      {"docker://", Transport::registry},           {"ocidir://", Transport::layout},
      {"oci:", Transport::layout},                  {"oci-archive:", Transport::oci_archive},
      {"docker-archive:", Transport::docker_archive},
  };

  /// Cuts "@digest" off the end.
  Status take_digest() {
    const std::size_t at = rest_.rfind('@');
    if (at == std::string_view::npos) return {};
    auto digest = Digest::parse(rest_.substr(at + 1));
    if (!digest) {
      // Only a layout's path may hold an "@" of its own.
      const bool digest_like = rest_.substr(at + 1).find(':') != std::string_view::npos;
      if (location_.transport_ != Transport::registry && !digest_like) return {};
      return refuse(text_, digest.error().message, digest.error().hint);
    }
    location_.digest_ = *std::move(digest);
    rest_ = rest_.substr(0, at);
    return {};
  }

  Result<Location> path() {
    SLIPWAY_TRY(take_digest());
    // skopeo's rule: the path ends at the first colon; a later one belongs to the reference.
    const std::size_t colon = rest_.find(':');
    location_.path_ = std::string(rest_.substr(0, colon));
    if (location_.path_.empty()) return refuse(text_, "it names no path");
    if (colon != std::string_view::npos) {
      const std::string_view name = rest_.substr(colon + 1);
      if (!is_valid_ref_name(name)) {
        return refuse(text_, fmt::format("'{}' is not a tag", printable(name, 150)), "a path may not contain a colon");
      }
      location_.tag_ = std::string(name);
    }
    return std::move(location_);
  }

  Result<Location> registry() {
    SLIPWAY_TRY(take_digest());
    const std::size_t slash = rest_.rfind('/');
    const std::size_t colon = rest_.rfind(':');
    const bool has_slash = slash != std::string_view::npos;
    const bool colon_after_name = colon != std::string_view::npos && (!has_slash || colon > slash);
    if (colon_after_name) {
      const std::string_view tag = rest_.substr(colon + 1);
      if (!is_valid_tag(tag)) {
        return refuse(text_, fmt::format("'{}' is not a tag", printable(tag, 150)),
                      "a tag has at most 128 characters of A-Z a-z 0-9 _ . - and begins with none of . -");
      }
      location_.tag_ = std::string(tag);
      rest_ = rest_.substr(0, colon);
    }
    return name();
  }

  Result<Location> name() {
    const std::size_t slash = rest_.find('/');
    const std::string_view first = rest_.substr(0, slash);
    if (slash != std::string_view::npos && looks_like_host(first)) {
      location_.host_ = std::string(first);
      location_.repository_ = std::string(rest_.substr(slash + 1));
    } else {
      if (!reading_) {
        return refuse(text_, "it has no registry host",
                      fmt::format("write the full name, for example docker.io/{}{}",
                                  slash == std::string_view::npos ? "library/" : "", printable(text_, 100)));
      }
      location_.host_ = std::string(kHub);
      location_.repository_ = std::string(rest_);
    }
    if (location_.host_ == "index.docker.io") location_.host_ = std::string(kHub);
    if (location_.host_ == kHub && location_.repository_.find('/') == std::string::npos && !location_.repository_.empty()) {
      location_.repository_ = "library/" + location_.repository_;
    }
    return check();
  }

  Result<Location> check() {
    if (!is_valid_host(location_.host_)) {
      return refuse(text_, fmt::format("'{}' is not a host", printable(location_.host_, 150)));
    }
    if (to_lower(location_.repository_) != location_.repository_) {
      return refuse(text_, "a repository's name is lower-case");
    }
    if (location_.host_.size() + 1 + location_.repository_.size() > kMaxName) {
      return refuse(text_, "a name has at most 255 characters");
    }
    if (!is_valid_repository(location_.repository_)) {
      return refuse(text_, fmt::format("'{}' is not a repository's name", printable(location_.repository_, 150)));
    }
    const std::string_view bare = rest_;
    const bool looks_like_id = bare.size() == 64 && bare.find_first_not_of("0123456789abcdef") == std::string_view::npos;
    if (looks_like_id) {
      return refuse(text_, "64 hexadecimal digits are an image ID, not a name", "put a repository and '@sha256:' before it");
    }
    if (reading_ && !location_.tag_ && !location_.digest_) location_.tag_ = "latest";
    return std::move(location_);
  }

  std::string_view text_;
  std::string_view rest_;
  bool reading_;
  Location location_;
};

bool is_valid_tag(std::string_view text) {
  return !text.empty() && text.size() <= kMaxTag && (is_alnum(text[0]) || text[0] == '_') &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alnum(c) || c == '_' || c == '.' || c == '-'; });
}

bool is_valid_ref_name(std::string_view text) {
  // component ::= alphanum+ (separator alphanum+)*, separator ::= [-._:@+] | "--", components joined by "/".
  if (text.empty() || text.size() > kMaxName) return false;
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
  std::string_view port;
  bool has_port = false;
  if (text.front() == '[') {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || !is_ipv6(text.substr(1, close - 1))) return false;
    const std::string_view rest = text.substr(close + 1);
    return rest.empty() || (rest[0] == ':' && is_port(rest.substr(1)));
  }
  if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    port = text.substr(colon + 1);
    has_port = true;
    text = text.substr(0, colon);
  }
  const std::vector<std::string> labels = split(text, '.');
  return (!has_port || is_port(port)) && std::all_of(labels.begin(), labels.end(), is_host_label);
}

Result<Location> Location::parse(std::string_view text) { return LocationParser(text, false).parse(); }

Result<Location> Location::parse_for_reading(std::string_view text) { return LocationParser(text, true).parse(); }

Location Location::layout(std::string path) {
  Location location;
  location.transport_ = Transport::layout;
  location.path_ = std::move(path);
  return location;
}

Location Location::with_tag(std::string tag) const {
  Location copy = without_reference();
  copy.tag_ = std::move(tag);
  return copy;
}

Location Location::with_digest(const Digest& digest) const {
  Location copy = *this;
  copy.digest_ = digest;
  return copy;
}

Location Location::without_reference() const {
  Location copy = *this;
  copy.tag_.reset();
  copy.digest_.reset();
  return copy;
}

Location Location::with_repository(std::string repository) const {
  Location copy = *this;
  copy.repository_ = std::move(repository);
  return copy;
}

Location Location::relative_to(const std::string& directory) const {
  Location copy = *this;
  if (is_registry() || path_ == "-") return copy;
  copy.path_ = (std::filesystem::path(directory) / path_).lexically_normal().string();
  return copy;
}

std::string Location::place() const {
  switch (transport_) {
    case Transport::layout: return "oci:" + path_;
    case Transport::oci_archive: return "oci-archive:" + path_;
    case Transport::docker_archive: return "docker-archive:" + path_;
    case Transport::registry: break;
  }
  return host_ + "/" + repository_;
}

std::string Location::str() const {
  std::string text = place();
  if (tag_) text += ":" + *tag_;
  if (digest_) text += "@" + digest_->str();
  return text;
}

}  // namespace slipway::oci
