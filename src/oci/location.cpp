#include "slipway/oci/location.h"

#include <array>
#include <filesystem>

#include "slipway/base/text.h"

namespace slipway::oci {
namespace {

constexpr std::string_view kHub = "docker.io";
constexpr std::string_view kTagHint =
    "a tag has at most 128 characters of A-Z a-z 0-9 _ . - and does not begin with . or -";

/// Docker's rule: the first of several components is a host only if it could not be part of a name.
bool looks_like_host(std::string_view component) {
  return component.find_first_of(".:[") != std::string_view::npos || component == "localhost";
}

bool is_hex(std::string_view text, std::size_t at_least) {
  return text.size() >= at_least && text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

/// Returns true if the text after an "@" in a path was meant as a digest: paths may hold an
/// "@" of their own ("workspace/job@2:v1"), but a misspelt digest must not become a tag.
bool is_meant_as_digest(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string algorithm = to_lower(text.substr(0, colon));
  return algorithm == "sha256" || algorithm == "sha512" || is_hex(text.substr(colon + 1), 32);
}

tl::unexpected<Error> refuse(std::string_view text, std::string_view why, std::string hint = {}) {
  return fail(Error(Errc::invalid_argument, fmt::format("\"{}\" is not a location: {}", printable(text, 300), why))
                  .with_hint(std::move(hint)));
}

}  // namespace

/// Takes a location's text apart.
class LocationParser {
 public:
  LocationParser(std::string_view text, bool reading) : text_(text), rest_(text), reading_(reading) {}

  Result<Location> parse() {
    if (text_.empty())
      return refuse(text_, "it is empty", "name an image, for example registry.example.com/team/app:v1");
    if (has_control_characters(text_)) return refuse(text_, "it has control characters");
    if (!is_valid_utf8(text_)) return refuse(text_, "it is not UTF-8");
    for (const auto& [prefix, transport] : kPrefixes) {
      if (text_.substr(0, prefix.size()) != prefix) continue;
      location_.transport_ = transport;
      rest_ = text_.substr(prefix.size());
      if (transport == Transport::registry) return registry();
      return prefix == "ocidir://" ? colon_path() : plain_path();
    }
    return registry();
  }

  /// A registry reference without any transport before it.
  Result<Location> registry() {
    if (const std::size_t scheme = rest_.find("://"); scheme != std::string_view::npos) {
      return refuse(text_, fmt::format("\"{}\" is not a transport here", printable(rest_.substr(0, scheme + 3), 40)),
                    fmt::format("write {}", printable(rest_.substr(scheme + 3), 200)));
    }
    SLIPWAY_TRY(take_digest());
    const std::size_t slash = rest_.rfind('/');
    const std::size_t colon = rest_.rfind(':');
    const bool ends_in_tag = colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash);
    // "[::1]" alone has colons, but none that begins a tag.
    if (ends_in_tag && rest_.find(']', colon) == std::string_view::npos) {
      SLIPWAY_TRY(take_tag(rest_.substr(colon + 1)));
      rest_ = rest_.substr(0, colon);
    }
    SLIPWAY_TRY(take_name());
    SLIPWAY_TRY(check_name());
    if (reading_ && !location_.tag_ && !location_.digest_) location_.tag_ = "latest";
    return std::move(location_);
  }

 private:
  static constexpr std::array<std::pair<std::string_view, Transport>, 5> kPrefixes = {{
      {"docker://", Transport::registry},
      {"ocidir://", Transport::layout},
      {"oci:", Transport::layout},
      {"oci-archive:", Transport::oci_archive},
      {"docker-archive:", Transport::docker_archive},
  }};

  /// Cuts "@digest" off the end.
  Status take_digest() {
    const std::size_t at = rest_.rfind('@');
    if (at == std::string_view::npos) return {};
    const std::string_view written = rest_.substr(at + 1);
    if (!location_.is_registry() && !is_meant_as_digest(written)) return {};
    auto digest = Digest::parse(written);
    if (!digest) return refuse(text_, digest.error().message, digest.error().hint);
    location_.digest_ = *std::move(digest);
    rest_ = rest_.substr(0, at);
    return {};
  }

  Status take_tag(std::string_view tag) {
    const bool valid = location_.is_registry() ? is_valid_tag(tag) : is_valid_ref_name(tag) || is_docker_name(tag);
    if (!valid) {
      return refuse(
          text_, fmt::format("\"{}\" is not a tag", printable(tag, 150)),
          location_.is_registry() ? std::string(kTagHint) : "words of A-Z a-z 0-9, joined by one of - . _ : @ + /");
    }
    location_.tag_ = std::string(tag);
    return {};
  }

  /// docker-archive names its images by whole references, whose grammar allows a little more than a layout's.
  bool is_docker_name(std::string_view tag) const {
    return location_.transport_ == Transport::docker_archive && LocationParser(tag, true).registry().has_value();
  }

  /// skopeo's rule for oci:, oci-archive: and docker-archive: - the path ends at the first colon.
  Result<Location> plain_path() {
    if (rest_.substr(0, 2) == "//") {
      return refuse(text_, "it has slashes after the transport as a URL would",
                    fmt::format("write {} for a registry, {}/PATH for a path", printable(rest_.substr(2), 200),
                                text_.substr(0, text_.size() - rest_.size())));
    }
    SLIPWAY_TRY(take_digest());
    const std::size_t colon = rest_.find(':');
    SLIPWAY_TRY(take_path(rest_.substr(0, colon)));
    if (colon != std::string_view::npos) SLIPWAY_TRY(take_tag(rest_.substr(colon + 1)));
    return std::move(location_);
  }

  /// ocidir:// - the tag follows the last colon, if that stands after the last slash.
  Result<Location> colon_path() {
    SLIPWAY_TRY(take_digest());
    const std::size_t slash = rest_.rfind('/');
    std::size_t colon = rest_.rfind(':');
    if (slash != std::string_view::npos && colon != std::string_view::npos && colon < slash)
      colon = std::string_view::npos;
    SLIPWAY_TRY(take_path(rest_.substr(0, colon)));
    if (colon != std::string_view::npos) SLIPWAY_TRY(take_tag(rest_.substr(colon + 1)));
    return std::move(location_);
  }

  Status take_path(std::string_view path) {
    if (path.empty()) return refuse(text_, "it names no path", "write the folder or file after the colon");
    if (path == "-" && location_.transport_ == Transport::layout) {
      return refuse(text_, "a folder cannot be standard input or output",
                    "write oci-archive:-, or oci:./- for a folder of that name");
    }
    location_.path_ = std::string(path);
    return {};
  }

  Status take_name() {
    const std::size_t slash = rest_.find('/');
    const std::string_view first = rest_.substr(0, slash);
    if (slash != std::string_view::npos && looks_like_host(first)) {
      location_.host_ = std::string(first);
      location_.repository_ = std::string(rest_.substr(slash + 1));
    } else {
      if (!reading_) return refuse(text_, "it has no registry host", full_name_hint());
      location_.host_ = std::string(kHub);
      location_.repository_ = std::string(rest_);
    }
    if (location_.host_ == "index.docker.io") location_.host_ = std::string(kHub);
    std::string& repository = location_.repository_;
    if (location_.host_ == kHub && !repository.empty() && repository.find('/') == std::string::npos) {
      repository = "library/" + repository;
    }
    return {};
  }

  std::string full_name_hint() const {
    if (!is_valid_repository(rest_)) return "write registry.example.com/team/app:v1, or oci:PATH for a folder";
    Location full;
    full.host_ = std::string(kHub);
    full.repository_ = (rest_.find('/') == std::string_view::npos ? "library/" : "") + std::string(rest_);
    full.tag_ = location_.tag_;
    full.digest_ = location_.digest_;
    return fmt::format("write the full name, for example {}", full.str());
  }

  Status check_name() const {
    const std::string& repository = location_.repository_;
    if (!is_valid_host(location_.host_)) {
      return refuse(text_, fmt::format("\"{}\" is not a host", printable(location_.host_, 150)),
                    "a host is a name or address with an optional port, without user or scheme");
    }
    if (rest_.size() == 64 && is_hex(rest_, 64)) {
      return refuse(text_, "64 hexadecimal digits are an image ID, not a name",
                    "put a repository and '@sha256:' before it");
    }
    if (location_.host_.size() + 1 + repository.size() > kMaxName) {
      return refuse(text_, fmt::format("a name has at most {} characters", kMaxName));
    }
    if (is_valid_repository(repository)) return {};
    if (is_valid_repository(to_lower(repository))) {
      return refuse(text_, "a repository's name is lower-case", fmt::format("write {}", to_lower(repository)));
    }
    return refuse(text_, fmt::format("\"{}\" is not a repository's name", printable(repository, 150)),
                  "components of a-z 0-9, joined by . _ __ or dashes, and slashes between them");
  }

  std::string_view text_;
  std::string_view rest_;
  bool reading_;
  Location location_;
};

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

std::string Location::prefixed_place() const {
  switch (transport_) {
    case Transport::layout: {
      const bool plain = path_.find(':') == std::string::npos && path_.rfind("//", 0) != 0;
      return (plain ? "oci:" : "ocidir://") + path_;
    }
    case Transport::oci_archive:
      return "oci-archive:" + path_;
    case Transport::docker_archive:
      return "docker-archive:" + path_;
    case Transport::registry:
      break;
  }
  return host_ + "/" + repository_;
}

std::string Location::place() const {
  std::string text = prefixed_place();
  if (transport_ != Transport::layout) return text;
  // A slash keeps a colon in a layout's last component from being read as a tag's.
  const std::size_t colon = path_.rfind(':');
  if (colon != std::string::npos && path_.find('/', colon) == std::string::npos) text += '/';
  return text;
}

std::string Location::str() const {
  std::string text = tag_ ? prefixed_place() : place();
  if (tag_) text += ":" + *tag_;
  if (digest_) text += "@" + digest_->str();
  return text;
}

}  // namespace slipway::oci
